// The process dies before and after every effect and every write of a whole recovery, and a new one goes on
// from the same journal and the same world.
#include <gtest/gtest.h>

#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

void recover(World& world, size_t die_at) {
  world.run_for(5s);
  world.die_at(die_at);
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.deliver_alert();
  world.run_for(60s);
  world.check_the_end();
}

TEST(CrashSimulation, EndsRightWhereverTheProcessDies) {
  size_t points = 0;
  {
    World world;
    recover(world, 0);
    ASSERT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
    points = world.points();
  }
  ASSERT_GT(points, 40u);
  for (size_t k = 1; k <= points; ++k) {
    World world;
    recover(world, k);
    SCOPED_TRACE("died at point " + std::to_string(k));
    EXPECT_EQ(world.deaths(), 1u);
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
    ASSERT_TRUE(world.last_run().has_value());
    if (!world.last_facts().contains("last_sight_lsn")) {
      // It died before it could write down where the primary was: what would be lost is unknown, so a person
      // decides.
      EXPECT_EQ(world.last_run()->state, RunState::kHeld);
      EXPECT_NE(world.last_run()->reason.find("never seen"), std::string::npos) << world.last_run()->reason;
      EXPECT_LT(k, 12u);
      continue;
    }
    EXPECT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
    EXPECT_EQ(world.journal.reign("shop")->value().epoch, world.last_run()->epoch);
    EXPECT_EQ(world.dns, "198.51.100.20");
    const std::string winner = world.last_run()->candidate;
    EXPECT_EQ(world.clients["env"], winner);
    EXPECT_EQ(world.clients["pooler"], winner);
    for (const char* other : {"shop-eu", "shop-ap"}) {
      if (other == winner) continue;
      EXPECT_EQ(world.server(other).primary_conninfo, "host=" + winner + " user=replicator");
    }
  }
}

TEST(CrashSimulation, ACascadeGoesOnWhereverTheProcessDies) {
  for (size_t k = 1;; ++k) {
    World world(1, true);
    recover(world, k);
    SCOPED_TRACE("died at point " + std::to_string(k));
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
    if (world.deaths() == 0) {
      EXPECT_GT(k, 40U);
      break;
    }
    if (world.last_run()->state != RunState::kSucceeded) continue;  // as above: the loss is unknown
    EXPECT_EQ(world.server("shop-ap").primary_conninfo, "host=shop-eu user=replicator");
    EXPECT_EQ(world.server("shop-ap2").primary_conninfo, "host=shop-ap user=replicator");
    EXPECT_EQ(world.server("shop-ap2").rows.back().epoch, 2);
    EXPECT_FALSE(world.server("shop-eu").slots.contains("second")) << "nobody would ever read it";
  }
}

TEST(CrashSimulation, PutsEverythingBackWhereverTheProcessDiesInARunThatIsHeld) {
  for (size_t k = 1;; ++k) {
    World world;
    world.run_for(5s);
    world.die_at(k);
    world.fence_works = false;
    world.lose_primary();
    world.run_for(4s);
    world.deliver_alert();
    world.run_for(90s);
    world.check_the_end();
    SCOPED_TRACE("died at point " + std::to_string(k));
    ASSERT_TRUE(world.last_run().has_value());
    EXPECT_EQ(world.last_run()->state, RunState::kHeld) << world.last_run()->reason;
    EXPECT_TRUE(world.promotions.empty());
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
    if (world.deaths() == 0) {
      EXPECT_GT(k, 15u);
      break;
    }
  }
}

}  // namespace
}  // namespace farshore::simulation
