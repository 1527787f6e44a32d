// A failover in the simulated world, and what a person does to it.
#pragma once

#include <gtest/gtest.h>

#include "actuator/journal/journal_rules.h"
#include "tests/simulation/world.h"

namespace farshore::simulation {

class FailoverEngine : public ::testing::Test {
 protected:
  void TearDown() override {
    world.check_the_end();
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
  }

  void lose_and_alert() {
    world.run_for(5s);
    world.lose_primary();
    world.run_for(4s);
    world.deliver_alert();
  }
  RunRecord run() { return world.last_run().value_or(RunRecord()); }
  void expect_held(const std::string& reason) {
    EXPECT_EQ(run().state, RunState::kHeld);
    EXPECT_NE(run().reason.find(reason), std::string::npos) << run().reason;
    EXPECT_TRUE(world.promotions.empty());
  }
  void hold_for_approval() {
    world.config.failover.mode = FailoverMode::kApprove;
    lose_and_alert();
    world.run_for(10s);
    expect_held("failover.mode is approve");
  }
  // What a person does: looks, then approves what was shown.
  void approve() {
    const std::string digest = approval_digest(run(), world.last_facts());
    ASSERT_TRUE(world.journal.approve({run().id, "alice", digest, world.clock.wall_now()}));
    ASSERT_TRUE(world.worker->command(PersonCommand::kApprove, run().id, "alice"));
  }
  std::string verdict_of_last_alert() {
    const auto alerts = world.journal.recent_alerts(1);
    return alerts->front().verdict + ": " + alerts->front().reason;
  }

  World world;
};

}  // namespace farshore::simulation
