// The prober against servers that are well, slow, broken and not what they should be.
#include "common/http/prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>
#include <thread>

#include "common/http/server.h"
#include "tests/common/http/raw_server.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

using test::RawServer;
using testing::HasSubstr;

std::unique_ptr<HttpServer> serve(std::vector<Route> routes) {
  HttpServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  auto server = HttpServer::start(std::move(options), std::move(routes));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

Route route(const std::string& path, ServerReply reply) {
  Route result;
  result.method = "GET";
  result.path = path;
  result.handler = [reply = std::move(reply)](const ServerRequest&) { return reply; };
  return result;
}

ProbeRequest request_for(std::string url, nanoseconds timeout = 20s) {
  ProbeRequest request;
  request.url = std::move(url);
  request.timeout = timeout;
  return request;
}

// Asks once and waits for what becomes of it.
ProbeOutcome probe(const ProbeRequest& request) {
  HttpProber prober;
  std::optional<ProbeOutcome> outcome;
  prober.begin(7, request);
  while (!outcome)
    prober.run(1s, [&](size_t id, ProbeOutcome ended) {
      EXPECT_EQ(id, 7u);
      outcome = std::move(ended);
    });
  return *outcome;
}

TEST(HttpProber, TellsTheWholeAnswer) {
  const auto server = serve({route("/healthz", {503, "application/json", "{\"status\": \"down\"}", {}})});
  const ProbeOutcome outcome = probe(request_for(fmt::format("http://127.0.0.1:{}/healthz", server->port())));
  EXPECT_EQ(outcome.failure, ProbeFailure::kNone) << outcome.failure_text;
  EXPECT_EQ(outcome.status, 503);
  EXPECT_EQ(outcome.content_type, "application/json");
  EXPECT_EQ(outcome.body, "{\"status\": \"down\"}");
  EXPECT_GT(outcome.took, 0ns);
  EXPECT_EQ(outcome.certificate_expiry, std::nullopt);
}

TEST(HttpProber, FollowsNoRedirect) {
  const auto server = serve({route("/old", {302, "text/plain", "", {{"Location", "/new"}}}),
                             route("/new", {200, "text/plain", "here", {}})});
  EXPECT_EQ(probe(request_for(fmt::format("http://127.0.0.1:{}/old", server->port()))).status, 302);
}

TEST(HttpProber, UsesTheAddressesItIsGivenAndLooksUpNothing) {
  const auto server = serve({route("/", {200, "text/plain", "x", {}})});
  ProbeRequest request = request_for(fmt::format("http://no-such-name.invalid:{}/", server->port()));
  request.addresses = {"::1", "127.0.0.1"};
  EXPECT_EQ(probe(request).body, "x");
}

TEST(HttpProber, SortsWhatGoesWrong) {
  const auto failure = [](const std::string& answer, RawServer::Then then = RawServer::Then::kClose) {
    const RawServer server(answer, then);
    return probe(request_for(server.url(), then == RawServer::Then::kHang ? 300ms : 20s)).failure;
  };
  EXPECT_EQ(probe(request_for(fmt::format("http://127.0.0.1:{}/", test::free_port()))).failure,
            ProbeFailure::kRefused);
  EXPECT_EQ(failure("", RawServer::Then::kHang), ProbeFailure::kTimeout);
  EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", RawServer::Then::kHang),
            ProbeFailure::kTimeout);
  EXPECT_EQ(failure(""), ProbeFailure::kClosed);
  EXPECT_EQ(failure("SSH-2.0-OpenSSH_9.2\r\n"), ProbeFailure::kProtocol);
  EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), ProbeFailure::kBody);
  EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nX: " + std::string(70000, 'x') + "\r\n\r\n"),
            ProbeFailure::kProtocol);
  const RawServer no_tls("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(probe(request_for("https" + no_tls.url().substr(4))).failure, ProbeFailure::kTls);
}

TEST(HttpProber, ABodyThatIsTooLargeIsGivenUp) {
  const auto server = serve({route("/", {200, "text/plain", std::string(70000, 'x'), {}})});
  const ProbeOutcome outcome = probe(request_for(fmt::format("http://127.0.0.1:{}/", server->port())));
  EXPECT_EQ(outcome.failure, ProbeFailure::kBody);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_LE(outcome.body.size(), size_t{64} << 10);
}

