// Deliveries through the real HTTP server: captured bodies of Alertmanager, and everything that is not one.
#include "actuator/webhook/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "common/http/client.h"
#include "tests/common/http/raw_client.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_journal.h"
#include "tests/fakes/recording_control.h"

namespace farshore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class WordAuthenticator : public Authenticator {
 public:
  Result<Principal> authenticate(const std::string& authorization) const override {
    if (authorization == "Bearer webhook") return Principal{"am-us", {Role::kWebhook}};
    if (authorization == "Bearer operator") return Principal{"anna", {Role::kOperator}};
    return fail(ErrorCode::kPermission, "not known");
  }
};

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string captured(const std::string& name) {
  std::ifstream file(std::string(FARSHORE_SOURCE_DIR) + "/tests/fixtures/webhooks/" + name);
  std::ostringstream content;
  content << file.rdbuf();
  EXPECT_FALSE(content.str().empty()) << name;
  return content.str();
}

// The captured alerts as the rules of this project would have labelled them.
std::string as_ours(const std::string& body) {
  const std::string action = R"("farshore_action":"failover","server":"pg-1",)";
  std::string dressed = replace_all(body, "PrimaryDown", "FarshorePrimaryDown");
  dressed = replace_all(dressed, R"("cluster":"orders")", action + R"("epoch":"2","cluster":"orders")");
  return replace_all(dressed, R"("cluster":"billing")", action + R"("epoch":"5","cluster":"billing")");
}

ClusterConfig cluster(const std::string& name, const std::string& region) {
  ServerConfig server;
  server.name = "pg-1";
  server.region = region;
  ClusterConfig config;
  config.name = name;
  config.servers = {server};
  return config;
}

class WebhookTest : public ::testing::Test {
 protected:
  void SetUp() override {
    topology_.clusters = {cluster("orders", "eu-west-1"), cluster("billing", "us-east-1")};
    at("2026-11-22T07:14:00Z");
    ASSERT_TRUE(journal_.adopt({"orders", 2, "pg-1", 1, "77", clock_.wall_now()}));
    ASSERT_TRUE(journal_.adopt({"billing", 5, "pg-1", 1, "78", clock_.wall_now()}));
    start();
  }

  void start(nanoseconds body_deadline = 2s) {
    HttpServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    options.threads = 24;
    options.body_deadline = body_deadline;
    options.authenticator = std::make_shared<WordAuthenticator>();
    Route health{"GET", "/metrics", [](const ServerRequest&) { return ServerReply{}; }};
    auto server = HttpServer::start(
        std::move(options),
        {webhook_route(journal_, control_, topology_, clock_, counters_), std::move(health)});
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }

  void at(const std::string& time) { clock_.step_wall(parse_rfc3339(time).value() - clock_.wall_now()); }

