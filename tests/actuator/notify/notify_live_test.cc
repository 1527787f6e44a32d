// Notifications over real HTTP: to a real Alertmanager and, through its receivers, on to people; to receivers
// played by the test for Grafana and a webhook.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actuator/notify/notifications.h"
#include "common/json/json_value.h"
#include "tests/fakes/memory_journal.h"
#include "tests/support/alertmanager_server.h"
#include "tests/support/certificates.h"
#include "tests/support/http_listener.h"

namespace farshore::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

// `url` stands for Slack or PagerDuty.
std::string alertmanager_configuration(const std::string& url) {
  return fmt::format(
      "route: {{receiver: people, group_by: [alertname, cluster], group_wait: 0s, group_interval: 1s}}\n"
      "receivers: [{{name: people, webhook_configs: [{{url: '{}', send_resolved: true}}]}}]\n",
      url);
}

class NotifyLive : public ::testing::Test {
 protected:
  NotifyConfig entry(const std::string& kind, const std::string& url) {
    NotifyConfig config;
    config.provider.kind = kind;
    config.provider.text = {{"url", url}};
    config.timeout = 2s;
    if (kind == "grafana") config.provider.text["token_file"] = folder_.file("token");
    return config;
  }
  void start() {
    write_file(folder_.file("token"), "glsa_1\n");
    notifications_ = Notifications::make(topology_, *http_, *journal_, system_clock()).value();
    notifications_->start();
  }
  std::string end_run(RunState state) {
    RunRecord run;
    run.cluster = "shop";
    run.old_region = "us-east";
    run.state = state;
    run.reason = "no proof that shop-us cannot write";
    run.started_at = system_clock().wall_now() - 5s;
    run.ended_at = system_clock().wall_now();
    EXPECT_TRUE(journal_->create_run(run));
    return run.id;
  }
  void set_state(const std::string& id, RunState state) {
    RunRecord run = journal_->run(id).value();
    run.state = state;
    EXPECT_TRUE(journal_->update_run(run));
  }
  void tell(const std::string& id, const std::string& kind) {
    notifications_->tell("shop", id, kind, "no proof that shop-us cannot write");
  }
  // The alerts that are active, as its API gives them.
  std::string active(const AlertmanagerServer& server) {
    const auto answer = http_->send({.method = "GET",
                                     .url = server.url() + "/api/v2/alerts?active=true",
                                     .headers = {},
                                     .body = "",
                                     .timeout = 5s,
                                     .max_response_bytes = size_t{1} << 20});
    return answer ? answer->body : "";
  }
  bool becomes_active(const AlertmanagerServer& server, const std::string& text) {
    return wait_until([&] { return active(server).find(text) != std::string::npos; }, 20s);
  }
  bool becomes_inactive(const AlertmanagerServer& server, const std::string& text) {
    return wait_until(
        [&] {
          const std::string alerts = active(server);
          return !alerts.empty() && alerts.find(text) == std::string::npos;
        },
        20s);
  }

  TempDir folder_;
  Topology topology_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
  std::unique_ptr<MemoryJournal> journal_ = make_memory_journal();
  std::unique_ptr<Notifications> notifications_;
};

TEST_F(NotifyLive, AHeldRunReachesPeopleThroughAlertmanagerAndSoDoesItsEnd) {
  HttpListener slack({"/slack"});
  AlertmanagerServer alertmanager(alertmanager_configuration(slack.url("/slack")));
  topology_.alertmanagers = {{"eu-central", alertmanager.url()}};
  topology_.notify = {NotifyConfig{}};
  topology_.notify[0].provider.kind = "alertmanager";
  start();
  const std::string id = end_run(RunState::kHeld);
  tell(id, "held");  // Alertmanager may not even be up yet

  ASSERT_TRUE(becomes_active(alertmanager, "FarshoreRunHeld")) << alertmanager.log();
  const auto seen = run_command({"amtool", "--alertmanager.url=" + alertmanager.url(), "alert", "query",
                                 "alertname=FarshoreRunHeld", "run_id=" + id, "-o", "json"});
  EXPECT_THAT(seen.output, HasSubstr("no proof that shop-us cannot write"));
  EXPECT_THAT(seen.output, HasSubstr(R"("severity":"critical")"));
  ASSERT_TRUE(wait_until([&] { return slack.count(R"("status":"firing")") > 0; }, 20s));

  set_state(id, RunState::kSucceeded);
  tell(id, "succeeded");
  ASSERT_TRUE(becomes_active(alertmanager, "FarshoreRunSucceeded"));
  EXPECT_TRUE(becomes_inactive(alertmanager, "FarshoreRunHeld"));
  EXPECT_TRUE(wait_until([&] { return slack.count(R"("status":"resolved")") > 0; }, 20s));
}

