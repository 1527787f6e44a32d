#include "common/http/body_reader.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace farshore {
namespace {

bool is_socket_of(int socket, const mg_request_info& info, in_addr peer_address) {
  sockaddr_in peer{};
  sockaddr_in local{};
  socklen_t length = sizeof peer;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length) != 0 || peer.sin_family != AF_INET) {
    return false;
  }
  length = sizeof local;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&local), &length) != 0) return false;
  return peer.sin_addr.s_addr == peer_address.s_addr && ntohs(peer.sin_port) == info.remote_port &&
         ntohs(local.sin_port) == info.server_port;
}

int find_socket(const mg_request_info& info) {
  in_addr peer_address{};
  if (inet_pton(AF_INET, info.remote_addr, &peer_address) != 1) return -1;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (!folder) return -1;
  while (const dirent* entry = readdir(folder.get())) {
    if (entry->d_name[0] == '.') continue;
    const int descriptor = std::atoi(entry->d_name);
    if (is_socket_of(descriptor, info, peer_address)) return descriptor;
  }
  return -1;
}

}  // namespace

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
