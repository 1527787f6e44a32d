// A reign after its run, in the simulated world: what is looked after, and what that costs the journal.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/simulation/world.h"

namespace farshore::simulation {

class ReignCare : public ::testing::Test {
 protected:
  using Kind = OpenEnds::Kind;

  void TearDown() override {
    world.check_the_end();
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
  }
  void lose_primary() {
    world.run_for(5s);
    world.lose_primary();
    world.run_for(4s);
    world.deliver_alert();
  }
  void fail_over() {
    lose_primary();
    world.run_for(10s);
    ASSERT_EQ(world.last_run()->state, RunState::kSucceeded);
    in_force = World::target_of(world.last_run()->region);
  }
  size_t lines() { return world.journal.steps(world.last_run()->id)->size(); }
  std::vector<OpenEnd> open(Kind kind) { return world.worker->open_ends().open(kind); }
  bool told(const std::string& text) {
    return std::any_of(world.told.begin(), world.told.end(),
                       [&](const Event& event) { return event.message.find(text) != std::string::npos; });
  }

  World world;
  std::string in_force;
};

}  // namespace farshore::simulation
