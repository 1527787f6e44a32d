// What a person permits, for which attempt, and for how long.
#include "tests/actuator/failover/engine_rig.h"

namespace farshore::simulation {
namespace {

using Approval = FailoverEngine;

TEST_F(Approval, ModeApproveWaitsForAPersonAndThenGoesOn) {
  hold_for_approval();
  EXPECT_FALSE(world.server("shop-us").fenced);
  approve();
  world.run_for(10s);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
}

TEST_F(Approval, TheJournalSaysThatAHeldRunStartsAgainBeforeTheFirstLook) {
  hold_for_approval();
  approve();
  std::optional<std::string> second_write;  // after the one that is about the new attempt itself
  const size_t steps_before = world.journal.steps(run().id)->size();
  const auto before = world.journal.before_write;
  world.journal.before_write = [&](std::string_view op) -> Status {
    if (!second_write && world.journal.steps(run().id)->size() == steps_before + 1) second_write = op;
    return before ? before(op) : Status();
  };
  world.run_for(10s);
  world.journal.before_write = before;
  EXPECT_EQ(second_write, "update_run");
  const StepRecord start = world.journal.steps(run().id)->at(steps_before);
  EXPECT_EQ(start.step, "start");
  EXPECT_EQ(start.attempt, 2);
  EXPECT_EQ(start.detail, "opened again, approved by alice");
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
}

TEST_F(Approval, AnApprovalOfOtherFactsIsVoid) {
  hold_for_approval();
  ASSERT_TRUE(world.journal.approve({run().id, "alice", "0123456789abcdef", world.clock.wall_now()}));
  ASSERT_TRUE(world.worker->command(PersonCommand::kApprove, run().id, "alice"));
  world.run_for(10s);
  expect_held("approve");
}

TEST_F(Approval, AnApprovalLapsesAfterFifteenMinutes) {
  hold_for_approval();
  approve();
  world.clock.advance(16min);
  world.run_for(10s);
  expect_held("approve");
}

TEST_F(Approval, AnApprovalIsVoidWhenTheFactsGotWorse) {
  hold_for_approval();
  ASSERT_EQ(run().state, RunState::kHeld);
  // The standby that held everything is gone; the one that is left misses more than the person was shown.
  world.server("shop-eu").cut_off = true;
  world.server("shop-ap").lsn = world.server("shop-ap").replay = Lsn(0x3000100);
  approve();
  world.run_for(10s);
  expect_held("approve");
}

// An approval is good for one attempt: one that was written down and never began gives it to no other.
TEST_F(Approval, AnApprovalWhoseAttemptDidNotBeginIsVoid) {
  hold_for_approval();
  approve();
  const auto before = world.journal.before_write;
  bool died = false;
  world.journal.before_write = [&](std::string_view op) -> Status {
    if (op == "update_run" && !std::exchange(died, true)) throw ProcessDied{};
    return before(op);
  };
  world.run_for(5s);
  ASSERT_TRUE(died);
  expect_held("failover.mode is approve");
  ASSERT_TRUE(world.worker->command(PersonCommand::kRetry, run().id, "bob"));
  world.run_for(10s);
  expect_held("failover.mode is approve");
}

// The disk is full at the very moment: the approval is taken, so what it permitted goes on.
TEST_F(Approval, AnApprovedAttemptGoesOnThoughTheRunCouldNotBeWrittenAtOnce) {
  hold_for_approval();
  approve();
  const auto before = world.journal.before_write;
  const BootTime full_until = world.clock.boot_now() + 3s;
  world.journal.before_write = [&](std::string_view op) -> Status {
    if (op == "update_run" && world.clock.boot_now() < full_until)
      return fail(ErrorCode::kUnavailable, "disk full");
    return before(op);
  };
  world.run_for(15s);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
}

}  // namespace
}  // namespace farshore::simulation
