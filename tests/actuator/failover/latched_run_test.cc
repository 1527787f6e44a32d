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

// Loses the primary and closes the latch at the nth moment of what follows.
class LatchedWhile : public ::testing::Test {
 protected:
  // A moment is a write to the journal or a step of the clock, which every look and every effect takes.
  enum class Moment { kWrite, kClock };
  struct Outcome {
    bool latched = false, stopped = false, fence_was_next = false, promote_was_next = false;
  };

  static void lose_and_alert(World& world) {
    world.lose_primary();
    world.run_for(4s);
    world.deliver_alert();
  }

  static Outcome play(World& world, Moment moment, int nth) {
    Outcome outcome;
    int moments = 0;
    bool fence_intent = false, promote_intent = false;
    const auto tick = [&]() -> Status {
      if (++moments != nth) return {};
      outcome.latched = true;
      fence_intent = has_intent(world, "fence_old_primary");
      promote_intent = has_intent(world, "promote");
      return world.journal.latch({"two regions at once", world.clock.wall_now()});
    };
    world.run_for(5s);
    lose_and_alert(world);
    const auto move = world.clock.on_move;
    if (moment == Moment::kWrite)
      world.journal.before_write = [&](std::string_view op) { return op == "latch" ? Status() : tick(); };
    else
      world.clock.on_move = [&] {
        move();
        EXPECT_TRUE(tick());
      };
    world.run_for(moment == Moment::kWrite ? 40s : 20s);
    world.journal.before_write = {};
    world.clock.on_move = move;
    world.check_the_end();
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
    outcome.stopped = !world.last_run() || world.last_run()->state != RunState::kSucceeded;
    outcome.fence_was_next = world.server("shop-us").fenced && !fence_intent;
    outcome.promote_was_next = !world.promotions.empty() && !promote_intent;
    return outcome;
  }

  // Plays every moment until a run is over before it comes.
  struct Totals {
    int stopped = 0, forward = 0, fence_was_next = 0, promote_was_next = 0;
  };
  static Totals play_every(Moment moment) {
    Totals totals;
    for (int nth = 1;; ++nth) {
      World world;
      const Outcome outcome = play(world, moment, nth);
      if (!outcome.latched || totals.forward > 20) return totals;
      SCOPED_TRACE("latched at moment " + std::to_string(nth));
      EXPECT_FALSE(totals.forward > 0 && outcome.stopped) << "stopped after the point of no return";
      totals.fence_was_next += outcome.fence_was_next;
      totals.promote_was_next += outcome.promote_was_next;
      if (!outcome.stopped) {
        ++totals.forward;
        continue;
      }
      ++totals.stopped;
      EXPECT_TRUE(world.promotions.empty());
      if (!world.last_run()) continue;
      // With the old primary fenced, "nothing was done" would be a lie.
      if (world.server("shop-us").fenced) {
        EXPECT_EQ(world.last_run()->state, RunState::kHeld);
      }
      EXPECT_NE(world.last_run()->reason.find("automation is latched since"), std::string::npos)
          << world.last_run()->reason;
    }
  }
};

TEST_F(LatchedWhile, ItIsWrittenARunStopsUpToThePointOfNoReturnAndGoesForwardAfterIt) {
  const Totals totals = play_every(Moment::kWrite);
  EXPECT_GT(totals.forward, 3);
  EXPECT_GT(totals.stopped, 8);
  // Only when the latch closes during the very write of the intent.
  EXPECT_EQ(totals.fence_was_next, 1);
  EXPECT_EQ(totals.promote_was_next, 1);
}

TEST_F(LatchedWhile, ItLooksARunTouchesNothingAnyMore) {
  const Totals totals = play_every(Moment::kClock);
  EXPECT_GT(totals.forward, 3);
  EXPECT_GT(totals.stopped, 10);
  EXPECT_EQ(totals.fence_was_next, 0);
  EXPECT_EQ(totals.promote_was_next, 0);
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
