// Bytes to a name server and back, under one deadline: a datagram that is asked again, or one exchange over
// TCP. Source: RFC 1035 section 4.2, RFC 7766.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/dns/host_lookup.h"

namespace farshore::dns {

using Bytes = std::vector<uint8_t>;

// Thread-safe; a socket of its own for each call. Once `stop` is requested every call ends within a moment.
class Transport {
 public:
  explicit Transport(Clock& clock, std::stop_token stop = {}) : clock_(clock), stop_(std::move(stop)) {}

  // Sent again while nothing comes that `is_reply` takes: a late or forged datagram is passed over.
  // Errors: kTimeout, kUnavailable.
  Status ask_udp(const Address& address, const Bytes& request,
                 const std::function<bool(const Bytes&)>& is_reply, BootTime deadline) const;

  // One message there, one back. Errors: kTimeout, kUnavailable, kInvalidArgument (larger than a message can
  // be). `sent` becomes true when the request has left as a whole: before that nobody can act on it.
  Result<Bytes> exchange_tcp(const Address& address, const Bytes& request, BootTime deadline,
                             bool* sent = nullptr) const;

 private:
  bool wait(int fd, short events, BootTime until) const;
  Status send_all(int fd, const Bytes& bytes, BootTime deadline) const;
  Result<Bytes> receive(int fd, size_t size, BootTime deadline) const;
  Result<Bytes> receive_message(int fd, BootTime deadline) const;

  Clock& clock_;
  const std::stop_token stop_;
};

}  // namespace farshore::dns
