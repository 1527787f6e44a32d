// The lost primary comes back, before and after every effect and every write of a whole recovery: its network
// heals, or somebody starts it again although it was fenced. It is never promoted past while it can write,
// and once it has lost the reign it is fenced again.
#include <gtest/gtest.h>

#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

void recover(World& world, size_t point, const std::function<void()>& what) {
  world.run_for(5s);
  world.happen_at(point, what);
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.run_for(60s);
  world.check_the_end();
}

size_t points_of_a_recovery() {
  World world;
  recover(world, 0, {});
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
  return world.points();
}

TEST(ReturnsSimulation, APrimaryThatIsStartedAgainAtAnyPointIsFencedOrKeepsTheReign) {
  const size_t points = points_of_a_recovery();
  ASSERT_GT(points, 40u);
  size_t kept = 0, fenced = 0;
  for (size_t k = 1; k <= points; ++k) {
    SCOPED_TRACE("back at point " + std::to_string(k));
    World world;
    recover(world, k, [&world] { world.return_primary(); });
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
    ASSERT_TRUE(world.last_run().has_value());
    const bool lost_it = world.journal.reign("shop")->value().server != "shop-us";
    EXPECT_EQ(world.server("shop-us").fenced, lost_it) << world.last_run()->reason;
    EXPECT_EQ(world.promotions.empty(), !lost_it);
    if (!lost_it) {  // and everything streams from it again
      EXPECT_EQ(world.server("shop-eu").lsn, world.server("shop-us").lsn);
    }
    (lost_it ? fenced : kept) += 1;
  }
  EXPECT_GT(kept, 5u);
  EXPECT_GT(fenced, 10u);
}

TEST(ReturnsSimulation, APrimaryWhoseNetworkHealsBeforeTheFenceKeepsTheReign) {
  const size_t points = points_of_a_recovery();
  for (size_t k = 1; k <= points; ++k) {
    SCOPED_TRACE("healed at point " + std::to_string(k));
    World world;
    recover(world, k, [&world] { world.heal_primary(); });
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
    const bool lost_it = world.journal.reign("shop")->value().server != "shop-us";
    EXPECT_EQ(world.server("shop-us").fenced, lost_it) << world.last_run()->reason;
  }
}

}  // namespace
}  // namespace farshore::simulation
