// Reads a request body as it arrives.
#pragma once

#include <cstddef>

struct mg_connection;

namespace farshore {

// civetweb's mg_read returns only when all that was asked for is there, and starts its time limit anew with
// every byte: a client that trickles would hold the worker for hours. So ask only for what the kernel already
// holds, and for a single byte otherwise. civetweb does not tell its socket; it is found by its peer.
class BodyReader {
 public:
  explicit BodyReader(mg_connection* connection);

  // At most `size` bytes; waits for the first one at most for the server's request timeout. 0 or less: the
  // client went away or sent nothing for that long.
  int read_some(char* buffer, size_t size) const;

 private:
  mg_connection* connection_;
  int socket_;  // -1 when it was not found: then byte by byte, slow but bounded
};

}  // namespace farshore
