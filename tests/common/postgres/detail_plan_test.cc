#include "common/postgres/detail_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace farshore {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

constexpr BootTime kStart(1000s);
constexpr int kVersion = 150018;

DetailPlan plan_of_15() {
  DetailPlan plan(30s);
  plan.begin_session(kVersion);
  return plan;
}

FactDetails with_directories(bool allowed) {
  FactDetails details;
  details.privileges = PrivilegeFacts{true, allowed};
  return details;
}

// Answers every trial between looks: `refused` are refused. Returns how many there were.
int run_trials(DetailPlan& plan, const FactParts& refused, BootTime now) {
  int trials = 0;
  for (auto side = plan.next_side(now); side && side->size() == 1 && trials < 100;
       side = plan.next_side(now)) {
    ++trials;
    const std::vector<std::optional<std::string>> columns = {"{}"};
    if (std::ranges::find(refused, side->front()) != refused.end())
      plan.side_refused("42501", "permission denied", now);
    else
      plan.side_answered(columns, now);
  }
  return trials;
}

void answer_slow(DetailPlan& plan, BootTime now) {
  const auto parts = plan.next_side(now);
  ASSERT_TRUE(parts);
  const std::vector<std::optional<std::string>> columns(parts->size(), "{}");
  plan.side_answered(columns, now);
}

TEST(DetailPlan, AsksForEveryFastPartAtFirst) {
  DetailPlan plan = plan_of_15();
  EXPECT_EQ(plan.fast(kStart), fact_parts(FactTier::kFast, kVersion));
}

TEST(DetailPlan, LeavesOutWhatIsRefusedAndKeepsTheRest) {
  DetailPlan plan = plan_of_15();
  const unsigned first = plan.generation();
  plan.fast_refused("42703", kStart);
  EXPECT_THAT(plan.fast(kStart), IsEmpty()) << "the spine alone, at once";
  EXPECT_EQ(run_trials(plan, {FactPart::kSlots, FactPart::kPrepared}, kStart), 11);
  FactParts expected = fact_parts(FactTier::kFast, kVersion);
  std::erase(expected, FactPart::kSlots);
  std::erase(expected, FactPart::kPrepared);
  EXPECT_EQ(plan.fast(kStart), expected);
  EXPECT_NE(plan.generation(), first) << "the statement must be prepared anew";
  plan.begin_session(kVersion);
  EXPECT_EQ(plan.fast(kStart), expected) << "known for the next session too";
}

TEST(DetailPlan, TriesRefusedPartsAgainAfterAWhile) {
  DetailPlan plan = plan_of_15();
  plan.fast_refused("42501", kStart);
  run_trials(plan, {FactPart::kSlots}, kStart);
  answer_slow(plan, kStart);
  EXPECT_FALSE(plan.next_side(kStart + 1s));
  const BootTime later = kStart + 11min;
  EXPECT_EQ(run_trials(plan, {}, later), 1);
  EXPECT_EQ(plan.fast(later), fact_parts(FactTier::kFast, kVersion));
}

TEST(DetailPlan, TriesAPartThatWasOnlyLateAgainButNotForEver) {
  DetailPlan plan = plan_of_15();
  plan.fast_refused("42501", kStart);
  ASSERT_EQ(plan.next_side(kStart)->size(), 1U);
  const FactPart first = plan.next_side(kStart)->front();
  plan.side_lost(kStart);
  EXPECT_NE(plan.next_side(kStart)->front(), first) << "the others first";
  EXPECT_EQ(run_trials(plan, {}, kStart), 11);
  EXPECT_EQ(plan.fast(kStart), fact_parts(FactTier::kFast, kVersion));

  plan.fast_refused("42501", kStart);
  for (int late = 0; late < 5 + 11; ++late) {
    ASSERT_TRUE(plan.next_side(kStart));
    plan.side_refused("57014", "statement timeout", kStart);
  }
  EXPECT_THAT(plan.fast(kStart), IsEmpty());
  EXPECT_EQ(plan.next_side(kStart)->size(), 2U) << "the slow tier has its turn";
}

