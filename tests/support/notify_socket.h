// Stands in for systemd: the datagram socket that NOTIFY_SOCKET names. Failures throw.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/support/child_process.h"

namespace farshore::test {

// Not thread-safe.
class NotifySocket {
 public:
  NotifySocket() : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) throw std::runtime_error("the path is too long: " + path_);
    std::memcpy(address.sun_path, path_.data(), path_.size());
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot listen on " + path_);
  }
  ~NotifySocket() { close(socket_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  const std::string& path() const { return path_; }
  // The next message; absent when there was none within the limit.
  std::optional<std::string> next(milliseconds limit = 10s) const {
    pollfd entry{.fd = socket_, .events = POLLIN, .revents = 0};
    if (poll(&entry, 1, static_cast<int>(limit.count())) <= 0) return std::nullopt;
    char text[4096];
    const ssize_t size = recv(socket_, text, sizeof text, 0);
    return size < 0 ? std::nullopt : std::optional(std::string(text, static_cast<size_t>(size)));
  }
  // Skips messages until one begins like this; false when none came within the limit.
  bool wait_for(const std::string& beginning) const {
    return wait_until([&] {
      const std::optional<std::string> message = next(0ms);
      return message && message->starts_with(beginning);
    });
  }

 private:
  TempDir folder_;
  std::string path_ = folder_.file("notify");
  int socket_;
};

}  // namespace farshore::test
