// A primary that answers and cannot commit, and what a held run needs to be permitted.
#include <gtest/gtest.h>

#include "actuator/journal/journal_rules.h"
#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

class SickPrimary : public ::testing::Test {
 protected:
  void TearDown() override {
    world.check_the_end();
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
  }
  void fall_sick() {
    world.run_for(5s);
    world.server("shop-us").sick = true;
    world.run_for(5s);
    world.deliver_alert();
    world.run_for(15s);
  }
  RunRecord run() { return *world.last_run(); }
  void approve() {
    const std::string digest = approval_digest(run(), world.last_facts());
    ASSERT_TRUE(world.journal.approve({run().id, "alice", digest, world.clock.wall_now()}));
    ASSERT_TRUE(world.worker->command(PersonCommand::kApprove, run().id, "alice"));
    world.run_for(10s);
  }

  World world;
};

TEST_F(SickPrimary, IsHeldAndFencedOnlyWhenAPersonPermitsIt) {
  fall_sick();
  ASSERT_EQ(run().state, RunState::kHeld);
  EXPECT_NE(run().reason.find("shop-us answers but cannot commit"), std::string::npos) << run().reason;
  EXPECT_EQ(world.last_facts()["needs"], "sick");
  EXPECT_FALSE(world.server("shop-us").fenced);
  approve();
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
  EXPECT_TRUE(world.server("shop-us").fenced) << "a permission to act is none to go without proof";
}

TEST_F(SickPrimary, ThatIsWellAgainWhenThePersonAnswersIsLeftAlone) {
  fall_sick();
  ASSERT_EQ(run().state, RunState::kHeld);
  world.server("shop-us").sick = false;
  approve();
  EXPECT_EQ(run().state, RunState::kRefused) << run().reason;
  EXPECT_FALSE(world.server("shop-us").fenced);
}

TEST_F(SickPrimary, IsFailedOverWhenOnSickSaysSo) {
  world.config.failover.on_sick = OnSick::kAutomatic;
  fall_sick();
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
  EXPECT_TRUE(world.server("shop-us").fenced);
}

TEST_F(SickPrimary, WhoseFenceCannotProveItIsHeldForBoth) {
  world.fence_works = false;
  fall_sick();
  approve();
  world.run_for(40s);
  ASSERT_EQ(run().state, RunState::kHeld);
  EXPECT_EQ(world.last_facts()["needs"], "proof,sick");
  EXPECT_TRUE(world.promotions.empty());
}

TEST_F(SickPrimary, InModeApproveAsksForBothAtOnce) {
  world.config.failover.mode = FailoverMode::kApprove;
  fall_sick();
  ASSERT_EQ(world.last_facts()["needs"], "sick,mode");
  approve();
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
}

class HeldRun : public SickPrimary {};

TEST_F(HeldRun, ADayOfItChangesNothingAndAnApprovalWorksAfterwards) {
  world.config.failover.mode = FailoverMode::kApprove;
  world.run_for(5s);
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.run_for(10s);
  ASSERT_EQ(run().state, RunState::kHeld);
  const std::string digest = approval_digest(run(), world.last_facts());
  ASSERT_TRUE(world.journal.approve({run().id, "alice", digest, world.clock.wall_now()}));
  const size_t lines = world.journal.steps(run().id)->size(), told = world.told.size();
  for (int hour = 0; hour < 24; ++hour) {
    world.clock.advance(1h);
    world.run_for(10s);
  }
  EXPECT_EQ(world.journal.steps(run().id)->size(), lines);
  EXPECT_EQ(world.told.size(), told);
  EXPECT_EQ(run().state, RunState::kHeld);
  EXPECT_FALSE(world.server("shop-us").fenced);
  EXPECT_EQ(world.server("shop-eu").primary_conninfo, "host=shop-us user=replicator");
  ASSERT_TRUE(world.worker->command(PersonCommand::kApprove, run().id, "alice"));
  world.run_for(10s);
  EXPECT_EQ(run().state, RunState::kHeld) << "the approval of yesterday has lapsed";
  approve();
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
  EXPECT_LT(std::stod(world.last_facts()["quorum_wait_seconds"]), 60) << "not the day for which it was held";
}

TEST_F(HeldRun, ForOneThingAfterAnotherConverges) {
  world.config.failover.mode = FailoverMode::kApprove;
  world.fence_works = false;
  world.run_for(5s);
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.run_for(10s);
  ASSERT_EQ(world.last_facts()["needs"], "mode");
  approve();
  world.run_for(40s);
  ASSERT_EQ(world.last_facts()["needs"], "proof,mode");
  world.approved_without_proof = true;
  approve();
  world.run_for(40s);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
}

}  // namespace
}  // namespace farshore::simulation
