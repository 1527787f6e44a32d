#include "tests/actuator/returns/faulty_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>

#include "tests/support/child_process.h"

namespace farshore::test {
namespace {

constexpr int kTick = 20;  // ms: how soon a change of mode is seen

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int listen_on(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && listen(fd, 16) == 0)
    return fd;
  close(fd);
  return -1;
}

bool readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, kTick) > 0;
}

// Head and body of one request; empty when the client went away.
std::string read_request(int fd, const std::stop_token& stop) {
  std::string text;
  size_t whole = std::string::npos;
  while (text.size() < whole && !stop.stop_requested()) {
    if (!readable(fd)) continue;
    char buffer[4096];
    const ssize_t count = recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0) return "";
    text.append(buffer, static_cast<size_t>(count));
    const size_t head = text.find("\r\n\r\n");
    if (head == std::string::npos || whole != std::string::npos) continue;
    size_t length = 0;
    const std::string name = "Content-Length: ";
    if (const size_t at = text.find(name); at < head)
      std::from_chars(text.data() + at + name.size(), text.data() + head, length);
    whole = head + 4 + length;
  }
  return text;
}

void send_text(int fd, const std::string& text) { (void)send(fd, text.data(), text.size(), MSG_NOSIGNAL); }

}  // namespace

FaultyProxy::FaultyProxy(int to_port)
    : to_port_(to_port),
      port_(free_port()),
      listener_([this](const std::stop_token& stop) { listen_and_serve(stop); }) {}

FaultyProxy::~FaultyProxy() {
  listener_.request_stop();
  listener_.join();
}

std::string FaultyProxy::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

void FaultyProxy::listen_and_serve(const std::stop_token& stop) {
  int fd = -1;
  while (!stop.stop_requested()) {
    if (mode_ == Mode::kRefuses) {
      if (fd >= 0) close(fd);
      fd = -1;
      std::this_thread::sleep_for(std::chrono::milliseconds(kTick));
      continue;
    }
    if (fd < 0) fd = listen_on(port_);
    if (fd < 0 || !readable(fd)) continue;
    const int client = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) connections_.emplace_back([this, client, stop] { serve(client, stop); });
  }
  if (fd >= 0) close(fd);
  connections_.clear();
}

void FaultyProxy::serve(int client, const std::stop_token& stop) {
  const std::string request = read_request(client, stop);
  const Mode mode = mode_;
  if (request.empty()) {
  } else if (mode == Mode::kAnswers500) {
    send_text(client, "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  } else if (mode == Mode::kForgets && request.starts_with("PATCH ")) {
    send_text(client, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  } else if (mode == Mode::kNeverAnswers) {
    while (mode_ == mode && !stop.stop_requested())
      std::this_thread::sleep_for(std::chrono::milliseconds(kTick));
  } else {
    pass_on(client, request);
  }
  close(client);
}

void FaultyProxy::pass_on(int client, std::string request) const {
  request.insert(request.find("\r\n") + 2, "Connection: close\r\n");
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(to_port_);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    send_text(server, request);
    char buffer[4096];
    for (ssize_t count; (count = recv(server, buffer, sizeof buffer, 0)) > 0;)
      send_text(client, std::string(buffer, static_cast<size_t>(count)));
  }
  close(server);
}

}  // namespace farshore::test
