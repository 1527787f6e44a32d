#include <atomic>
#include <thread>

#include "tests/actuator/notify/lane_rig.h"

namespace farshore {
namespace {

using LaneTest = LaneRig;

TEST_F(LaneTest, TellsWithTheRunAsTheJournalHasIt) {
  tell(end_run(RunState::kHeld, "nobody answers"), "held");
  lane_->tick();
  ASSERT_EQ(receiver_.told.size(), 1u);
  EXPECT_EQ(receiver_.told[0].run->reason, "nobody answers");
  EXPECT_EQ(receiver_.told[0].message, "why");
  EXPECT_EQ(count("sent"), 1);
  EXPECT_EQ(count("failed"), 0) << "every series is there from the start";
}

TEST_F(LaneTest, TriesAgainWithGrowingPausesUntilItIsTaken) {
  receiver_.answers = {down(), down(), down()};
  tell(end_run(RunState::kSucceeded), "succeeded");
  lane_->tick();
  pass(500ms);
  EXPECT_EQ(receiver_.told.size(), 1u);
  pass(600ms);
  EXPECT_EQ(receiver_.told.size(), 2u);
  pass(1800ms);
  EXPECT_EQ(receiver_.told.size(), 2u);
  pass(10s);
  EXPECT_EQ(receiver_.told.size(), 4u);
  EXPECT_EQ(count("failed"), 3);
  EXPECT_EQ(count("sent"), 1);
  pass(2h);
  EXPECT_EQ(receiver_.told.size(), 4u);
}

TEST_F(LaneTest, GivesUpAfterAnHour) {
  receiver_.answers.assign(1000, down());
  tell(end_run(RunState::kSucceeded), "succeeded");
  pass(2h);
  EXPECT_GT(receiver_.told.size(), 60u);
  EXPECT_LT(receiver_.told.size(), 70u) << "once a minute";
  EXPECT_EQ(count("dropped"), 1);
}

TEST_F(LaneTest, WhatWillNeverBeTakenIsNotTriedAgain) {
  receiver_.answers = {fail(ErrorCode::kInvalidArgument, "answers 400")};
  tell(end_run(RunState::kSucceeded), "succeeded");
  pass(1h);
  EXPECT_EQ(receiver_.told.size(), 1u);
  EXPECT_EQ(count("refused"), 1);
}

TEST_F(LaneTest, OneThatFailsKeepsNoOtherWaiting) {
  receiver_.answers = {down()};
  tell(end_run(RunState::kSucceeded), "succeeded");
  tell("", "adopted");
  lane_->tick();
  lane_->tick();
  EXPECT_EQ(kinds(), (Kinds{"succeeded", "adopted"}));
}

TEST_F(LaneTest, ItsQueueIsBoundedAndTheOldestGoes) {
  for (size_t i = 0; i < kMostWaiting + 3; ++i) lane_->push({"shop", "", "adopted", std::to_string(i), {}});
  pass(1s);
  ASSERT_EQ(receiver_.told.size(), kMostWaiting);
  EXPECT_EQ(receiver_.told[0].message, "3");
  EXPECT_EQ(count("dropped"), 3);
}

TEST_F(LaneTest, WhatTheReceiverDoesNotWantIsNotQueued) {
  tell("", "open");
  pass(1min);
  EXPECT_TRUE(receiver_.told.empty());
}

TEST_F(LaneTest, ARefusalThatIsTriedAgainEveryFewSecondsIsToldNowAndThen) {
  for (int i = 0; i < 90; ++i) {  // a quarter of an hour of attempts
    tell(end_run(RunState::kRefused, "no standby", true), "refused");
    pass(10s);
  }
  EXPECT_EQ(receiver_.told.size(), 2u);
  EXPECT_EQ(count("omitted"), 88);
  tell(end_run(RunState::kRefused, "final"), "refused");
  pass(1s);
  EXPECT_EQ(receiver_.told.back().run->reason, "final") << "one that is final is always told";
}

TEST_F(LaneTest, AHeldRunIsToldAgainUntilItIsHeldNoMore) {
  receiver_.keeps_up = true;
  const std::string id = end_run(RunState::kHeld);
  tell(id, "held");
  pass(70s);
  EXPECT_EQ(kinds(), (Kinds{"held", "held", "held"}));
  set_state(id, RunState::kRunning);  // a person approved it: nobody tells of that
  pass(31s);
  EXPECT_EQ(kinds().back(), "held no more");
  const size_t told = receiver_.told.size();
  pass(10min);
  EXPECT_EQ(receiver_.told.size(), told);
}

TEST_F(LaneTest, TheOutcomeEndsTheHoldAtOnce) {
  receiver_.keeps_up = true;
  const std::string id = end_run(RunState::kHeld);
  tell(id, "held");
  pass(1s);
  set_state(id, RunState::kSucceeded);
  tell(id, "succeeded");
  lane_->tick();
  EXPECT_EQ(kinds(), (Kinds{"held", "succeeded", "held no more"}));
}

TEST_F(LaneTest, TheEndOfAHoldIsToldUntilItIsTaken) {
  receiver_.keeps_up = true;
  const std::string id = end_run(RunState::kHeld);
  tell(id, "held");
  pass(1s);
  set_state(id, RunState::kRefused);
  receiver_.answers = {down(), down()};
  pass(2min);
  EXPECT_EQ(kinds(), (Kinds{"held", "held no more", "held no more", "held no more"}));
}

TEST_F(LaneTest, AHoldThatIsOverBeforeItCouldBeToldRaisesNothing) {
  receiver_.keeps_up = true;
  receiver_.answers = {down()};
  const std::string id = end_run(RunState::kHeld);
  tell(id, "held");
  lane_->tick();
  set_state(id, RunState::kSucceeded);
  pass(1min);
  EXPECT_EQ(kinds(), (Kinds{"held"})) << "the attempt that failed";
  EXPECT_EQ(count("omitted"), 1);
}

TEST_F(LaneTest, AJournalThatCannotBeReadOrWrittenStopsNoNotice) {
  const std::string id = end_run(RunState::kHeld);
  journal_->lose_power();
  tell(id, "held");
  lane_->tick();
  ASSERT_EQ(receiver_.told.size(), 1u);
  EXPECT_FALSE(receiver_.told[0].run);
}

TEST(LaneThread, TellingNeverWaitsForAReceiverThatHangs) {
  class Hangs final : public Sender {
   public:
    Hangs(std::stop_token stop, std::atomic<int>& answered) : stop_(std::move(stop)), answered_(answered) {}
    const std::string& kind() const override { return name_; }
    const std::string& name() const override { return name_; }
    bool wants(const Notice&) const override { return true; }
    Status send(const Notice&) override {
      (void)system_clock().sleep_for(10min, stop_);
      ++answered_;
      return {};
    }

   private:
    const std::string name_ = "webhook";
    const std::stop_token stop_;
    std::atomic<int>& answered_;
  };
  std::stop_source end;
  std::atomic<int> answered = 0;
  MemoryJournal journal;
  NotifyCounters counters;
  Lane lane(std::make_unique<Hangs>(end.get_token(), answered), "webhook", journal, system_clock(), counters);
  lane.start();
  for (int i = 0; i < 10000; ++i) lane.push({"shop", "", "adopted", "", {}});
  EXPECT_EQ(answered, 0) << "it still hangs";
  EXPECT_GE(counters.snapshot().at({"webhook", "dropped"}), 10000 - static_cast<int64_t>(kMostWaiting) - 1);
  end.request_stop();
}

}  // namespace
}  // namespace farshore
