// The address of a name server that is given by name. getaddrinfo has no deadline of its own, so it runs in a
// thread that nobody waits for longer than the caller can.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <stop_token>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore::dns {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// "192.0.2.1:53", "[2001:db8::1]:53" or "ns1.example.com:53". Nothing but digits is looked up nowhere.
struct HostPort {
  std::string host, port;
};
Result<HostPort> split_host_port(const std::string& text);

// Thread-safe. At most one look-up of a name at a time, and at most four of all; the last address found of
// each name is kept for when a later look-up fails or hangs.
class HostLookup {
 public:
  explicit HostLookup(Clock& clock, std::stop_token stop = {});
  // Errors: kInvalidArgument, kUnavailable, kTimeout.
  Result<Address> find(const std::string& nameserver, BootTime deadline);

 private:
  struct State;
  Clock& clock_;
  const std::stop_token stop_;
  std::shared_ptr<State> state_;  // shared with the threads that may outlive this object
};

}  // namespace farshore::dns
