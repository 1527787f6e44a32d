// Something comes in between, at every point of a whole recovery: the wall clock is set by an hour, or a
// person pauses the cluster.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

// The whole recovery with `what` at the nth point; false when there are fewer points.
bool recover_with(World& world, size_t point, const std::function<void()>& what) {
  bool happened = false;
  world.run_for(5s);
  world.happen_at(point, [&] {
    happened = true;
    what();
  });
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.run_for(40s);
  world.check_the_end();
  EXPECT_TRUE(world.violations().empty()) << world.violations().front();
  return happened;
}

double number(const RunFacts& facts, const std::string& name) {
  const auto found = facts.find(name);
  return found == facts.end() || found->second.empty() ? -1 : std::stod(found->second);
}

class ClockSimulation : public ::testing::TestWithParam<int> {};

TEST_P(ClockSimulation, AStepOfTheWallClockAtAnyPointChangesNeitherTheEndNorWhatWasMeasured) {
  for (size_t k = 1;; ++k) {
    SCOPED_TRACE("at point " + std::to_string(k));
    World world;
    world.config.failover.max_exposure = 20s;
    if (!recover_with(world, k, [&] { world.clock.step_wall(std::chrono::hours(GetParam())); })) {
      ASSERT_GT(k, 40U);
      break;
    }
    ASSERT_TRUE(world.last_run().has_value());
    EXPECT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
    const RunFacts facts = world.last_facts();
    EXPECT_GT(number(facts, "exposure_seconds"), 0);
    EXPECT_LT(number(facts, "exposure_seconds"), 15);
    EXPECT_GE(number(facts, "actuator_seconds"), 0);
    // Only between the journaling of the alert and the start of its run does the wall clock count.
    if (world.last_run()->started_at - world.last_run()->accepted_at < 30min) {
      EXPECT_LT(number(facts, "actuator_seconds"), 30);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Hours, ClockSimulation, ::testing::Values(1, -1),
                         [](const auto& hours) { return hours.param > 0 ? "Forward" : "Back"; });

class Cooldown : public ::testing::Test {
 protected:
  void fail_over() {
    world.run_for(5s);
    world.lose_primary();
    world.run_for(4s);
    world.deliver_alert();
    world.run_for(10s);
    ASSERT_EQ(world.last_run()->state, RunState::kSucceeded);
  }
  void expect_a_second_failover_held() {
    world.server(world.last_run()->candidate).running = false;
    world.run_for(4s);
    world.deliver_alert(2);
    world.run_for(10s);
    EXPECT_EQ(world.last_run()->state, RunState::kHeld);
    EXPECT_NE(world.last_run()->reason.find("cooldown"), std::string::npos) << world.last_run()->reason;
  }

  World world;
};

TEST_F(Cooldown, IsNotShortenedByAClockThatIsSetForward) {
  fail_over();
  world.clock.step_wall(2h);
  expect_a_second_failover_held();
}

TEST_F(Cooldown, IsNotShortenedByAClockThatIsSetBackOverARestart) {
  fail_over();
  world.clock.step_wall(-2h);
  world.restart_process();
  world.run_for(70s);
  expect_a_second_failover_held();
}

TEST_F(Cooldown, IsNotForgottenBehindManyRefusedRuns) {
  fail_over();
  for (int i = 0; i < 150; ++i) {
    RunRecord refused;
    refused.cluster = i % 2 == 0 ? "shop" : "other";
    ASSERT_TRUE(world.journal.create_run(refused));
    refused.state = RunState::kRefused;
    ASSERT_TRUE(world.journal.update_run(refused));
  }
  world.restart_process();
  world.run_for(70s);
  const std::string primary = world.journal.reign("shop").value()->server;
  world.server(primary).running = false;
  world.run_for(4s);
  world.deliver_alert(2);
  world.run_for(10s);
  EXPECT_EQ(world.last_run()->state, RunState::kHeld);
  EXPECT_NE(world.last_run()->reason.find("cooldown"), std::string::npos) << world.last_run()->reason;
}

TEST(ExposureSimulation, IsUnknownAfterARestartWithTheClockSetBackAndHeldWhenItIsLimited) {
  World world;
  world.config.failover.max_exposure = 1h;
  world.run_for(5s);
  world.lose_primary();
  world.run_for(4s);
  world.die_at(8);
  world.deliver_alert();
  world.tick();
  ASSERT_EQ(world.deaths(), 1U);
  ASSERT_TRUE(world.last_facts().contains("last_sight_at"));
  world.clock.step_wall(-1h);
  world.run_for(20s);
  EXPECT_EQ(world.last_run()->state, RunState::kHeld);
  EXPECT_NE(world.last_run()->reason.find("the clock was set back"), std::string::npos)
      << world.last_run()->reason;
}

bool has_fence_intent(World& world) {
  const auto run = world.last_run();
  const auto steps = run ? world.journal.steps(run->id) : Result<std::vector<StepRecord>>();
  return steps && std::any_of(steps->begin(), steps->end(), [](const StepRecord& step) {
           return step.step == "fence_old_primary" && step.event == StepEvent::kIntent;
         });
}

// Before the fence a pause puts everything back; after it, forward is what ends the outage.
TEST(PauseSimulation, AtAnyPointEitherPutsEverythingBackOrLetsTheRunFinish) {
  size_t refused = 0, succeeded = 0, unseen = 0;
  for (size_t k = 1;; ++k) {
    SCOPED_TRACE("at point " + std::to_string(k));
    World world;
    bool fence_asked = false;
    const auto pause = [&] {
      fence_asked = has_fence_intent(world);
      ASSERT_TRUE(world.journal.pause({"shop", "alice", "wait", world.clock.wall_now()}));
    };
    if (!recover_with(world, k, pause)) break;
    const auto run = world.last_run();
    const bool fenced = world.server("shop-us").fenced;
    if (!run) continue;  // paused before there was a run: the alert is refused
    if (run->state == RunState::kSucceeded) {
      ++succeeded;
      unseen += !fence_asked;
      EXPECT_TRUE(fenced);
      continue;
    }
    ++refused;
    EXPECT_EQ(run->state, RunState::kRefused);
    EXPECT_NE(run->reason.find("paused by alice"), std::string::npos) << run->reason;
    EXPECT_FALSE(fenced) << "fenced, and then given up";
    EXPECT_TRUE(world.promotions.empty());
    EXPECT_EQ(world.server("shop-eu").primary_conninfo, "host=shop-us user=replicator");
    EXPECT_FALSE(world.journal.claim("shop")->has_value());
  }
  EXPECT_EQ(unseen, 1U) << "only a pause during the very write of the fence's intent comes too late";
  EXPECT_GT(refused, 5U);
  EXPECT_GT(succeeded, 20U);
}

}  // namespace
}  // namespace farshore::simulation
