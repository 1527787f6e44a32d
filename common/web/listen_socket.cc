#include "common/web/listen_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace farshore {
namespace {

constexpr int kBacklog = 128;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

SocketAddress to_socket_address(const ListenAddress& address) {
  SocketAddress result;
  const auto port = htons(static_cast<uint16_t>(address.port));
  if (address.ipv6) {
    auto* six = reinterpret_cast<sockaddr_in6*>(&result.storage);
    six->sin6_family = AF_INET6;
    six->sin6_port = port;
    inet_pton(AF_INET6, address.host.c_str(), &six->sin6_addr);
    result.length = sizeof *six;
  } else {
    auto* four = reinterpret_cast<sockaddr_in*>(&result.storage);
    four->sin_family = AF_INET;
    four->sin_port = port;
    inet_pton(AF_INET, address.host.c_str(), &four->sin_addr);
    result.length = sizeof *four;
  }
  return result;
}

tl::unexpected<Error> cannot_listen(const ListenAddress& address) {
  return fail(ErrorCode::kUnavailable, "cannot listen on {}: {}", address.to_string(), strerror(errno));
}

}  // namespace

Result<ListenSocket> open_listen_socket(const ListenAddress& address) {
  SocketAddress at = to_socket_address(address);
  auto* generic = reinterpret_cast<sockaddr*>(&at.storage);
  ListenSocket result;
  result.socket.reset(socket(generic->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!result.socket.open()) return cannot_listen(address);
  const int fd = result.socket.get();
  const int on = 1;
  const int off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ipv6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(fd, generic, at.length) != 0 || listen(fd, kBacklog) != 0) return cannot_listen(address);
  if (getsockname(fd, generic, &at.length) != 0) return cannot_listen(address);
  result.port = ntohs(address.ipv6 ? reinterpret_cast<sockaddr_in6*>(&at.storage)->sin6_port
                                   : reinterpret_cast<sockaddr_in*>(&at.storage)->sin_port);
  return result;
}

}  // namespace farshore
