// Rungs side by side: the first proof wins, and one that hangs, is busy or slow keeps nobody from it.
#include <gtest/gtest.h>

#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

// Answers neither question before its deadline, like a provider whose API went with the region.
class HangingFence final : public Fence {
 public:
  explicit HangingFence(World& world) : world_(world) {}
  const std::string& server() const override { return server_; }
  std::string grade() const override { return "hanging"; }
  Status isolate(BootTime deadline) override {
    asked_at = world_.clock.wall_now();
    if (when_asked) when_asked();
    throw Hangs{std::min<nanoseconds>(deadline - world_.clock.boot_now(), kItsOwnLimit)};
  }
  FenceProof proof(BootTime deadline) override {
    const BootTime began = world_.clock.boot_now();
    const auto run = world_.last_run();  // while the service is down; afterwards nobody waits for it
    if (run && run->state == RunState::kRunning) longest_look = std::max(longest_look, deadline - began);
    throw Hangs{std::max<nanoseconds>(deadline - began, 0ns)};
  }
  static constexpr nanoseconds kItsOwnLimit = 15s;  // three requests
  nanoseconds longest_look{0};
  std::optional<WallTime> asked_at;
  std::function<void()> when_asked;

 private:
  World& world_;
  const std::string server_ = "shop-us";
};

class SeveralFences : public ::testing::Test {
 protected:
  void TearDown() override {
    world.check_the_end();
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
  }
  void lose_and_alert() {
    world.restart_process();
    world.run_for(5s);
    world.lose_primary();
    world.run_for(4s);
    world.deliver_alert();
  }
  RunRecord run() { return world.last_run().value_or(RunRecord()); }

  World world;
};

TEST_F(SeveralFences, ARungThatHangsDoesNotMakeTheProofOfAnotherTooOld) {
  HangingFence hanging(world);
  world.further_fences = {&hanging};
  lose_and_alert();
  world.run_for(60s);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
  EXPECT_EQ(world.last_facts()["fence_grade"], "power");
  EXPECT_LT(hanging.longest_look, 2s);
}

TEST_F(SeveralFences, ARungThatHangsDoesNotDelayTheOutageOfAnother) {
  HangingFence hanging(world);
  world.further_fences = {&hanging};
  lose_and_alert();
  world.run_for(60s);
  ASSERT_EQ(run().state, RunState::kSucceeded) << run().reason;
  RunFacts facts = world.last_facts();
  // The look before the fences are asked waits for the one that hangs, the proof for nobody.
  EXPECT_LT(std::stod(facts["seconds.fence_old_primary"]), 2.5);
  EXPECT_LT(std::stod(facts["seconds.promote"]), 1);
}

// A run that ends leaves nothing behind that would stop the primary later.
TEST_F(SeveralFences, APrimaryThatComesBackWhileAFenceIsAskedIsJudgedWhenThatOneHasAnswered) {
  HangingFence hanging(world);
  hanging.when_asked = [this] { world.server("shop-us").running = true; };
  world.fence_works = false;
  world.further_fences = {&hanging};
  lose_and_alert();
  world.run_for(20s);
  ASSERT_TRUE(hanging.asked_at);
  EXPECT_EQ(run().state, RunState::kRefused);
  EXPECT_NE(run().reason.find("came back"), std::string::npos) << run().reason;
  EXPECT_GE(world.journal.steps(run().id)->back().at - *hanging.asked_at, HangingFence::kItsOwnLimit);
}

TEST_F(SeveralFences, TheOnlyFenceMayTakeItsTimeToSayThatItDoesNotKnow) {
  HangingFence hanging(world);
  world.with_fence = false;
  world.further_fences = {&hanging};
  lose_and_alert();
  world.run_for(90s);
  EXPECT_EQ(run().state, RunState::kHeld);
  EXPECT_NE(run().reason.find("no answer"), std::string::npos) << run().reason;
  EXPECT_GT(hanging.longest_look, 2s);
}

TEST_F(SeveralFences, AProofThatIsNotAnsweredForAMomentIsReadAgainBeforeThePromotion) {
  world.wavering_looks = 3;
  lose_and_alert();
  world.run_for(60s);
  EXPECT_EQ(world.wavering_looks, 0);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
}

TEST_F(SeveralFences, AProofThatStaysUnknownHoldsBeforeThePromotion) {
  world.wavering_looks = 1000;
  lose_and_alert();
  world.run_for(60s);
  EXPECT_EQ(run().state, RunState::kHeld);
  EXPECT_EQ(run().reason, "the fence of shop-us does not hold any more: wavers");
  EXPECT_TRUE(world.promotions.empty());
}

TEST_F(SeveralFences, AProofThatBecameANoHoldsAtOnce) {
  world.wavering_looks = 1000;
  world.wavers_to = FenceState::kNotIsolated;
  lose_and_alert();
  world.run_for(60s);
  EXPECT_EQ(run().state, RunState::kHeld);
  EXPECT_EQ(run().reason, "the fence of shop-us does not hold any more: not isolated, wavers");
  EXPECT_GE(world.wavering_looks, 1000 - 3);
}

TEST_F(SeveralFences, OneThatWasBusyIsAskedAgain) {
  world.fence_refuses = 3;
  lose_and_alert();
  world.run_for(20s);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
  EXPECT_EQ(world.fence_refuses, 0);
}

TEST_F(SeveralFences, AMachineThatTakesItsTimeToGoOffIsWaitedFor) {
  world.power_off_takes = 60s;
  lose_and_alert();
  world.run_for(100s);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
}

}  // namespace
}  // namespace farshore::simulation