TEST(HttpProber, OneThatHangsDelaysNoOtherAndNotTheEnd) {
  const RawServer hangs("", RawServer::Then::kHang);
  const auto server = serve({route("/", {200, "text/plain", "x", {}})});
  HttpProber prober;
  prober.begin(0, request_for(hangs.url(), 1h));
  for (int round = 0; round < 3; ++round) {
    bool ended = false;
    prober.begin(1, request_for(fmt::format("http://127.0.0.1:{}/", server->port())));
    while (!ended) prober.run(1h, [&](size_t id, const ProbeOutcome&) { ended = id == 1; });
    EXPECT_TRUE(ended);
  }
}

TEST(HttpProber, CanBeWokenByAnotherThread) {
  HttpProber prober;
  const std::jthread other([&] { prober.wake(); });
  prober.run(1h, [](size_t, const ProbeOutcome&) { ADD_FAILURE() << "nothing was begun"; });
}

// `openssl s_server` with a certificate for localhost that ends `days` from now.
class TlsServer {
 public:
  explicit TlsServer(int days) {
    const std::string key = folder_.file("key"), request = folder_.file("request");
    run({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-subj", "/CN=localhost", "-out", request});
    test::write_file(folder_.file("extensions"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    run({"openssl", "x509", "-req", "-in", request, "-signkey", key, "-days", std::to_string(days),
         "-extfile", folder_.file("extensions"), "-out", certificate()});
    server_ = std::make_unique<test::ChildProcess>(
        std::vector<std::string>{"openssl", "s_server", "-accept", fmt::format("127.0.0.1:{}", port_),
                                 "-cert", certificate(), "-key", key, "-www"},
        test::SpawnOptions{
            .output_file = folder_.file("log"), .environment = {}, .run_as = "", .death_signal = 9});
    if (!server_->wait_for_output("ACCEPT")) throw std::runtime_error(server_->output());
  }
  std::string certificate() const { return folder_.file("certificate"); }
  std::string url(const std::string& host = "127.0.0.1") const {
    return fmt::format("https://{}:{}/", host, port_);
  }

 private:
  static void run(std::vector<std::string> argv) {
    const test::CommandResult result = test::run_command(std::move(argv));
    if (result.exit_code != 0) throw std::runtime_error(result.output);
  }

  test::TempDir folder_;
  int port_ = test::free_port();
  std::unique_ptr<test::ChildProcess> server_;
};

bool ends_in_days(const ProbeOutcome& outcome, int days) {
  const WallTime expected = system_clock().wall_now() + days * 24h;
  return outcome.certificate_expiry && *outcome.certificate_expiry > expected - 1h &&
         *outcome.certificate_expiry < expected + 1h;
}

TEST(HttpProber, TakesACertificateOfTheGivenAuthorityAndTellsItsEnd) {
  const TlsServer server(3);
  ProbeRequest request = request_for(server.url());
  request.ca_file = server.certificate();
  const ProbeOutcome outcome = probe(request);
  EXPECT_EQ(outcome.failure, ProbeFailure::kNone) << outcome.failure_text;
  EXPECT_EQ(outcome.status, 200);
  EXPECT_TRUE(ends_in_days(outcome, 3));
}

TEST(HttpProber, TellsTheEndAlsoOfACertificateThatItDoesNotTake) {
  const TlsServer expired(-1), of_nobody(3);
  ProbeRequest request = request_for(expired.url());
  request.ca_file = expired.certificate();
  const ProbeOutcome late = probe(request);
  EXPECT_EQ(late.failure, ProbeFailure::kTls);
  EXPECT_THAT(late.failure_text, HasSubstr("expired"));
  EXPECT_TRUE(ends_in_days(late, -1));
  const ProbeOutcome unknown = probe(request_for(of_nobody.url()));
  EXPECT_EQ(unknown.failure, ProbeFailure::kTls);
  EXPECT_TRUE(ends_in_days(unknown, 3));
  ProbeRequest wrong_name = request_for(of_nobody.url("other.invalid"));
  wrong_name.addresses = {"127.0.0.1"};
  wrong_name.ca_file = of_nobody.certificate();
  const ProbeOutcome other = probe(wrong_name);
  EXPECT_EQ(other.failure, ProbeFailure::kTls);
  EXPECT_TRUE(ends_in_days(other, 3));
}

}  // namespace
}  // namespace farshore
