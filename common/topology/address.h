// Addresses as configuration holds them, checked without asking any resolver.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace farshore {

struct HostPort {
  std::string host;  // an IPv6 address without its brackets
  uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// "10.1.0.2:10187", "host.example:53", "[2001:db8::1]:53".
Result<HostPort> parse_host_port(std::string_view text);
// "http://host:port" or https, nothing after it: no path, no user, no trailing slash.
Status check_base_url(std::string_view text);
// The same, and the port may be left out.
Status check_api_url(std::string_view text);
// http or https with a host; a path and a query are allowed, a user is not.
Status check_url(std::string_view text);
// For a message about a URL that is refused: in quotes, or no word of it when it may hold a password.
std::string quoted_url(std::string_view text);
// Where such a URL leads; the port of its scheme when it names none.
Result<HostPort> host_port_of_url(std::string_view url);
// RFC 1123 labels with an optional trailing dot; '_' is allowed, as in service names.
bool is_host_name(std::string_view text);
bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);
// Whether two ways to write the target of a record mean the same: addresses by value (::1 =
// 0:0:0:0:0:0:0:1), names without case and final dot.
bool same_target(const std::string& a, const std::string& b);

}  // namespace farshore
