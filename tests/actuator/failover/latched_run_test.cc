// What a latch does to a run, wherever it is when the latch closes; in the simulated world.
#include <gtest/gtest.h>

#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

bool has_intent(World& world, const std::string& row) {
  const auto run = world.last_run();
  if (!run) return false;
  const auto steps = world.journal.steps(run->id);
  return std::any_of(steps->begin(), steps->end(), [&](const StepRecord& step) {
    return step.step == row && step.event == StepEvent::kIntent;
  });
}

// Loses the primary and closes the latch just before the nth write of what follows.
class LatchedWhile : public ::testing::Test {
 protected:
  struct Outcome {
    bool latched = false, stopped = false, had_fence_intent = false, fenced = false;
  };

  static void lose_and_alert(World& world) {
    world.lose_primary();
    world.run_for(4s);
    world.deliver_alert();
  }

  static Outcome play(World& world, int nth) {
    Outcome outcome;
    int writes = 0;
    world.run_for(5s);
    lose_and_alert(world);
    world.journal.before_write = [&](std::string_view op) -> Status {
      if (op == "latch" || ++writes != nth) return {};
      outcome.latched = true;
      outcome.had_fence_intent = has_intent(world, "fence_old_primary");
      return world.journal.latch({"two regions at once", world.clock.wall_now()});
    };
    world.run_for(40s);
    world.journal.before_write = {};
    world.check_the_end();
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
    outcome.stopped = !world.last_run() || world.last_run()->state != RunState::kSucceeded;
    outcome.fenced = world.server("shop-us").fenced;
    return outcome;
  }
};

TEST_F(LatchedWhile, ARunStopsUpToThePointOfNoReturnAndGoesForwardAfterIt) {
  bool forward = false;
  int stopped = 0, fenced_without_intent = 0;
  for (int nth = 1;; ++nth) {
    World world;
    const Outcome outcome = play(world, nth);
    if (!outcome.latched) break;
    SCOPED_TRACE("latched before write " + std::to_string(nth));
    EXPECT_FALSE(forward && outcome.stopped);
    forward |= !outcome.stopped;
    if (!outcome.stopped) continue;
    ++stopped;
    EXPECT_TRUE(world.promotions.empty());
    if (world.last_run()) {
      EXPECT_NE(world.last_run()->reason.find("automation is latched since"), std::string::npos)
          << world.last_run()->reason;
    }
    fenced_without_intent += outcome.fenced && !outcome.had_fence_intent;
  }
  EXPECT_TRUE(forward);
  EXPECT_GT(stopped, 8);
  EXPECT_EQ(fenced_without_intent, 1);  // when the latch closes during the very write of that intent
}

TEST_F(LatchedWhile, ARunThatTouchedNothingIsTriedAgainByItselfOnceThePersonCleared) {
  World world;
  world.run_for(5s);
  ASSERT_TRUE(world.journal.latch({"two regions at once", world.clock.wall_now()}));
  lose_and_alert(world);
  world.run_for(10s);
  EXPECT_FALSE(world.last_run().has_value());
  EXPECT_EQ(world.journal.recent_alerts(1)->front().verdict, "refused");
  EXPECT_NE(world.journal.recent_alerts(1)->front().reason.find("farshorectl unlatch"), std::string::npos);
  ASSERT_TRUE(world.journal.unlatch());
  world.deliver_alert();  // Alertmanager repeats
  world.run_for(10s);
  ASSERT_TRUE(world.last_run().has_value());
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
}

TEST_F(LatchedWhile, TheOutageIsConfirmedTheRunEndsAtOnce) {
  World world;
  world.prometheus_alive = 1;  // so that it goes on confirming
  world.run_for(5s);
  lose_and_alert(world);
  const BootTime close_at = world.clock.boot_now() + 3s;
  bool closed = false;
  const auto move = world.clock.on_move;
  world.clock.on_move = [&] {
    move();
    if (closed || world.clock.boot_now() < close_at) return;
    closed = true;
    ASSERT_TRUE(world.journal.latch({"two regions at once", world.clock.wall_now()}));
  };
  world.run_for(5s);
  ASSERT_TRUE(closed);
  ASSERT_TRUE(world.last_run().has_value());
  EXPECT_EQ(world.last_run()->state, RunState::kRefused);
  EXPECT_TRUE(world.last_run()->retryable);
  EXPECT_NE(world.last_run()->reason.find("latched"), std::string::npos) << world.last_run()->reason;
}

}  // namespace
}  // namespace farshore::simulation
