#include "common/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "common/http/client.h"
#include "common/http/listen_address.h"
#include "tests/common/http/raw_client.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class WordAuthenticator : public Authenticator {
 public:
  Result<Principal> authenticate(const std::string& authorization) const override {
    if (authorization == "Bearer webhook") return Principal{"am", {Role::kWebhook}};
    if (authorization == "Bearer operator") return Principal{"anna", {Role::kOperator}};
    return fail(ErrorCode::kPermission, "not known");
  }
};

class HttpServerTest : public ::testing::Test {
 protected:
  void start(int threads = 8, nanoseconds body_deadline = 2s) {
    HttpServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    options.threads = threads;
    options.body_deadline = body_deadline;
    options.authenticator = std::make_shared<WordAuthenticator>();
    options.on_refused = [this](std::string_view reason) {
      const std::lock_guard lock(mutex_);
      refused_.emplace_back(reason);
    };
    auto server = HttpServer::start(std::move(options), routes());
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }

  std::vector<Route> routes() {
    const auto echo = [this](const ServerRequest& request) {
      ++handled_;
      ServerReply reply;
      for (const auto& [name, value] : request.path_parameters) reply.body += name + "=" + value + ";";
      reply.body += request.principal + ";" + request.query + ";" + request.body;
      return reply;
    };
    return {{"GET", "/metrics", echo, {}, 0, ""},
            {"GET",
             "/runs/latest",
             [](const ServerRequest&) { return ServerReply{200, "text/plain", "latest", {}}; },
             {},
             0,
             ""},
            {.method = "GET",
             .path = "/check",
             .handler =
                 [](const ServerRequest& r) { return ServerReply{503, "text/plain", r.method + " no", {}}; },
             .answers_options = true},
            {"GET", "/runs/{id}", echo, {}, 0, ""},
            {"POST", "/alerts", echo, {Role::kWebhook}, 1 << 20, "application/json"},
            {"GET",
             "/boom",
             [](const ServerRequest&) -> ServerReply { throw std::runtime_error("secret"); },
             {},
             0,
             ""}};
  }

