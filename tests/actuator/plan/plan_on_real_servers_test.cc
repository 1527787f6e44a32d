// The rehearsal of the real actuator between real servers: what it says of them, and that it leaves no trace.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/whole/whole_actuator.h"

namespace farshore::test {
namespace {

std::string auto_conf(const PostgresFixture& server) {
  return read_file(server.data_dir() + "/postgresql.auto.conf");
}

class PlanOnRealServers : public ::testing::Test {
 protected:
  // Every statement that changes data or definitions, ALTER SYSTEM among them, is in the servers' logs.
  PlanOnRealServers()
      : world({.second_standby = false,
               .failover = WholeOptions().failover,
               .traffic = "",
               .primary_settings = {"log_statement = 'mod'"},
               .standby_settings = {"log_statement = 'mod'"}}) {}
  void SetUp() override {
    world.start();
    ASSERT_TRUE(world.reign_is(1)) << world.log();
    ASSERT_TRUE(world.standby->wait_for_sql("SELECT count(*) FROM farshore.epoch", "1"));
    ASSERT_TRUE(says("")) << plan().to_json() << world.log();
  }
  void TearDown() override {
    if (HasFailure()) fmt::print("{}\n", world.log());
  }

  JsonValue plan() {
    const auto clusters = world.get_json("/api/v1/status").get_array("clusters").value();
    return clusters.at(0).find("plan").value_or(parse_json("{}").value());
  }
  std::string reasons() {
    const auto obstacles = plan().get_array("obstacles");
    if (!obstacles) return "none yet";
    std::string words;
    for (const JsonValue& obstacle : *obstacles)
      words += (words.empty() ? "" : ",") + obstacle.get_string("reason").value_or("?");
    return words;
  }
  // Until a rehearsal gives these reasons. Ending a pause that there is not makes it rehearse at once.
  bool says(const std::string& expected) {
    return wait_until([&] {
      (void)world.post("/api/v1/clusters/shop/resume", "{}");
      return wait_until([&] { return reasons() == expected; }, 1s);
    });
  }
  CommandResult ctl() {
    return run_command({FARSHORE_BINARY_DIR "/actuator/ctl/farshorectl",
                        "--config.file=" + world.folder.file("farshore.yml"),
                        "--actuator.token-file=" + world.folder.file("person.token"), "plan", "shop"});
  }

  WholeActuator world;
};

TEST_F(PlanOnRealServers, SaysWhatStandsInTheWayAndWritesToNobody) {
  const std::string logs = world.primary->log() + world.standby->log();
  const std::string settings = auto_conf(*world.primary) + auto_conf(*world.standby);
  EXPECT_EQ(plan().get_string("candidate"), "shop-eu");
  EXPECT_EQ(plan().get_double("loss_bytes"), 0);
  EXPECT_NE(world.get("/metrics").find("farshore_failover_ready{cluster=\"shop\",reason=\"\"} 1\n"),
            std::string::npos);
  const auto ready = ctl();
  EXPECT_EQ(ready.exit_code, 0) << ready.output;
  EXPECT_NE(ready.output.find("shop: ready: shop-eu would take over from shop-us"), std::string::npos);

  EXPECT_EQ(world.post("/api/v1/clusters/shop/pause", R"({"reason":"upgrade"})").status, 200);
  EXPECT_TRUE(wait_until([&] { return reasons() == "paused"; })) << reasons();
  EXPECT_TRUE(says("")) << reasons();

  for (const auto& [script, reason] :
       {std::pair("fence", "fence_unreadable"), {"traffic", "traffic_unreadable,traffic_nameservers"}}) {
    std::filesystem::rename(world.folder.file(script), world.folder.file("away"));
    EXPECT_TRUE(says(reason)) << reasons();
    std::filesystem::rename(world.folder.file("away"), world.folder.file(script));
    EXPECT_TRUE(says("")) << reasons();
  }
  EXPECT_EQ(auto_conf(*world.primary) + auto_conf(*world.standby), settings);
  std::string now = world.primary->log() + world.standby->log();
  for (const char* mark : {"ALTER ", "INSERT ", "UPDATE ", "DELETE ", "CREATE "}) {
    const auto count = [mark](const std::string& text) {
      size_t found = 0;
      for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) ++found;
      return found;
    };
    EXPECT_EQ(count(now), count(logs)) << mark;
  }
  EXPECT_NE(logs.find("INSERT INTO farshore.epoch"), std::string::npos) << "what is written is logged";
}

TEST_F(PlanOnRealServers, NamesAStandbyThatIsDelayedFrozenOrStoppedAndLeavesItAsItIs) {
  world.standby->sql("SELECT pg_wal_replay_pause()");
  world.standby->sql("ALTER SYSTEM SET recovery_min_apply_delay = '1h'");
  world.standby->reload();
  const std::string settings = auto_conf(*world.standby);
  EXPECT_TRUE(says("standby_delayed")) << reasons();
  const auto held = ctl();
  EXPECT_EQ(held.exit_code, 3) << held.output;
  EXPECT_NE(held.output.find("not ready: shop-eu is delayed by recovery_min_apply_delay = 3600 s"),
            std::string::npos)
      << held.output;
  EXPECT_EQ(world.standby->sql("SELECT pg_is_wal_replay_paused()"), "t");
  EXPECT_EQ(auto_conf(*world.standby), settings);
  EXPECT_EQ(world.standby->sql("SELECT status FROM pg_stat_wal_receiver"), "streaming");

  world.standby->freeze();
  EXPECT_TRUE(says("standby_unreachable")) << reasons();
  world.standby->resume();
  EXPECT_TRUE(says("standby_delayed")) << reasons();
  world.standby->stop();
  EXPECT_TRUE(says("standby_unreachable")) << reasons();
  EXPECT_EQ(world.get_json("/api/v1/runs").get_array("runs")->size(), 0u);
}

}  // namespace
}  // namespace farshore::test