TEST_F(NotifyLive, EachAlertmanagerIsToldThoughAnotherIsDead) {
  HttpListener people({"/"});
  AlertmanagerServer alive(alertmanager_configuration(people.url("/"))),
      dead(alertmanager_configuration("http://127.0.0.1:9/"));
  dead.stop();
  topology_.alertmanagers = {{"us-east", dead.url()}, {"eu-west", alive.url()}};
  topology_.notify = {NotifyConfig{}};
  topology_.notify[0].provider.kind = "alertmanager";
  start();
  tell(end_run(RunState::kRefused), "refused");
  EXPECT_TRUE(becomes_active(alive, "FarshoreRunRefused")) << alive.log();
  dead.start();
  EXPECT_TRUE(becomes_active(dead, "FarshoreRunRefused")) << "it is told when it is back";
}

TEST_F(NotifyLive, GrafanaAndAWebhookGetWhatTheirApisTake) {
  HttpListener grafana({"/api/annotations"}), hook({"/farshore"});
  topology_.notify = {entry("grafana", grafana.url("")), entry("webhook", hook.url("/farshore"))};
  start();
  tell(end_run(RunState::kSucceeded), "succeeded");
  ASSERT_TRUE(wait_until([&] { return !grafana.received().empty() && !hook.received().empty(); }));
  const ServerRequest annotation = grafana.received().front();
  EXPECT_EQ(annotation.headers.at("authorization"), "Bearer glsa_1");
  EXPECT_EQ(annotation.headers.at("content-type"), "application/json");
  const JsonValue region = parse_json(annotation.body).value();
  EXPECT_EQ(region.get_int("timeEnd").value() - region.get_int("time").value(), 5000);
  EXPECT_EQ(parse_json(hook.received().front().body)->get_string("event").value(), "succeeded");
  EXPECT_TRUE(wait_until([&] { return notifications_->counts().at({"webhook", "sent"}) == 1; }));
}

TEST_F(NotifyLive, WhoHangsOrFailsKeepsNobodyElseWaiting) {
  HttpListener fails({"/"}), limits({"/"}), good({"/"});
  std::optional<HttpListener> slow;
  slow.emplace(std::vector<std::string>{"/"});
  slow->answer_after(10min);
  fails.answer(500);
  limits.answer(429);
  topology_.notify = {
      entry("webhook", slow->url("/")), entry("webhook", fails.url("/")), entry("webhook", limits.url("/")),
      entry("webhook", fmt::format("http://127.0.0.1:{}/", free_port())), entry("webhook", good.url("/"))};
  topology_.notify[0].timeout = 10min;
  start();
  for (int i = 0; i < 5; ++i) tell(end_run(RunState::kRefused), "refused");
  ASSERT_TRUE(wait_until([&] { return good.received().size() == 5; })) << "though one still hangs";
  ASSERT_TRUE(wait_until([&] { return notifications_->counts().at({"webhook", "failed"}) >= 4; }));

  fails.answer(200);
  limits.answer(200);
  EXPECT_TRUE(wait_until([&] { return notifications_->counts().at({"webhook", "sent"}) == 15; }, 60s));
  EXPECT_EQ(good.received().size(), 5u) << "once each";
  EXPECT_EQ(slow->received().size(), 1u) << "its first is still not answered";
  slow.reset();            // answers, so that its lane ends
  notifications_.reset();  // before those it talks to
}

