#include "actuator/alerts/prometheus_votes.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/server.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

using test::wait_until;

// An exporter that says what the test wants.
class StubExporter {
 public:
  StubExporter() {
    HttpServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    Route route;
    route.method = "GET";
    route.path = "/metrics";
    route.handler = [this](const ServerRequest&) {
      const std::lock_guard lock(mutex_);
      ServerReply reply;
      reply.content_type = "text/plain; version=0.0.4";
      reply.body = text_;
      return reply;
    };
    server_ = HttpServer::start(options, {route}).value();
  }
  int port() const { return server_->port(); }
  void say(int up, int in_recovery, int down, int snapshot_age = 0) {
    const std::lock_guard lock(mutex_);
    const std::string labels = R"({cluster="shop",region="us-east",server="shop-us",vantage="eu-west"})";
    text_ = fmt::format("farshore_pg_up{0} {1}\nfarshore_pg_in_recovery{0} {2}\n", labels, up, in_recovery) +
            fmt::format("test_down{{cluster=\"shop\",server=\"shop-us\",epoch=\"7\"}} {}\n", down) +
            fmt::format("farshore_snapshot_age_seconds{{vantage=\"eu-west\"}} {}\n", snapshot_age);
  }

 private:
  std::mutex mutex_;
  std::string text_;
  std::unique_ptr<HttpServer> server_;
};

// A real Prometheus that scrapes the stub and has a rule of the same shape as the real one.
class PrometheusFixture {
 public:
  explicit PrometheusFixture(int exporter_port) : port_(test::free_port()) {
    test::write_file(folder_.file("rules.yml"),
                     "groups:\n- name: test\n  interval: 100ms\n  rules:\n"
                     "  - {alert: FarshorePrimaryDown, expr: test_down == 1}\n");
    test::write_file(
        folder_.file("prometheus.yml"),
        fmt::format("global: {{scrape_interval: 100ms, scrape_timeout: 100ms, evaluation_interval: 100ms}}\n"
                    "rule_files: [{}]\nscrape_configs:\n- job_name: farshore\n"
                    "  static_configs: [{{targets: ['127.0.0.1:{}']}}]\n",
                    folder_.file("rules.yml"), exporter_port));
    test::SpawnOptions options;
    options.output_file = folder_.file("log");
    process_ = std::make_unique<test::ChildProcess>(
        std::vector<std::string>{"prometheus", "--config.file=" + folder_.file("prometheus.yml"),
                                 "--storage.tsdb.path=" + folder_.file("data"),
                                 fmt::format("--web.listen-address=127.0.0.1:{}", port_)},
        options);
    if (!process_->wait_for_output("Server is ready to receive web requests", 30s))
      throw std::runtime_error("Prometheus does not start: " + process_->output());
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  test::ChildProcess& process() { return *process_; }

 private:
  int port_;
  test::TempDir folder_;
  std::unique_ptr<test::ChildProcess> process_;
};

// Takes connections and never says a word.
class HangingServer {
 public:
  HangingServer() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd_, 64) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("cannot listen");
    url_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
  }
  ~HangingServer() { close(fd_); }
  const std::string& url() const { return url_; }

 private:
  int fd_;
  std::string url_;
};

PrometheusServers one(const std::string& url) { return {{{"us-east", url}}, {}}; }

TEST(PrometheusVotes, ARealPrometheusIsHeardOnTheAlertAndOnTheLivePrimary) {
  StubExporter exporter;
  exporter.say(1, 0, 0);
  PrometheusFixture prometheus(exporter.port());
  const auto http = make_curl_client();
  const auto votes = make_prometheus_votes(one(prometheus.url()), *http, system_clock());
  votes->watch("shop", 7, "shop-us");
  const auto is = [&](Vote vote, bool live) {
    const AlertVote now = votes->latest("shop").at(0);
    return now.vote == vote && now.live_primary == live;
  };
  EXPECT_TRUE(wait_until([&] { return is(Vote::kNotFiring, true); })) << votes->latest("shop").at(0).detail;
  exporter.say(0, 0, 1);
  EXPECT_TRUE(wait_until([&] { return is(Vote::kFiring, false); })) << "down, and seen by nobody";
  exporter.say(1, 0, 1);
  EXPECT_TRUE(wait_until([&] { return is(Vote::kFiring, true); })) << "one vantage sees it alive: a veto";
  exporter.say(1, 1, 1);
  EXPECT_TRUE(wait_until([&] { return is(Vote::kFiring, false); })) << "a standby is no live primary";
  exporter.say(1, 0, 1);
  EXPECT_TRUE(wait_until([&] { return is(Vote::kFiring, true); }));
  exporter.say(1, 0, 1, 60);
  EXPECT_TRUE(wait_until([&] { return is(Vote::kFiring, false); })) << "an old snapshot is no sight of life";

  votes->watch("shop", 8, "shop-us");
  EXPECT_TRUE(wait_until([&] { return is(Vote::kNotFiring, false); })) << "the alert of an earlier reign";
  votes->watch("shop", 7, "shop-us");
  EXPECT_TRUE(wait_until([&] { return is(Vote::kFiring, false); }));

  prometheus.process().signal(SIGSTOP);
  EXPECT_TRUE(wait_until([&] { return is(Vote::kUnknown, false); }));
  prometheus.process().signal(SIGCONT);
  EXPECT_TRUE(wait_until([&] { return is(Vote::kFiring, false); }));
}

