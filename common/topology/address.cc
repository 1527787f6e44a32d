#include "common/topology/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace farshore {
namespace {

bool is_port(std::string_view text, uint16_t& port) {
  int value = 0;
  const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || after != text.data() + text.size() || value < 1 || value > 65535) return false;
  port = static_cast<uint16_t>(value);
  return true;
}

// What follows http:// or https://; empty when it is neither.
std::string_view after_scheme(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme)) return text.substr(scheme.size());
  }
  return {};
}

std::string canonical(const std::string& target) {
  unsigned char bytes[sizeof(in6_addr)];
  char text[INET6_ADDRSTRLEN];
  for (const int family : {AF_INET, AF_INET6})
    if (inet_pton(family, target.c_str(), bytes) == 1) return inet_ntop(family, bytes, text, sizeof text);
  std::string name = target;
  if (name.ends_with('.')) name.pop_back();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

}  // namespace

bool is_ipv4(std::string_view text) {
  in_addr address{};
  return inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool is_host_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return false;
  size_t label = 0;
  for (const char c : text) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if ((!alphanumeric && c != '-' && c != '_') || ++label > 63) {
      return false;
    }
  }
  return label > 0;
}

Result<HostPort> parse_host_port(std::string_view text) {
  HostPort result;
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_port(text.substr(colon + 1), result.port)) {
    return fail(ErrorCode::kInvalidArgument, "write it as host:port");
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!is_ipv6(host))
      return fail(ErrorCode::kInvalidArgument, "what stands in brackets is no IPv6 address");
  } else if (!is_host_name(host)) {
    return fail(ErrorCode::kInvalidArgument, "write it as host:port, an IPv6 address in brackets");
  }
  result.host = host;
  return result;
}

Status check_base_url(std::string_view text) {
  const std::string_view rest = after_scheme(text);
  if (rest.empty()) return fail(ErrorCode::kInvalidArgument, "write it as http://host:port");
  if (rest.find_first_of("/?#@") != std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument, "write it as http://host:port with nothing after the port");
  }
  if (!parse_host_port(rest)) return fail(ErrorCode::kInvalidArgument, "write it as http://host:port");
  return {};
}

std::string quoted_url(std::string_view text) {
  return text.find('@') == std::string_view::npos ? fmt::format("'{}'", text) : "what stands there";
}

Status check_api_url(std::string_view text) {
  if (const Status url = check_url(text); !url) return url;
  if (after_scheme(text).find_first_of("/?#") != std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument,
                "write it as https://host or https://host:port with nothing after it");
  return {};
}

Status check_url(std::string_view text) {
  const std::string_view rest = after_scheme(text);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument, "a URL must hold no user or password");
  }
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
  if (!printable || (!is_host_name(authority) && !parse_host_port(authority))) {
    return fail(ErrorCode::kInvalidArgument, "write it as http://host:port/path");
  }
  return {};
}

Result<HostPort> host_port_of_url(std::string_view url) {
  if (const Status checked = check_url(url); !checked) return tl::unexpected(checked.error());
  const std::string_view rest = after_scheme(url);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (Result<HostPort> written = parse_host_port(authority)) return written;
  return HostPort{std::string(authority), static_cast<uint16_t>(url.starts_with("https://") ? 443 : 80)};
}

bool same_target(const std::string& a, const std::string& b) { return canonical(a) == canonical(b); }

}  // namespace farshore