TEST(DetailPlan, DoesWithoutForAWhileWhenTheServerIsBusy) {
  for (const char* sqlstate : {"55P03", "57014", "53200"}) {
    DetailPlan plan = plan_of_15();
    plan.fast_refused(sqlstate, kStart);
    EXPECT_THAT(plan.fast(kStart + 29s), IsEmpty()) << sqlstate;
    EXPECT_EQ(plan.fast(kStart + 30s), fact_parts(FactTier::kFast, kVersion)) << sqlstate;
  }
}

TEST(DetailPlan, AskForDirectoriesOnlyWhenTheRoleMay) {
  DetailPlan plan = plan_of_15();
  EXPECT_THAT(*plan.next_side(kStart), Not(Contains(FactPart::kDirectories)));
  plan.fast_answered(with_directories(true));
  EXPECT_THAT(*plan.next_side(kStart), Contains(FactPart::kDirectories));
  plan.fast_answered(with_directories(false));
  EXPECT_THAT(*plan.next_side(kStart), Not(Contains(FactPart::kDirectories)));
}

TEST(DetailPlan, GivesTheSlowTierItsTurnOncePerInterval) {
  DetailPlan plan = plan_of_15();
  EXPECT_FALSE(plan.slow());
  answer_slow(plan, kStart);
  ASSERT_TRUE(plan.slow() && plan.slow()->facts);
  EXPECT_EQ(plan.slow()->failure_text, "");
  EXPECT_EQ(plan.slow()->last_success, kStart);
  EXPECT_FALSE(plan.next_side(kStart + 29s));
  EXPECT_TRUE(plan.next_side(kStart + 30s));
}

TEST(DetailPlan, KeepsWhatTheSlowTierFoundWhenItFailsLater) {
  DetailPlan plan = plan_of_15();
  answer_slow(plan, kStart);
  const auto facts = plan.slow()->facts;
  ASSERT_TRUE(plan.next_side(kStart + 30s));
  plan.side_refused("57014", "canceling statement due to statement timeout", kStart + 31s);
  EXPECT_EQ(plan.slow()->failure_text, "canceling statement due to statement timeout");
  EXPECT_EQ(plan.slow()->last_success, kStart);
  EXPECT_EQ(plan.slow()->facts, facts);
  EXPECT_FALSE(plan.next_side(kStart + 60s));
  EXPECT_TRUE(plan.next_side(kStart + 61s));
}

TEST(DetailPlan, ASlowTierThatCostsSessionsIsAskedForLessAndLessOften) {
  DetailPlan plan = plan_of_15();
  BootTime now = kStart;
  std::vector<nanoseconds> waits;
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(plan.next_side(now));
    plan.side_lost(now);
    const BootTime lost = now;
    while (!plan.next_side(now)) now += 10s;
    waits.push_back(now - lost);
  }
  EXPECT_THAT(waits, testing::ElementsAre(60s, 120s, 240s, 480s, 600s, 600s, 600s));
  answer_slow(plan, now);
  EXPECT_TRUE(plan.next_side(now + 30s)) << "once it is answered, as before";
}

TEST(DetailPlan, TheSlowTierLosesOnlyThePartThatIsRefused) {
  DetailPlan plan = plan_of_15();
  plan.fast_answered(with_directories(true));
  ASSERT_TRUE(plan.next_side(kStart));
  plan.side_refused("42501", "permission denied for function pg_ls_waldir", kStart);
  EXPECT_NE(plan.slow()->failure_text, "");
  EXPECT_EQ(run_trials(plan, {FactPart::kDirectories}, kStart), 3);
  const auto rest = plan.next_side(kStart);
  ASSERT_TRUE(rest) << "at once, not after the interval";
  EXPECT_THAT(*rest, testing::ElementsAre(FactPart::kSettings, FactPart::kTransactionIds));
}

TEST(DetailPlan, AnUpgradedServerIsAskedForEverythingAgain) {
  DetailPlan plan = plan_of_15();
  plan.fast_refused("42703", kStart);
  run_trials(plan, {FactPart::kSlots}, kStart);
  plan.begin_session(170000);
  EXPECT_EQ(plan.fast(kStart), fact_parts(FactTier::kFast, 170000));
}

}  // namespace
}  // namespace farshore
