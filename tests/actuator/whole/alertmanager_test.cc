// A real Alertmanager on the generated configuration, killed in the middle of an incident: it has forgotten
// what it told and tells it again. Nothing is done twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actuator/ctl/generate/generate.h"
#include "common/topology/address.h"
#include "common/topology/topology.h"
#include "tests/support/alertmanager_server.h"
#include "tests/support/whole/whole_actuator.h"

namespace farshore::test {
namespace {

using ::testing::StartsWith;

class Alertmanager {
 public:
  explicit Alertmanager(const WholeActuator& world) {
    const Topology topology = load_topology(world.folder.file("farshore.yml")).value();
    const HostPort where = host_port_of_url(topology.alertmanagers.front().url).value();
    server_ = std::make_unique<AlertmanagerServer>(
        generate_alertmanager(topology, {.token_file = world.folder.file("hook.token")}), where.port);
  }

  void lose_memory() { server_->lose_memory(); }
  // As Prometheus does every few seconds while the rule fires.
  bool tell(const std::string& starts_at) {
    HttpRequest request{
        "POST", server_->url() + "/api/v2/alerts", {{"Content-Type", "application/json"}}, ""};
    request.body =
        fmt::format(R"([{{"labels":{{"alertname":"FarshorePrimaryDown","cluster":"shop","region":"us-east",)"
                    R"("server":"shop-us","epoch":"1","severity":"critical","farshore_action":"failover"}},)"
                    R"("startsAt":"{}","endsAt":"{}","generatorURL":"http://prometheus"}}])",
                    starts_at, format_rfc3339(system_clock().wall_now() + 60s));
    const auto answer = http_->send(request);
    return answer && answer->status == 200;
  }
  std::string log() const { return server_->log(); }

 private:
  std::unique_ptr<AlertmanagerServer> server_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
};

// "<verdict>: <reason>" of the alerts about failover, oldest first.
std::vector<std::string> verdicts(WholeActuator& world) {
  std::vector<std::string> found;
  const JsonValue answer = world.get_json("/api/v1/alerts?limit=1000");
  const std::vector<JsonValue> alerts = answer.get_array("alerts").value();
  for (const JsonValue& alert : alerts)
    if (alert.get_string("action").value() == "failover")
      found.insert(found.begin(),
                   alert.get_string("verdict").value() + ": " + alert.get_string("reason").value());
  return found;
}

// Tells the Alertmanager until the actuator has heard of it once more; the verdict.
std::string tell_until_heard(Alertmanager& alertmanager, WholeActuator& world, const std::string& starts_at) {
  const size_t before = verdicts(world).size();
  const bool heard = wait_until(
      [&] {
        alertmanager.tell(starts_at);
        const auto now = verdicts(world);
        return now.size() > before && !now.back().starts_with("pending");
      },
      30s);
  EXPECT_TRUE(heard) << alertmanager.log();
  return verdicts(world).back();
}

TEST(RealAlertmanager, ThatForgetsWhatItToldMakesDuplicatesAndNothingIsDoneTwice) {
  WholeOptions options;
  options.failover = "{mode: approve, max_data_loss: {bytes: 16MiB, time: 10s}, cooldown: 1h}";
  WholeActuator world(options);
  world.start();
  ASSERT_TRUE(world.reign_is(1)) << world.log();
  ASSERT_TRUE(world.standby->wait_for_sql("SELECT count(*) FROM farshore.epoch", "1"));
  Alertmanager alertmanager(world);
  world.primary->kill();
  world.alert_fires = true;
  const std::string starts_at = format_rfc3339(system_clock().wall_now());
  EXPECT_THAT(tell_until_heard(alertmanager, world, starts_at), StartsWith("acted_on"));
  ASSERT_EQ(world.wait_for_run({"held", "refused", "succeeded"}), "held") << world.run_text();

  alertmanager.lose_memory();
  EXPECT_THAT(tell_until_heard(alertmanager, world, starts_at), StartsWith("duplicate"));
  EXPECT_EQ(world.target(), "192.0.2.10\n");

  const std::string id = world.run_id();
  EXPECT_EQ(world
                .post("/api/v1/runs/" + id + "/approve",
                      fmt::format(R"({{"digest":"{}"}})", world.approval_digest()))
                .status,
            200);
  ASSERT_EQ(world.wait_for_run({"succeeded"}), "succeeded") << world.run_text() << world.log();
  alertmanager.lose_memory();
  EXPECT_THAT(tell_until_heard(alertmanager, world, starts_at),
              StartsWith("refused: alert of an earlier reign (1; now it is 2)"));

  const auto all = verdicts(world);
  EXPECT_EQ(std::count_if(all.begin(), all.end(),
                          [](const auto& verdict) { return verdict.starts_with("acted_on"); }),
            1);
  EXPECT_EQ(world.run_id(), id) << "a second run";
  EXPECT_EQ(world.standby->sql("SELECT timeline_id FROM pg_control_checkpoint()"), "2");
  EXPECT_EQ(world.moves(), "198.51.100.20\n");
}

}  // namespace
}  // namespace farshore::test
