#include "common/http/body_reader.h"

#include <civetweb.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "common/http/sockets.h"

namespace farshore {
BodyReader::BodyReader(mg_connection* connection)
    : connection_(connection), socket_(find_socket(*mg_get_request_info(connection))) {}

int BodyReader::read_some(char* buffer, size_t size) const {
  int waiting = 0;
  if (socket_ < 0 || ioctl(socket_, FIONREAD, &waiting) != 0) waiting = 0;
  // What civetweb itself has buffered is not counted here; it comes first and one byte at a time.
  const size_t wanted = std::clamp<size_t>(static_cast<size_t>(waiting), 1, size);
  return mg_read(connection_, buffer, wanted);
}

}  // namespace farshore