  HttpResponse deliver(const std::string& body, const std::string& authorization = "Bearer webhook",
                       const std::string& type = "application/json") {
    HttpRequest request{"POST", url(), {{"Content-Type", type}}, body};
    if (!authorization.empty()) request.headers["Authorization"] = authorization;
    auto response = client_->send(request);
    EXPECT_TRUE(response.has_value()) << response.error().message;
    return response.value_or(HttpResponse{});
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/api/v1/alerts", server_->port()); }

  // Verdicts and reasons of everything in the journal, oldest first; "pending" for an empty verdict.
  std::vector<std::string> verdicts() {
    std::vector<std::string> found;
    const auto alerts = journal_.recent_alerts(10'000).value();
    for (auto alert = alerts.rbegin(); alert != alerts.rend(); ++alert) {
      found.push_back(alert->verdict.empty() ? "pending" : alert->verdict + ": " + alert->reason);
    }
    return found;
  }

  FakeClock clock_;
  MemoryJournal journal_;
  RecordingControl control_;
  WebhookCounters counters_;
  Topology topology_;
  std::unique_ptr<HttpClient> client_ = make_curl_client();
  std::unique_ptr<HttpServer> server_;
};

struct Capture {
  const char* file;
  const char* at;
  std::vector<std::string> as_captured, as_ours;  // how each verdict begins
};

class CapturedBodies : public WebhookTest, public ::testing::WithParamInterface<Capture> {};

const std::string kNotOurs = "refused: alert PrimaryDown is not one that is acted on";
const std::string kResolved = "noted: resolved";

INSTANTIATE_TEST_SUITE_P(
    All, CapturedBodies,
    ::testing::Values(Capture{"01_firing_single.json", "2026-11-22T07:14:00Z", {kNotOurs}, {"pending"}},
                      Capture{"02_firing_no_annotations.json",
                              "2026-11-22T07:14:00Z",
                              {"refused: alert ReplicaLagHigh"},
                              {"refused: alert ReplicaLagHigh"}},
                      Capture{"03_firing_no_group_by.json",
                              "2026-11-22T07:26:32Z",
                              {kNotOurs, kNotOurs},
                              {"pending", "pending"}},
                      Capture{"04_firing_group_by_all_metachar_receiver.json",
                              "2026-11-22T07:14:00Z",
                              {kNotOurs},
                              {"pending"}},
                      Capture{"05_repeat.json", "2026-11-22T07:14:00Z", {kNotOurs}, {"pending"}},
                      Capture{"06_two_cluster_group.json",
                              "2026-11-22T07:14:00Z",
                              {kNotOurs, kNotOurs},
                              {"pending", "pending"}},
                      Capture{"08_mixed_group_resolved_and_firing.json",
                              "2026-11-22T07:14:21Z",
                              {kNotOurs, kNotOurs},
                              {kResolved, "pending"}},
                      Capture{"10_resolved_single.json", "2026-11-22T07:14:21Z", {kNotOurs}, {kResolved}},
                      Capture{"12_refire_same_fingerprint_new_startsAt.json",
                              "2026-11-22T07:14:43Z",
                              {kNotOurs},
                              {"pending"}}));

TEST_P(CapturedBodies, AreJournaledWithAVerdictButNotActedOnWithoutOurLabels) {
  at(GetParam().at);
  EXPECT_EQ(deliver(captured(GetParam().file)).status, 202);
  const auto found = verdicts();
  ASSERT_EQ(found.size(), GetParam().as_captured.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_THAT(found[i], StartsWith(GetParam().as_captured[i]));
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_P(CapturedBodies, AreTakenAlertByAlertWithOurLabels) {
  at(GetParam().at);
  EXPECT_EQ(deliver(as_ours(captured(GetParam().file))).status, 202);
  const auto found = verdicts();
  ASSERT_EQ(found.size(), GetParam().as_ours.size());
  size_t pending = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_THAT(found[i], StartsWith(GetParam().as_ours[i]));
    if (found[i] == "pending") ++pending;
  }
  EXPECT_EQ(control_.asked().size(), pending);  // one cluster each
}

TEST_F(WebhookTest, JournalsWhoDeliveredAndWhatTheAlertSaid) {
  EXPECT_EQ(deliver(as_ours(captured("01_firing_single.json"))).body, "{\"pending\":1}\n");
  const auto alert = journal_.pending_alerts("orders").value().at(0);
  EXPECT_EQ(alert.principal, "am-us");
  EXPECT_EQ(alert.region, "eu-west-1");
  EXPECT_EQ(alert.server, "pg-1");
  EXPECT_EQ(alert.epoch, 2);
  EXPECT_EQ(alert.fingerprint, "84a34a6f723c9418");
  EXPECT_EQ(format_rfc3339(alert.starts_at), "2026-11-22T07:13:48.970Z");
  EXPECT_EQ(alert.received_at, clock_.wall_now());
  EXPECT_THAT(control_.asked(), ElementsAre("wake orders"));
}

TEST_F(WebhookTest, CallsARepeatADuplicateAndARefireANewAlert) {
  const auto body = as_ours(captured("05_repeat.json"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(deliver(body).status, 202);
  at("2026-11-22T07:14:43Z");
  EXPECT_EQ(deliver(as_ours(captured("12_refire_same_fingerprint_new_startsAt.json"))).status, 202);
  EXPECT_THAT(verdicts(),
              ElementsAre("pending", StartsWith("duplicate"), StartsWith("duplicate"), "pending"));
}

TEST_F(WebhookTest, LetsOneOf20IdenticalDeliveriesAtOnceBePending) {
  const auto body = as_ours(captured("01_firing_single.json"));
  {
    std::vector<std::jthread> senders;
    for (int i = 0; i < 20; ++i) {
      senders.emplace_back([&] { EXPECT_EQ(deliver(body).status, 202); });
    }
  }
  EXPECT_EQ(verdicts().size(), 20U);
  EXPECT_EQ(journal_.pending_alerts("orders").value().size(), 1U);
  EXPECT_THAT(control_.asked(), ElementsAre("wake orders"));
  const auto counts = counters_.snapshot();
  EXPECT_EQ(counts.alerts.at("pending"), 1);
  EXPECT_EQ(counts.alerts.at("duplicate"), 19);
}

TEST_F(WebhookTest, RefusesTheAlertOfAnEarlierReign) {
  const auto body =
      replace_all(as_ours(captured("01_firing_single.json")), R"("epoch":"2")", R"("epoch":"1")");
  EXPECT_EQ(deliver(body).status, 202);
  EXPECT_THAT(verdicts(), ElementsAre(StartsWith("refused: alert of an earlier reign")));
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(WebhookTest, RefusesAnUnknownClusterAndHostileLabelsWithoutHarm) {
  const auto ours = as_ours(captured("01_firing_single.json"));
  EXPECT_EQ(deliver(replace_all(ours, R"("cluster":"orders")", R"("cluster":"nowhere")")).status, 202);
  EXPECT_EQ(
      deliver(replace_all(ours, R"("cluster":"orders")", R"("cluster":"'; DROP TABLE alerts;\n\u0000<b>")"))
          .status,
      202);
  EXPECT_EQ(
      deliver(replace_all(ours, R"("cluster":"orders")", "\"cluster\":\"" + std::string(9000, 'x') + "\""))
          .status,
      202);
  EXPECT_THAT(verdicts(), ElementsAre(StartsWith("refused: cluster nowhere is not in the topology"),
                                      StartsWith("refused: the label cluster"),
                                      StartsWith("refused: the label cluster")));
  const auto alerts = journal_.recent_alerts(3).value();
  EXPECT_LT(alerts[0].cluster.size(), 140U);
  EXPECT_EQ(alerts[1].cluster, "'; DROP TABLE alerts;\\x0a\\x00\\x3cb\\x3e");
}

TEST_F(WebhookTest, ActsOnNothingWhenAlertmanagerLeftAlertsOut) {
  const auto body = replace_all(as_ours(captured("06_two_cluster_group.json")), R"("truncatedAlerts":0)",
                                R"("truncatedAlerts":1)");
  EXPECT_EQ(deliver(body).status, 202);
  EXPECT_THAT(verdicts(), ElementsAre(StartsWith("refused: truncated"), StartsWith("refused: truncated")));
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(WebhookTest, NotesTheWatchdogAndWhenItCame) {
  const std::string body =
      R"({"version":"4","alerts":[{"status":"firing","labels":{"alertname":"FarshoreWatchdog",)"
      R"("farshore_action":"watchdog"},"startsAt":"2026-11-01T00:00:00Z","fingerprint":"1"}]})";
  EXPECT_FALSE(counters_.snapshot().watchdog_seen.has_value());
  EXPECT_EQ(deliver(body).status, 202);
  EXPECT_EQ(counters_.snapshot().watchdog_seen, clock_.wall_now());
  EXPECT_THAT(verdicts(), ElementsAre(StartsWith("noted: watchdog")));
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(WebhookTest, Answers503AndStoresNothingWhenTheJournalCannotBeWritten) {
  journal_.before_write = [](std::string_view) -> Status {
    return fail(ErrorCode::kUnavailable, "disk full");
  };
  const auto body = as_ours(captured("01_firing_single.json"));
  const auto refused = deliver(body);
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("unavailable"));
  EXPECT_THAT(verdicts(), IsEmpty());
  EXPECT_THAT(control_.asked(), IsEmpty());
  EXPECT_EQ(counters_.snapshot().refused.at("journal"), 1);
  journal_.before_write = nullptr;
  EXPECT_EQ(deliver(body).status, 202);
  EXPECT_THAT(verdicts(), ElementsAre("pending"));
}

TEST_F(WebhookTest, Answers503WhenTheJournalCannotBeRead) {
  journal_.lose_power();
  EXPECT_EQ(deliver(as_ours(captured("01_firing_single.json"))).status, 503);
}

TEST_F(WebhookTest, AsksForTheLatchBeforeAnythingOfTheDeliveryCanBeSeen) {
  control_.note_losses_answer = fail(ErrorCode::kUnavailable, "the latch cannot be written");
  EXPECT_EQ(deliver(as_ours(captured("06_two_cluster_group.json"))).status, 503);
  EXPECT_EQ(control_.losses_noted(), 2U);
  EXPECT_THAT(verdicts(), IsEmpty());
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(WebhookTest, RefusesWhatIsNoDelivery) {
  for (const char* body :
       {"", "{", "not json", "[]", R"({"version":"3","alerts":[]})", R"({"version":"4"})"}) {
    EXPECT_EQ(deliver(body).status, 400) << body;
  }
  EXPECT_EQ(deliver("{}", "Bearer webhook", "text/plain").status, 415);
  EXPECT_EQ(deliver(std::string(2 << 20, ' ')).status, 413);
  EXPECT_THAT(verdicts(), IsEmpty());
  const auto counts = counters_.snapshot().refused;
  EXPECT_EQ(counts.at("malformed"), 6);
  EXPECT_EQ(counts.at("wrong_type"), 1);
  EXPECT_EQ(counts.at("too_large"), 1);
}

TEST_F(WebhookTest, RefusesWrongAndMissingCredentialsAndRoles) {
  const auto body = as_ours(captured("01_firing_single.json"));
  EXPECT_EQ(deliver(body, "").status, 401);
  EXPECT_EQ(deliver(body, "Bearer guessed").status, 401);
  EXPECT_EQ(deliver(body, "Bearer operator").status, 403);
  EXPECT_THAT(verdicts(), IsEmpty());
  EXPECT_EQ(counters_.snapshot().refused.at("unauthenticated"), 2);
  EXPECT_EQ(counters_.snapshot().refused.at("forbidden"), 1);
}

TEST_F(WebhookTest, GivesASlowClient408WhileOthersAreServed) {
  server_ = nullptr;
  start(1s);
  RawClient slow(server_->port());
  slow.send_text(
      "POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer webhook\r\n"
      "Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"version\"");
  EXPECT_EQ(deliver(as_ours(captured("01_firing_single.json"))).status, 202);
  EXPECT_EQ(counters_.snapshot().refused.count("body_timeout"), 0U) << "others had to wait for the slow one";
  EXPECT_THAT(slow.receive(), StartsWith("HTTP/1.1 408"));
  EXPECT_EQ(counters_.snapshot().refused.at("body_timeout"), 1);
}

TEST_F(WebhookTest, Takes3000AlertsInOneBody) {
  std::string body = R"({"version":"4","alerts":[)";
  for (int i = 0; i < 3000; ++i) {
    body += fmt::format(
        R"({}{{"status":"firing","labels":{{"alertname":"FarshorePrimaryDown","farshore_action":"failover",)"
        R"("cluster":"cluster-{}","region":"eu-west-1","server":"pg-1","epoch":"2"}},)"
        R"("startsAt":"2026-11-22T07:13:57Z","fingerprint":"{:016x}"}})",
        i == 0 ? "" : ",", i, i);
  }
  body = replace_all(body + "]}", "cluster-1234\"", "orders\"");
  ASSERT_LT(body.size(), size_t{1} << 20);
  EXPECT_EQ(deliver(body).body, "{\"pending\":1,\"refused\":2999}\n");
  EXPECT_EQ(journal_.pending_alerts("orders").value().size(), 1U);
  EXPECT_THAT(control_.asked(), ElementsAre("wake orders"));
}

}  // namespace
}  // namespace farshore
