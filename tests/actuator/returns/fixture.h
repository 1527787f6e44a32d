// What the tests of a primary that comes back, of runs that are held and of traffic that does not move share:
// the whole actuator, and what must hold of the servers themselves, whatever the journal says.
#pragma once

#include <gtest/gtest.h>

#include "tests/support/whole/whole_actuator.h"

namespace farshore::test {

class ReturnsTest : public ::testing::Test {
 protected:
  explicit ReturnsTest(WholeOptions options = {}) : world(std::move(options)) {}
  void SetUp() override {
    world.start();
    ASSERT_TRUE(world.reign_is(1)) << world.log();
    ASSERT_TRUE(world.standby->wait_for_sql("SELECT count(*) FROM farshore.epoch", "1"));
  }
  void TearDown() override {
    if (HasFailure()) fmt::print("{}\n", world.log());
  }
  // Nothing was promoted and everything streams from the old primary again, as it did before, within 10 s.
  void expect_as_before() {
    EXPECT_TRUE(world.standby->wait_for_sql(
        "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'", "1", 10s));
    EXPECT_EQ(world.standby->sql("SELECT pg_is_in_recovery()"), "t");
    EXPECT_EQ(world.standby->sql("SELECT timeline_id FROM pg_control_checkpoint()"), "1");
    EXPECT_EQ(world.primary->sql("SELECT pg_is_in_recovery()"), "f");
    EXPECT_EQ(world.primary->sql("SELECT string_agg(epoch || ' ' || server, ',') FROM farshore.epoch"),
              "1 shop-us");
    EXPECT_EQ(world.target(), "192.0.2.10\n");
    EXPECT_EQ(world.moves(), "");
    EXPECT_TRUE(metric_is("farshore_cluster_epoch_claimed{cluster=\"shop\"}", "0"));
  }
  void expect_one_promotion() {
    EXPECT_EQ(world.standby->sql("SELECT pg_is_in_recovery()"), "f");
    EXPECT_EQ(world.standby->sql("SELECT timeline_id FROM pg_control_checkpoint()"), "2");
    EXPECT_EQ(world.standby->sql(
                  "SELECT string_agg(epoch || ' ' || server, ',' ORDER BY epoch) FROM farshore.epoch"),
              "1 shop-us,2 shop-eu");
  }
  bool metric_is(const std::string& series, const std::string& value, nanoseconds limit = 10s) {
    return wait_until(
        [&] { return world.get("/metrics").find(series + " " + value + "\n") != std::string::npos; }, limit);
  }
  JsonValue cluster() { return world.get_json("/api/v1/status").get_array("clusters")->front(); }
  std::string reason() {
    const auto run = world.newest_run();
    return run ? run->get_string("reason").value_or("") : "";
  }

  WholeActuator world;
};

}  // namespace farshore::test
