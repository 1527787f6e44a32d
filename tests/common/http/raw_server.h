// A TCP server that answers every connection with exactly these bytes, and then closes or hangs.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace farshore::test {

class RawServer {
 public:
  enum class Then { kClose, kHang };

  explicit RawServer(std::string answer, Then then = Then::kClose)
      : answer_(std::move(answer)), then_(then), socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), length) != 0 || listen(socket_, 16) != 0)
      throw std::runtime_error("no port to listen on");
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~RawServer() {
    thread_.request_stop();
    thread_.join();
    close(socket_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return port_; }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/", port_); }

 private:
  void run(const std::stop_token& stop) {
    std::vector<int> held;
    while (!stop.stop_requested()) {
      pollfd ready{socket_, POLLIN, 0};
      if (poll(&ready, 1, 20) <= 0) continue;
      const int client = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      answer(client);
      if (then_ == Then::kHang)
        held.push_back(client);
      else
        finish(client);
    }
    for (const int client : held) close(client);
  }

  // After the first bytes of the question, so that the answer is one.
  void answer(int client) const {
    char buffer[4096];
    pollfd ready{client, POLLIN, 0};
    if (poll(&ready, 1, 5000) > 0) (void)recv(client, buffer, sizeof buffer, MSG_DONTWAIT);
    (void)send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
  }

  // Reads what is left, because a close with unread bytes would be a reset that overtakes the answer.
  static void finish(int client) {
    char buffer[4096];
    shutdown(client, SHUT_WR);
    pollfd ready{client, POLLIN, 0};
    while (poll(&ready, 1, 1000) > 0 && recv(client, buffer, sizeof buffer, 0) > 0) {
    }
    close(client);
  }

  const std::string answer_;
  const Then then_;
  const int socket_;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace farshore::test
