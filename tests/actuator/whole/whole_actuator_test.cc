#include "tests/support/whole/whole_actuator.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace farshore::test {
namespace {

class WholeActuatorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world.start();
    ASSERT_TRUE(world.reign_is(1)) << world.log();
    ASSERT_TRUE(world.standby->wait_for_sql("SELECT count(*) FROM farshore.epoch", "1"));
  }
  void TearDown() override {
    if (HasFailure()) fmt::print("{}\n", world.log());
  }
  // What must hold of the servers themselves, whatever the journal says.
  void expect_one_promotion() {
    EXPECT_EQ(world.standby->sql("SELECT pg_is_in_recovery()"), "f");
    EXPECT_EQ(world.standby->sql("SELECT timeline_id FROM pg_control_checkpoint()"), "2");
    EXPECT_EQ(world.standby->sql(
                  "SELECT string_agg(epoch || ' ' || server, ',' ORDER BY epoch) FROM farshore.epoch"),
              "1 shop-us,2 shop-eu");
    EXPECT_EQ(world.target(), "198.51.100.20\n");
  }

  WholeActuator world;
};

TEST_F(WholeActuatorTest, PromotesTheRealStandbyWhenTheRealPrimaryIsKilled) {
  world.lose_primary();
  EXPECT_EQ(world.wait_for_run({"succeeded", "held"}), "succeeded") << world.run_text();
  expect_one_promotion();
  EXPECT_EQ(world.deliver_alert(), 202);  // late, of the earlier epoch
  EXPECT_TRUE(wait_until([&] { return world.get("/api/v1/alerts").find("refused") != std::string::npos; }));
}

TEST_F(WholeActuatorTest, EndsRightWhenItIsKilledDuringPromote) {
  world.lose_primary();
  // Its intent is in the journal: from here on pg_promote may or may not have been called.
  ASSERT_TRUE(world.wait_for_step("promote"));
  world.kill();
  world.start();
  EXPECT_EQ(world.wait_for_run({"succeeded", "held"}), "succeeded") << world.run_text();
  expect_one_promotion();
}

TEST_F(WholeActuatorTest, EndsRightWhenItIsKilledWhileTrafficIsMoved) {
  world.break_script(ScriptFault::kTrafficIsSlow);
  world.lose_primary();
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(world.switching_file()); }, 30s));
  world.kill();
  EXPECT_EQ(world.target(), "192.0.2.10\n");
  world.start();
  EXPECT_EQ(world.wait_for_run({"succeeded", "held"}), "succeeded") << world.run_text();
  expect_one_promotion();
}

TEST_F(WholeActuatorTest, RefusesAnAlertWhileTheRealPrimaryLives) {
  world.alert_fires = true;
  EXPECT_EQ(world.deliver_alert(), 202);
  EXPECT_EQ(world.wait_for_run({"refused", "succeeded", "held"}), "refused");
  EXPECT_EQ(world.primary->sql("SELECT pg_is_in_recovery()"), "f");
  EXPECT_EQ(world.standby->sql("SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"), "1");
}

TEST_F(WholeActuatorTest, APausedClusterRefusesUntilItIsResumed) {
  EXPECT_EQ(world.post("/api/v1/clusters/shop/pause", R"({"reason":"upgrade"})").status, 200);
  world.lose_primary();
  EXPECT_TRUE(
      wait_until([&] { return world.get("/api/v1/alerts").find("paused by alice") != std::string::npos; }));
  EXPECT_EQ(world.standby->sql("SELECT pg_is_in_recovery()"), "t");
  EXPECT_EQ(world.post("/api/v1/clusters/shop/resume", "{}").status, 200);
  EXPECT_EQ(world.deliver_alert(), 202);
  EXPECT_EQ(world.wait_for_run({"succeeded", "held"}), "succeeded");
}

}  // namespace
}  // namespace farshore::test
