#include "common/http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

#include "common/http/server.h"
#include "tests/common/http/raw_client.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A listener that reads one request and answers with fixed bytes (or never).
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer, bool close_after = true)
      : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    bind(listener_, reinterpret_cast<const sockaddr*>(&address), length);
    listen(listener_, 16);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, answer = std::move(answer), close_after](const std::stop_token& stop) {
      const int peer = accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      char buffer[4096];
      received_ = recv(peer, buffer, sizeof buffer, 0);
      if (!answer.empty()) (void)send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
      while (!close_after && !stop.stop_requested()) system_clock().sleep_for(10ms);
      close(peer);
    });
  }
  ~OneAnswer() {
    thread_.request_stop();
    shutdown(listener_, SHUT_RDWR);
    thread_ = {};
    close(listener_);
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  std::string url() const { return fmt::format("http://127.0.0.1:{}/x?token=geheim", port_); }

 private:
  int listener_;
  int port_ = 0;
  ssize_t received_ = 0;
  std::jthread thread_;
};

HttpRequest get(const std::string& url, nanoseconds timeout = 5s) {
  HttpRequest request;
  request.url = url;
  request.timeout = timeout;
  return request;
}

TEST(HttpClient, ReturnsEveryStatusAsAnAnswerAndFollowsNoRedirect) {
  OneAnswer server("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nhi");
  const auto response = make_curl_client()->send(get(server.url()));
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(response->headers.at("location"), "http://127.0.0.1:1/");
  EXPECT_EQ(response->body, "hi");
}

TEST(HttpClient, SaysUnavailableWhenNothingListens) {
  EXPECT_EQ(make_curl_client()->send(get("http://127.0.0.1:1/")).error().code, ErrorCode::kUnavailable);
}

TEST(HttpClient, SaysUnknownWhenTheRequestWasSentAndNoAnswerCame) {
  OneAnswer silent("", false);
  const auto response = make_curl_client()->send(get(silent.url(), 200ms));
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code, ErrorCode::kUnknown);
}

TEST(HttpClient, SaysUnknownWhenTheAnswerBreaksOff) {
  OneAnswer broken("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  EXPECT_EQ(make_curl_client()->send(get(broken.url())).error().code, ErrorCode::kUnknown);
  OneAnswer closed("");
  EXPECT_EQ(make_curl_client()->send(get(closed.url())).error().code, ErrorCode::kUnknown);
}

TEST(HttpClient, SaysTimeoutWhenNothingCanHaveBeenSent) {
  EXPECT_EQ(make_curl_client()->send(get("http://127.0.0.1:1/", 0ns)).error().code, ErrorCode::kTimeout);
  // A listener whose queue is full never finishes the connect.
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(listener, 0), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  const int port = ntohs(address.sin_port);
  RawClient fills(port);
  const auto response = make_curl_client()->send(get(fmt::format("http://127.0.0.1:{}/", port), 200ms));
  close(listener);
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout) << response.error().message;
}

TEST(HttpClient, BoundsTheAnswer) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
  HttpRequest request = get(server.url());
  request.max_response_bytes = 9;
  const auto response = make_curl_client()->send(request);
  ASSERT_FALSE(response.has_value());
  EXPECT_THAT(response.error().message, HasSubstr("too large"));
}

TEST(HttpClient, RefusesLineBreaksAndOtherSchemesAndHidesTheQuery) {
  const auto client = make_curl_client();
  HttpRequest request = get("http://127.0.0.1:1/?token=geheim");
  request.headers["X"] = "a\r\nY: b";
  EXPECT_EQ(client->send(request).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(client->send(get("file:///etc/passwd")).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(client->send(get("http://[nonsense/")).error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(client->send(get("http://127.0.0.1:1/?token=geheim")).error().message,
              Not(HasSubstr("geheim")));
}

TEST(HttpClient, SendsFromManyThreadsAtOnceWithBodiesAndMethods) {
  HttpServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  const auto echo = [](const ServerRequest& request) {
    return ServerReply{200, "text/plain", request.method + request.headers.at("x-a") + request.body, {}};
  };
  auto server =
      HttpServer::start(options, {{"POST", "/e", echo, {}, 100, ""}, {"PATCH", "/e", echo, {}, 100, ""}});
  ASSERT_TRUE(server.has_value()) << server.error().message;
  const auto client = make_curl_client();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&client, &server, i] {
      for (int k = 0; k < 10; ++k) {
        const std::string method = k % 2 == 0 ? "POST" : "PATCH";
        const std::string body = k % 3 == 0 ? "" : std::to_string(i);
        const auto response = client->send(
            {method, fmt::format("http://127.0.0.1:{}/e", (*server)->port()), {{"X-A", "-"}}, body});
        ASSERT_TRUE(response.has_value()) << response.error().message;
        EXPECT_EQ(response->body, method + "-" + body);
      }
    });
  }
}

TEST(UrlEncode, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(url_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(url_encode("a b/ü"), "a%20b%2F%C3%BC");
}

}  // namespace
}  // namespace farshore
