// The value of --web.listen-address.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace farshore {

struct ListenAddress {
  std::string host;  // IPv4 in digits
  int port = 0;      // 0: the kernel chooses
};

// "10.3.0.2:10188", "localhost:10188", ":10188" (every interface). Everything else is kInvalidArgument with a
// sentence that says what to write instead; in particular no IPv6 and no TLS port ("8443s"), which Debian's
// civetweb cannot do without crashing.
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace farshore