  HttpResponse ask(const std::string& method, const std::string& path,
                   const std::map<std::string, std::string>& headers = {}, const std::string& body = "") {
    HttpRequest request{method, url(path), headers, body};
    request.max_response_bytes = size_t{4} << 20;
    auto response = client_->send(request);
    EXPECT_TRUE(response.has_value()) << response.error().message;
    return response.value_or(HttpResponse{});
  }
  std::string url(const std::string& path) const {
    return fmt::format("http://127.0.0.1:{}{}", server_->port(), path);
  }
  std::vector<std::string> refused() {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

  static inline const std::map<std::string, std::string> kWebhook = {{"Authorization", "Bearer webhook"},
                                                                     {"Content-Type", "application/json"}};
  std::mutex mutex_;
  std::vector<std::string> refused_;
  std::atomic<int> handled_{0};
  std::unique_ptr<HttpClient> client_ = make_curl_client();
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, MatchesPathsExactly) {
  start();
  EXPECT_EQ(ask("GET", "/metrics").status, 200);
  EXPECT_EQ(ask("GET", "/metrics?x=1").body, ";x=1;");
  for (const char* path : {"/metricsx", "/metrics/", "/metrics/foo", "//metrics", "/", "/%6detrics"}) {
    EXPECT_EQ(ask("GET", path).status, 404) << path;
  }
  RawClient raw(server_->port());
  raw.send_text("GET /x/../metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(raw.receive(), StartsWith("HTTP/1.1 404"));
}

TEST_F(HttpServerTest, TakesOneCheckedSegmentAsAParameter) {
  start();
  EXPECT_EQ(ask("GET", "/runs/shop-1").body, "id=shop-1;;;");
  EXPECT_EQ(ask("GET", "/runs/latest").body, "latest");
  for (const std::string& id :
       {std::string(), std::string("a%20b"), std::string("a/b"), std::string(64, 'a')}) {
    EXPECT_EQ(ask("GET", "/runs/" + id).status, 404) << id;
  }
}

TEST_F(HttpServerTest, AnswersHeadAndOptionsForEveryPathItKnows) {
  start();
  const auto head = ask("HEAD", "/metrics?abc");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.headers.at("content-length"), "5");
  const auto options = ask("OPTIONS", "/metrics");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.at("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(ask("OPTIONS", "/nowhere").status, 404);
}

TEST_F(HttpServerTest, AnswersOptionsLikeHeadWhereTheRouteSaysSo) {
  start();
  const auto options = ask("OPTIONS", "/check");
  EXPECT_EQ(options.status, 503);
  EXPECT_EQ(options.body, "");
  EXPECT_EQ(options.headers.at("content-length"), "0");
  EXPECT_EQ(ask("HEAD", "/check").status, 503);
  EXPECT_EQ(ask("GET", "/check").body, "GET no");
  RawClient raw(server_->port());
  raw.send_text("OPTIONS /check HTTP/1.0\r\n\r\n");  // as HAProxy asks
  EXPECT_THAT(raw.receive(), StartsWith("HTTP/1.1 503"));
}

TEST_F(HttpServerTest, RefusesOtherMethodsWithTheOnesItKnows) {
  start();
  const auto wrong = ask("DELETE", "/alerts");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "OPTIONS, POST");
  EXPECT_EQ(ask("HEAD", "/alerts").status, 405);
  EXPECT_EQ(refused().front(), "method_not_allowed");
}

TEST_F(HttpServerTest, ChecksCredentialsAndRolesBeforeTheHandler) {
  start();
  EXPECT_EQ(ask("POST", "/alerts", kWebhook, "{}").body, "am;;{}");
  const auto missing = ask("POST", "/alerts", {{"Content-Type", "application/json"}}, "{}");
  EXPECT_EQ(missing.status, 401);
  EXPECT_THAT(missing.headers.at("www-authenticate"), StartsWith("Bearer"));
  EXPECT_EQ(ask("POST", "/alerts", {{"Authorization", "Bearer wrong"}}, "{}").status, 401);
  EXPECT_EQ(ask("POST", "/alerts", {{"Authorization", "Bearer operator"}}, "{}").status, 403);
  EXPECT_EQ(handled_, 1);
  EXPECT_EQ(refused(), (std::vector<std::string>{"unauthenticated", "unauthenticated", "forbidden"}));
}

TEST_F(HttpServerTest, AnswersMissingCredentialsBeforeTheBodyArrives) {
  start();
  RawClient raw(server_->port());
  raw.send_text("POST /alerts HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  EXPECT_THAT(raw.receive("\r\n\r\n"), StartsWith("HTTP/1.1 401"));
}

TEST_F(HttpServerTest, BoundsTheBodyByItsAnnouncedLength) {
  start();
  EXPECT_EQ(ask("POST", "/alerts", kWebhook, std::string(1 << 20, 'x')).status, 200);
  EXPECT_EQ(ask("POST", "/alerts", kWebhook, std::string((1 << 20) + 1, 'x')).status, 413);
  EXPECT_EQ(ask("POST", "/alerts", kWebhook, std::string(2 << 20, 'x')).status, 413);
  EXPECT_EQ(refused(), (std::vector<std::string>{"too_large", "too_large"}));
}

TEST_F(HttpServerTest, RefusesBodiesWithoutLengthChunkedOrOfAnotherType) {
  start();
  const std::string head = "POST /alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer webhook\r\n";
  for (const char* rest : {"\r\n", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"}) {
    RawClient raw(server_->port());
    raw.send_text(head + rest);
    EXPECT_THAT(raw.receive(), StartsWith("HTTP/1.1 411")) << rest;
  }
  auto headers = kWebhook;
  headers["Content-Type"] = "text/plain";
  EXPECT_EQ(ask("POST", "/alerts", headers, "{}").status, 415);
  headers["Content-Type"] = "Application/JSON; charset=utf-8";
  EXPECT_EQ(ask("POST", "/alerts", headers, "{}").status, 200);
}

TEST_F(HttpServerTest, RefusesLengthsThatContradictOrAreNoNumber) {
  start();
  for (const char* lengths :
       {"Content-Length: 2\r\nContent-Length: 3\r\n", "Content-Length: -5\r\n", "Content-Length: 2x\r\n",
        "Content-Length: +2\r\n", "Content-Length: 2,2\r\n", "Content-Length: 00(000\r\n"}) {
    RawClient raw(server_->port());
    raw.send_text(
        fmt::format("POST /alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer webhook\r\nContent-Type: "
                    "application/json\r\n{}\r\n{{}}x",
                    lengths));
    EXPECT_THAT(raw.receive(), Not(HasSubstr(" 200 "))) << lengths;
  }
  EXPECT_EQ(handled_, 0);
}

TEST_F(HttpServerTest, TurnsAnExceptionOfAHandlerInto500WithoutItsText) {
  start();
  const auto reply = ask("GET", "/boom");
  EXPECT_EQ(reply.status, 500);
  EXPECT_THAT(reply.body, Not(HasSubstr("secret")));
}

TEST_F(HttpServerTest, GivesASlowBody408AndDelaysNobody) {
  start(4, 2s);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(std::make_unique<RawClient>(server_->port()));
    slow.back()->send_text(
        "POST /alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer webhook\r\nContent-Type: "
        "application/json\r\n"
        "Content-Length: 100\r\n\r\n{");
  }
  EXPECT_EQ(ask("GET", "/metrics").status, 200);
  EXPECT_TRUE(refused().empty()) << "the answer came only after the slow ones were given up";
  for (auto& client : slow) EXPECT_THAT(client->receive(), StartsWith("HTTP/1.1 408"));
  EXPECT_EQ(refused(), (std::vector<std::string>(3, "body_timeout")));
}

TEST_F(HttpServerTest, EndsABodyThatTricklesAtTheTotalDeadline) {
  start(4, 500ms);
  RawClient raw(server_->port());
  raw.send_text(
      "POST /alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer webhook\r\nContent-Type: "
      "application/json\r\n"
      "Content-Length: 100000\r\n\r\n");
  std::jthread trickle([&raw](const std::stop_token& stop) {
    while (!stop.stop_requested() && raw.send_text("x")) system_clock().sleep_for(50ms);
  });
  EXPECT_THAT(raw.receive("\r\n\r\n"), StartsWith("HTTP/1.1 408"));
}

TEST_F(HttpServerTest, ServesOthersWhileKeptConnectionsIdle) {
  start(2);
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 6; ++i) {
    idle.push_back(std::make_unique<RawClient>(server_->port()));
    idle.back()->send_text("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(idle.back()->receive("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  }
  EXPECT_EQ(ask("GET", "/metrics").status, 200);
}

TEST_F(HttpServerTest, KeepsAConnectionForTheNextRequest) {
  start();
  RawClient raw(server_->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(raw.send_text("GET /runs/latest HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_THAT(raw.receive("latest"), HasSubstr("Connection: keep-alive"));
  }
}

TEST_F(HttpServerTest, ClosesKeptConnectionsWhenItStops) {
  start();
  RawClient idle(server_->port());
  idle.send_text("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(idle.receive("\r\n\r\n"), HasSubstr("keep-alive"));
  server_ = nullptr;
  EXPECT_THAT(idle.receive(), Not(HasSubstr("nothing for 10 s")));
}

TEST_F(HttpServerTest, SurvivesBytesThatAreNoHttp) {
  start(2);
  for (const char* junk : {"\x16\x03\x01\x02\x01", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n"}) {
    RawClient raw(server_->port());
    raw.send_text(junk);
    raw.finish_sending();
    EXPECT_THAT(raw.receive(), Not(HasSubstr(" 200 ")));
  }
  EXPECT_EQ(ask("GET", "/metrics").status, 200);
}

TEST_F(HttpServerTest, NamesTheReasonWhenThePortIsTaken) {
  start();
  HttpServerOptions options;
  options.listen_addresses = {fmt::format("127.0.0.1:{}", server_->port())};
  const auto second = HttpServer::start(std::move(options), {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("bind"));
}

TEST(HttpServerStart, RefusesARouteWithRolesWithoutAnAuthenticator) {
  HttpServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  Route route{"GET", "/x", [](const ServerRequest&) { return ServerReply{}; }, {Role::kViewer}, 0, ""};
  EXPECT_EQ(HttpServer::start(std::move(options), {route}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(HttpServerTest, ServesTheSameOnEveryAddress) {
  HttpServerOptions options;
  const int second = test::free_port();
  options.listen_addresses = {"127.0.0.1:0", fmt::format("127.0.0.2:{}", second)};
  options.authenticator = std::make_shared<WordAuthenticator>();
  auto server = HttpServer::start(std::move(options), routes());
  ASSERT_TRUE(server.has_value()) << server.error().message;
  for (const std::string& where :
       {fmt::format("127.0.0.1:{}", (*server)->port()), fmt::format("127.0.0.2:{}", second)}) {
    const auto reply = make_curl_client()->send(
        {.method = "GET", .url = "http://" + where + "/metrics", .headers = {}, .body = ""});
    ASSERT_TRUE(reply.has_value()) << where << ": " << reply.error().message;
    EXPECT_EQ(reply->status, 200) << where;
  }
}

TEST(HttpServerStart, RefusesToServeOnlySomeOfItsAddresses) {
  HttpServerOptions first;
  first.listen_addresses = {"127.0.0.1:0"};
  const auto server = HttpServer::start(std::move(first), {});
  ASSERT_TRUE(server.has_value());
  HttpServerOptions options;
  options.listen_addresses = {"127.0.0.1:0", fmt::format("127.0.0.1:{}", (*server)->port())};
  EXPECT_EQ(HttpServer::start(std::move(options), {}).error().code, ErrorCode::kUnavailable);
}

TEST(HttpServerStart, RefusesIpv6AndNoAddressAtAll) {
  HttpServerOptions options;
  options.listen_addresses = {"127.0.0.1:0", "[::1]:0"};
  EXPECT_EQ(HttpServer::start(options, {}).error().code, ErrorCode::kInvalidArgument);
  options.listen_addresses = {};
  EXPECT_EQ(HttpServer::start(options, {}).error().code, ErrorCode::kInvalidArgument);
}

class ClosedGate : public Gate {
 public:
  std::optional<Refusal> admit(ServerRequest& request) const override {
    if (request.headers.count("let-me-in") == 0) return Refusal{403, "forbidden", "not by this way"};
    request.remote_address = "203.0.113.9";
    return std::nullopt;
  }
  void complete(ServerReply& reply) const override {
    reply.headers.emplace("X-Frame-Options", "deny");
    reply.headers.emplace("X-Content-Type-Options", "nosniff");
  }
};

TEST(HttpServerGate, StandsBeforeEveryPathAndMarksEveryAnswer) {
  HttpServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  options.gate = std::make_shared<ClosedGate>();
  const auto handler = [](const ServerRequest& request) {
    return ServerReply{200, "text/plain", request.remote_address, {}};
  };
  const auto server = HttpServer::start(std::move(options), {{"GET", "/x", handler, {}, 0, ""}});
  ASSERT_TRUE(server.has_value()) << server.error().message;
  for (const char* path : {"/x", "/nothing-here"}) {
    RawClient raw((*server)->port());
    raw.send_text(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path));
    const std::string answer = raw.receive();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403"));
    EXPECT_THAT(answer, HasSubstr("X-Frame-Options: deny\r\n"));
  }
  RawClient raw((*server)->port());
  raw.send_text("GET /x HTTP/1.1\r\nHost: x\r\nLet-Me-In: please\r\nConnection: close\r\n\r\n");
  const std::string answer = raw.receive();
  EXPECT_THAT(answer, HasSubstr("203.0.113.9"));
  const size_t once = answer.find("X-Content-Type-Options");
  ASSERT_NE(once, std::string::npos);
  EXPECT_EQ(answer.find("X-Content-Type-Options", once + 1), std::string::npos);
}

TEST(ListenAddress, TakesAddressesInDigitsAndSaysWhatIsWrongWithTheRest) {
  EXPECT_EQ(parse_listen_address(":10187")->host, "0.0.0.0");
  EXPECT_EQ(parse_listen_address("localhost:0")->host, "127.0.0.1");
  EXPECT_EQ(parse_listen_address("10.3.0.2:10188")->port, 10188);
  EXPECT_EQ(parse_listen_address("[::1]:10188")->host, "::1");
  EXPECT_TRUE(parse_listen_address("[::]:80")->ipv6);
  EXPECT_EQ(parse_listen_address("[2001:db8::1]:80")->to_string(), "[2001:db8::1]:80");
  for (const char* wrong :
       {"", "10.3.0.2", "10.3.0.2:8443s", "::1:80", "[::1]", "[::1%eth0]:80", "[]:80", "[10.3.0.2]:80",
        "example.com:80", "1.2.3.4:99999", "1.2.3.4:80,81", "1.2.3:80"}) {
    EXPECT_EQ(parse_listen_address(wrong).error().code, ErrorCode::kInvalidArgument) << wrong;
  }
}

}  // namespace
}  // namespace farshore
