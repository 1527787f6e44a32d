#include "common/http/sockets.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>

namespace farshore {
namespace {

struct Ends {
  in_addr_t peer_address;
  int peer_port, local_port;
};

// Until `seen` returns true. Only connected IPv4 sockets of this process.
void each_connection(const std::function<bool(int, const Ends&)>& seen) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (!folder) return;
  while (const dirent* entry = readdir(folder.get())) {
    if (entry->d_name[0] == '.') continue;
    const int descriptor = std::atoi(entry->d_name);
    sockaddr_in peer{};
    sockaddr_in local{};
    socklen_t length = sizeof peer;
    if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &length) != 0) continue;
    length = sizeof local;
    if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &length) != 0) continue;
    if (peer.sin_family != AF_INET || local.sin_family != AF_INET) continue;
    if (seen(descriptor, {peer.sin_addr.s_addr, ntohs(peer.sin_port), ntohs(local.sin_port)})) return;
  }
}

}  // namespace

int find_socket(const mg_request_info& info) {
  in_addr peer{};
  if (inet_pton(AF_INET, info.remote_addr, &peer) != 1) return -1;
  int found = -1;
  each_connection([&](int descriptor, const Ends& ends) {
    const bool matches = ends.peer_address == peer.s_addr && ends.peer_port == info.remote_port &&
                         ends.local_port == info.server_port;
    if (matches) found = descriptor;
    return matches;
  });
  return found;
}

void end_reading_on(int port) {
  each_connection([port](int descriptor, const Ends& ends) {
    if (ends.local_port == port) shutdown(descriptor, SHUT_RD);
    return false;
  });
}

void knock(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return;
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (peer < 0) return;
  (void)connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  close(peer);
}

}  // namespace farshore
