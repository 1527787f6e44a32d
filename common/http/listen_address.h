// The value of --web.listen-address.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace farshore {

struct ListenAddress {
  std::string host;  // IPv4 or IPv6 in digits, without brackets
  int port = 0;      // 0: the kernel chooses
  bool ipv6 = false;

  std::string to_string() const;  // "10.3.0.2:10188", "[::1]:10188"
};

// "10.3.0.2:10188", "localhost:10188", ":10188" (every IPv4 interface), "[::1]:10188", "[::]:10188" (every
// interface). Everything else is kInvalidArgument with a sentence that says what to write instead; in
// particular no names, and no TLS port in civetweb's spelling ("8443s"), which would crash it.
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace farshore
