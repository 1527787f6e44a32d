// As in words_test.cc the words are made from what the API really writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actuator/api/records_json.h"
#include "actuator/ctl/words.h"

namespace farshore {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

FailoverPlan ready_plan() {
  FailoverPlan plan;
  plan.cluster = "shop";
  plan.looked_at = BootTime(100s);
  plan.primary = "shop-us";
  plan.candidate = "shop-eu";
  plan.loss_bytes = 0;
  plan.loss_time = 0ns;
  plan.steps = {{1, "confirm_outage", "acting on a failure of the monitoring", PlanState::kFine,
                 "shop-us answered 0.4 s ago"}};
  return plan;
}

PlanText in_words(const FailoverPlan& plan, BootTime now = BootTime(103s)) {
  JsonWriter writer;
  write_plan(writer, plan, now);
  return plan_in_words(parse_json(writer.str()).value());
}

TEST(PlanInWords, AReadyOneSaysWhoWouldTakeOverAndWhatWouldBeLost) {
  const PlanText words = in_words(ready_plan());
  EXPECT_TRUE(words.ready);
  EXPECT_THAT(words.text, HasSubstr("1  confirm_outage  fine   shop-us answered 0.4 s ago\n"));
  EXPECT_THAT(words.text, EndsWith("\nshop: ready: shop-eu would take over from shop-us, losing nothing that "
                                   "was seen (rehearsed 3 s ago)\n"));
  FailoverPlan lossy = ready_plan();
  lossy.loss_bytes = 4096;
  lossy.loss_time = 1500ms;
  EXPECT_THAT(in_words(lossy).text, HasSubstr("losing 4096 bytes of the last 1.5 s"));
  lossy.loss_time.reset();
  EXPECT_THAT(in_words(lossy).text, HasSubstr("losing 4096 bytes, nobody knows how old"));
  lossy.loss_bytes.reset();
  EXPECT_THAT(in_words(lossy).text, HasSubstr("at an unknown loss"));
}

TEST(PlanInWords, AnotherSaysInOneLineEverythingThatStandsInTheWay) {
  FailoverPlan plan = ready_plan();
  plan.obstacles = {{"mode_approve", "failover.mode is approve", true},
                    {"paused", "paused by bob: \x1b[2Jupgrade", false}};
  plan.steps.push_back({2, "admit", "d", PlanState::kNotLooked, "not looked at"});
  const PlanText words = in_words(plan);
  EXPECT_FALSE(words.ready);
  EXPECT_THAT(words.text, HasSubstr("2  admit           not looked at\n"));
  EXPECT_THAT(words.text,
              EndsWith("shop: not ready: failover.mode is approve, which a person may approve "
                       "(mode_approve); paused by bob: ?[2Jupgrade (paused) (rehearsed 3 s ago)\n"));
}

TEST(PlanInWords, AnOldOneIsNotReadyWhateverItSaid) {
  const PlanText words = in_words(ready_plan(), BootTime(200s));
  EXPECT_FALSE(words.ready);
  EXPECT_THAT(words.text, EndsWith("shop: not ready: the last rehearsal is 100 s old\n"));
}

}  // namespace
}  // namespace farshore
