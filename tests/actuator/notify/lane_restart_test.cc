// What the process before this one did not tell.
#include "tests/actuator/notify/lane_rig.h"

namespace farshore {
namespace {

using LaneRestart = LaneRig;

TEST_F(LaneRestart, AnOutcomeThatWasNotToldIsTold) {
  StepRecord account;
  account.run_id = end_run(RunState::kSucceeded, "");
  account.step = "account";
  account.facts["report"] = "shop-eu is the primary of epoch 2";
  ASSERT_TRUE(journal_->record_step(account));
  pass(1s);
  ASSERT_EQ(kinds(), (Kinds{"succeeded"}));
  EXPECT_EQ(receiver_.told[0].message, "shop-eu is the primary of epoch 2");
}

TEST_F(LaneRestart, WhatWasTakenIsNotToldAgain) {
  tell(end_run(RunState::kSucceeded), "succeeded");
  tell(end_run(RunState::kRefused), "refused");
  pass(1s);
  restart();
  pass(1min);
  EXPECT_EQ(receiver_.told.size(), 2u);
}

TEST_F(LaneRestart, WhatFailedUntilTheEndIsToldByTheNextProcess) {
  receiver_.answers.assign(1000, down());
  const std::string id = end_run(RunState::kHeld);
  tell(id, "held");
  pass(10s);
  receiver_.answers.clear();
  restart();
  receiver_.told.clear();
  pass(1s);
  ASSERT_EQ(kinds(), (Kinds{"held"}));
  EXPECT_EQ(receiver_.told[0].run_id, id);
}

TEST_F(LaneRestart, ANoticeKeepsItsIdentity) {
  const std::string id = end_run(RunState::kHeld);
  tell(id, "held");
  receiver_.answers = {down()};
  lane_->tick();
  clock_.advance(5s);
  restart();
  pass(1s);
  ASSERT_EQ(receiver_.told.size(), 2u);
  EXPECT_EQ(identity(receiver_.told[0]), identity(receiver_.told[1]));
}

TEST_F(LaneRestart, AHoldAfterAnotherIsToldToo) {
  const std::string id = end_run(RunState::kHeld);
  tell(id, "held");
  pass(1s);
  set_state(id, RunState::kRunning);
  clock_.advance(1min);
  set_state(id, RunState::kHeld);
  restart();
  pass(1s);
  EXPECT_EQ(kinds(), (Kinds{"held", "held"}));
  EXPECT_NE(identity(receiver_.told[0]), identity(receiver_.told[1]));
}

TEST_F(LaneRestart, AHoldGoesOnBeingTold) {
  receiver_.keeps_up = true;
  tell(end_run(RunState::kHeld), "held");
  pass(1s);
  restart();
  lane_->tick();
  EXPECT_EQ(kinds(), (Kinds{"held", "held"})) << "at once: its alert must not end meanwhile";
}

TEST_F(LaneRestart, YesterdaysOutcomesAreNoNewsButAHoldIs) {
  end_run(RunState::kSucceeded);
  end_run(RunState::kHeld);
  clock_.advance(25h);
  restart();
  pass(1s);
  EXPECT_EQ(kinds(), (Kinds{"held"}));
}

TEST_F(LaneRestart, WhatIsToldWhileTheJournalIsLoadedIsToldOnce) {
  tell(end_run(RunState::kSucceeded), "succeeded");  // before the first tick
  pass(1min);
  EXPECT_EQ(kinds(), (Kinds{"succeeded"}));
}

// The journal holds a run's end a moment before it is pushed.
TEST_F(LaneRestart, WhatTheJournalWasLoadedWithAndIsPushedThenIsToldOnce) {
  const std::string id = end_run(RunState::kRefused, "no standby", true);
  lane_->tick();
  ASSERT_EQ(kinds(), (Kinds{"refused"})) << "found in the journal";
  tell(id, "refused");
  pass(1min);
  EXPECT_EQ(kinds(), (Kinds{"refused"}));
  EXPECT_EQ(count("sent"), 1);
  EXPECT_EQ(count("omitted"), 0) << "it is no repetition";
}

TEST_F(LaneRestart, WhatIsFoundAndPushedBeforeItCouldBeTakenIsTakenOnce) {
  const std::string id = end_run(RunState::kSucceeded);
  receiver_.answers = {down()};
  lane_->tick();
  tell(id, "succeeded");
  lane_->tick();
  EXPECT_EQ(kinds(), (Kinds{"succeeded"})) << "its pause is kept";
  pass(1min);
  EXPECT_EQ(kinds(), (Kinds{"succeeded", "succeeded"})) << "the second was taken";
  EXPECT_EQ(count("sent"), 1);
}

// A retryable refusal that was pushed again while its first attempt failed must not pass for a repetition.
TEST_F(LaneRestart, WhatIsPushedWhileItIsBeingToldIsToldOnceAndNotNever) {
  const std::string id = end_run(RunState::kRefused, "no standby", true);
  receiver_.during_send = [&] { tell(id, "refused"); };
  receiver_.answers = {down()};
  lane_->tick();
  receiver_.during_send = nullptr;
  pass(1min);
  EXPECT_EQ(kinds(), (Kinds{"refused", "refused"})) << "the second was taken";
  EXPECT_EQ(count("sent"), 1);
  EXPECT_EQ(count("omitted"), 0);
}

// The wall clock is set back between two holds of one run: the second has an earlier time and is another one.
TEST_F(LaneRestart, AHoldAfterAnotherIsToldThoughTheClockWasSetBack) {
  receiver_.keeps_up = true;
  const std::string id = end_run(RunState::kHeld);
  tell(id, "held");
  pass(1s);
  set_state(id, RunState::kRunning);
  pass(40s);
  ASSERT_EQ(kinds().back(), "held no more");
  clock_.step_wall(-5min);
  set_state(id, RunState::kHeld);
  tell(id, "held");
  pass(1s);
  EXPECT_EQ(kinds().back(), "held");
  set_state(id, RunState::kRunning);
  clock_.step_wall(-5min);
  set_state(id, RunState::kHeld);
  const size_t before = receiver_.told.size();
  restart();
  pass(1s);
  EXPECT_EQ(receiver_.told.size(), before + 1) << "found by the next process";
}

TEST_F(LaneRestart, AHoldAfterAnotherHasItsOwnHour) {
  receiver_.answers.assign(1000, down());
  const std::string id = end_run(RunState::kHeld);
  tell(id, "held");
  pass(59min);
  set_state(id, RunState::kHeld);
  tell(id, "held");
  pass(30min);
  EXPECT_EQ(count("dropped"), 0);
  receiver_.answers.clear();
  pass(2min);
  EXPECT_EQ(count("sent"), 1);
}

// The row of the journal is one per run: what was told last must stand there.
TEST_F(LaneRestart, AHoldThatWasOverDoesNotHideTheEndThatWasTold) {
  receiver_.answers = {down()};
  const std::string id = end_run(RunState::kHeld);
  tell(id, "held");
  lane_->tick();
  set_state(id, RunState::kSucceeded);
  tell(id, "succeeded");
  pass(1min);
  EXPECT_EQ(kinds(), (Kinds{"held", "succeeded"})) << "the hold only tried";
  EXPECT_EQ(count("omitted"), 1);
  restart();
  pass(1min);
  EXPECT_EQ(receiver_.told.size(), 2u);
}

TEST_F(LaneRestart, AJournalThatComesBackIsLoadedThen) {
  end_run(RunState::kSucceeded);
  journal_->lose_power();
  restart();
  pass(5s);
  EXPECT_TRUE(receiver_.told.empty());
  journal_->restore_power();
  pass(5s);
  EXPECT_EQ(kinds(), (Kinds{"succeeded"}));
}

TEST_F(LaneRestart, ALostMarkMeansOnceMoreAndNotNever) {
  journal_->before_write = [](std::string_view op) -> Status {
    if (op == "record_told") return fail(ErrorCode::kUnavailable, "disk full");
    return {};
  };
  tell(end_run(RunState::kSucceeded), "succeeded");
  pass(1min);
  restart();
  pass(1min);
  EXPECT_EQ(kinds(), (Kinds{"succeeded", "succeeded"}));
}

}  // namespace
}  // namespace farshore
