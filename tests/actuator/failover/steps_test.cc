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

TEST(FailoverSteps, EveryRowUpToThePointOfNoReturnIsRehearsedAndSaysByWhat) {
  for (size_t i = 0; i < point_of_no_return_row(); ++i)
    EXPECT_NE(failover_steps()[i].rehearse, nullptr) << failover_steps()[i].name;
  for (const Step& step : failover_steps())
    EXPECT_EQ(step.rehearse != nullptr, !step.rehearsed_by.empty()) << step.name;
}

}  // namespace
}  // namespace farshore
