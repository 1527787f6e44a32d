#include "common/http/listen_address.h"

#include <arpa/inet.h>

#include <charconv>

namespace farshore {

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument, "listen address '{}' has no port: write host:port or :port",
                text);
  }
  const std::string_view port_text = text.substr(colon + 1);
  int port = -1;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc() || end != port_text.data() + port_text.size() || port < 0 || port > 65535) {
    return fail(ErrorCode::kInvalidArgument, "listen address '{}': '{}' is no port (0 to 65535, digits only)",
                text, port_text);
  }
  std::string host(text.substr(0, colon));
  if (host.empty()) host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return ListenAddress{host, port, false};
  in6_addr six{};
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    const std::string inside = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, inside.c_str(), &six) == 1) return ListenAddress{inside, port, true};
  }
  return fail(ErrorCode::kInvalidArgument,
              "listen address '{}': '{}' is no address in digits; write 10.3.0.2:{}, [2001:db8::1]:{} or :{} "
              "(names are not looked up here)",
              text, host, port, port, port);
}

std::string ListenAddress::to_string() const {
  return ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace farshore