// Answers POSTs over TLS with a certificate that no system trusts, and prints their paths.
constexpr const char* kTlsReceiver = R"(
import http.server, ssl, sys
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        print("got", self.path, flush=True)
        self.send_response(204)
        self.end_headers()
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True)
print("listening", flush=True)
server.serve_forever()
)";

TEST_F(NotifyLive, AReceiverBehindAPrivateAuthorityIsToldOnlyByWhoTrustsIt) {
  const CertificateAuthority authority;
  const Issued issued = authority.issue("receiver");
  const std::string port = std::to_string(free_port());
  ChildProcess receiver({"/usr/bin/python3", "-c", kTlsReceiver, port, issued.certificate, issued.key},
                        {.output_file = folder_.file("receiver.log"), .environment = {}, .run_as = {}});
  ASSERT_TRUE(receiver.wait_for_output("listening")) << receiver.output();
  const std::string url = "https://127.0.0.1:" + port;
  topology_.notify = {entry("grafana", url), entry("webhook", url + "/trusting"),
                      entry("webhook", url + "/careful")};
  for (const size_t i : {0, 1}) topology_.notify[i].provider.text["ca_file"] = authority.certificate();
  start();
  tell(end_run(RunState::kRefused), "refused");
  EXPECT_TRUE(receiver.wait_for_output("got /api/annotations")) << receiver.output();
  EXPECT_TRUE(receiver.wait_for_output("got /trusting")) << receiver.output();
  EXPECT_TRUE(wait_until([&] { return notifications_->counts().at({"webhook", "failed"}) >= 1; }));
  EXPECT_THAT(receiver.output(), ::testing::Not(HasSubstr("/careful")));
  notifications_.reset();  // before what it talks to
}

// Two hooks of one host, as of Slack: each has its own place in the journal, and neither's secret is there.
TEST_F(NotifyLive, TheJournalKnowsAReceiverByItsHostAndPlaceAndNotByItsSecret) {
  HttpListener hooks({"/T00SECRET/one", "/T00SECRET/two"});
  const std::string host = hooks.url("");
  topology_.notify = {entry("webhook", hooks.url("/T00SECRET/one")),
                      entry("webhook", hooks.url("/T00SECRET/two"))};
  start();
  const std::string id = end_run(RunState::kRefused);
  tell(id, "refused");
  ASSERT_TRUE(wait_until([&] { return notifications_->counts().at({"webhook", "sent"}) == 2; }));
  for (const std::string& receiver : {"webhook " + host, "webhook " + host + " (2)"}) {
    ASSERT_TRUE(wait_until([&] { return journal_->told(receiver)->size() == 1; })) << receiver;
    EXPECT_EQ(journal_->told(receiver)->front().run_id, id);
  }
  EXPECT_TRUE(journal_->told("webhook " + hooks.url("/T00SECRET/one"))->empty());
  notifications_.reset();
}

TEST(NotifyExample, ItsReceiversAreGoodForAlertmanager) {
  const auto checked =
      run_command({"amtool", "check-config", FARSHORE_SOURCE_DIR "/examples/notify/alertmanager.yml"});
  EXPECT_EQ(checked.exit_code, 0) << checked.output;
  const auto receiver = [](const std::string& alertname, const std::string& severity) {
    return run_command({"amtool", "config", "routes", "test",
                        "--config.file=" FARSHORE_SOURCE_DIR "/examples/notify/alertmanager.yml",
                        "alertname=" + alertname, "severity=" + severity, "cluster=shop"})
        .output;  // amtool warns that no address is needed
  };
  EXPECT_THAT(receiver("FarshoreRunHeld", "critical"), EndsWith("\npagerduty,slack\n"));
  EXPECT_THAT(receiver("FarshoreRunSucceeded", "warning"), EndsWith("\nslack\n"));
  EXPECT_THAT(receiver("FarshoreNotReady", "warning"), EndsWith("\nhumans\n"));
}

}  // namespace
}  // namespace farshore::test