TEST(PrometheusVotes, AServerThatHangsDelaysNoOther) {
  HangingServer hanging;
  StubExporter exporter;
  exporter.say(0, 0, 1);
  PrometheusFixture prometheus(exporter.port());
  const auto http = make_curl_client();
  const PrometheusServers servers{{{"us-east", hanging.url()}, {"eu-west", prometheus.url()}}, {}};
  const auto votes = make_prometheus_votes(servers, *http, system_clock());
  EXPECT_EQ(votes->quorum(), 2);
  votes->watch("shop", 7, "shop-us");
  ASSERT_TRUE(wait_until([&] { return votes->latest("shop").at(1).vote == Vote::kFiring; }));
  // Renewed again and again while the other one hangs.
  const BootTime first = votes->latest("shop").at(1).asked;
  EXPECT_TRUE(wait_until([&] { return votes->latest("shop").at(1).asked > first + 300ms; }));
  EXPECT_TRUE(wait_until([&] { return !votes->latest("shop").at(0).detail.empty(); }));
  const AlertVote silent = votes->latest("shop").at(0);
  EXPECT_EQ(silent.vote, Vote::kUnknown);
  EXPECT_EQ(silent.region, "us-east");
}

std::string answer(double firing_age) {
  return fmt::format(R"({{"status":"success","data":{{"resultType":"vector","result":[)"
                     R"({{"metric":{{"farshore_vote":"firing"}},"value":[1,"{}"]}}]}}}})",
                     firing_age);
}

TEST(PrometheusVotes, AnAlertWhoseRuleNoLongerRunsIsUnknown) {
  FakeHttpClient http;
  http.answer(200, answer(60));
  const auto votes = make_prometheus_votes(one("http://p"), http, system_clock());
  votes->watch("shop", 7, "shop-us");
  ASSERT_TRUE(wait_until([&] { return !http.requests().empty(); }));
  EXPECT_TRUE(wait_until([&] {
    const AlertVote vote = votes->latest("shop").at(0);
    return vote.vote == Vote::kUnknown && vote.detail.find("rules") != std::string::npos;
  }));
}

TEST(PrometheusVotes, AnErrorPageIsUnknown) {
  FakeHttpClient http;
  http.answer(503, "Service Unavailable");
  const auto votes = make_prometheus_votes(one("http://p"), http, system_clock());
  votes->watch("shop", 7, "shop-us");
  EXPECT_TRUE(wait_until([&] { return votes->latest("shop").at(0).detail == "answers 503"; }));
  EXPECT_EQ(votes->latest("shop").at(0).vote, Vote::kUnknown);
}

TEST(PrometheusVotes, NothingIsAskedUnlessItIsWatched) {
  FakeHttpClient http;
  http.answer(200, answer(0));
  const auto votes = make_prometheus_votes(one("http://p"), http, system_clock());
  EXPECT_EQ(votes->latest("shop").at(0).vote, Vote::kUnknown);
  EXPECT_FALSE(votes->latest("shop").at(0).watched);
  votes->watch("shop", 7, "shop-us");
  EXPECT_TRUE(votes->latest("shop").at(0).watched);
  ASSERT_TRUE(wait_until([&] { return votes->latest("shop").at(0).vote == Vote::kFiring; }));
  votes->unwatch("shop");
  EXPECT_EQ(votes->latest("shop").at(0).vote, Vote::kUnknown);
  EXPECT_EQ(votes->latest("shop").at(0).detail, "is not asked");
}

TEST(PrometheusVotes, AskedOnceEachAnswersAndNothingIsWatchedAfterwards) {
  FakeHttpClient http;
  http.answer(200, answer(0));
  const PrometheusServers servers{{{"us-east", "http://p"}, {"eu-west", "http://q"}}, {}};
  const auto votes = make_prometheus_votes(servers, http, system_clock());
  const auto once = votes->ask_once("shop", 7, "shop-us");
  ASSERT_EQ(once.size(), 2u);
  for (const AlertVote& vote : once) EXPECT_EQ(vote.vote, Vote::kFiring) << vote.detail;
  EXPECT_EQ(once[1].region, "eu-west");
  EXPECT_EQ(http.requests().size(), 2u);
  EXPECT_EQ(votes->latest("shop").at(0).detail, "is not asked");
}

}  // namespace
}  // namespace farshore
