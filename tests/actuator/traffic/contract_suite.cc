#include "tests/actuator/traffic/contract_suite.h"

namespace farshore {

TEST_P(TrafficContract, ItsOwnWordAndTheClientsViewFollowTheRegion) {
  expect_target(TrafficWorld::kTargetA);
  const Status moved = traffic().point_to(TrafficWorld::kRegionB, 7, soon());
  ASSERT_TRUE(moved) << moved.error().message;
  expect_target(TrafficWorld::kTargetB);
  const auto view = traffic().observed(soon());
  EXPECT_FALSE(view->all_answer_only(TrafficWorld::kTargetA));
}

TEST_P(TrafficContract, PointingAgainIsHarmlessAndItCanBePointedBack) {
  ASSERT_TRUE(traffic().point_to(TrafficWorld::kRegionB, 7, soon()));
  ASSERT_TRUE(traffic().point_to(TrafficWorld::kRegionB, 7, soon()));
  expect_target(TrafficWorld::kTargetB);
  ASSERT_TRUE(traffic().point_to(TrafficWorld::kRegionA, 8, soon()));
  expect_target(TrafficWorld::kTargetA);
}

TEST_P(TrafficContract, ARegionWithoutATargetIsNotFoundAndNothingMoves) {
  EXPECT_EQ(traffic().target_of("nowhere").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(traffic().point_to("nowhere", 7, soon()).error().code, ErrorCode::kNotFound);
  expect_target(TrafficWorld::kTargetA);
}

TEST_P(TrafficContract, AfterTheDeadlineNothingIsTried) {
  const BootTime passed = system_clock().boot_now() - 1ns;
  const Status moved = traffic().point_to(TrafficWorld::kRegionB, 7, passed);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(traffic().current(passed).error().code, ErrorCode::kTimeout);
  expect_target(TrafficWorld::kTargetA);
}

TEST_P(TrafficContract, KnowsItsTargetsWithoutAskingAnybody) {
  asks_ = false;
  EXPECT_EQ(traffic().target_of(TrafficWorld::kRegionA).value(), TrafficWorld::kTargetA);
  EXPECT_FALSE(traffic().key().empty());
  EXPECT_FALSE(traffic().kind().empty());
}

}  // namespace farshore
