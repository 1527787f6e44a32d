#include "actuator/failover/steps.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(FailoverSteps, EveryRowLooksAtTheWorldAfterwards) {
  ASSERT_FALSE(failover_steps().empty());
  for (const Step& step : failover_steps()) EXPECT_NE(step.verify, nullptr) << step.name;
}

TEST(FailoverSteps, EveryEffectIsSaidAndEveryRowWithoutOneOnlyLooks) {
  for (const Step& step : failover_steps()) EXPECT_EQ(step.act != nullptr, !step.effect.empty()) << step.name;
}

}  // namespace
}  // namespace farshore
