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

FactParts fast_parts_of_15() { return fact_parts(FactTier::kFast, kVersion); }

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

TEST(DetailPlan, OneLateLookCostsItsOwnDetailsAlone) {
  for (const char* sqlstate : {"55P03", "57014", "53200"}) {
    DetailPlan plan = plan_of_15();
    plan.begin_look();
    plan.fast_refused(sqlstate, kStart);
    EXPECT_THAT(plan.fast(kStart + 100ms), IsEmpty()) << "the spine, in the same look: " << sqlstate;
    EXPECT_EQ(plan.late_details()->late, fast_parts_of_15());
    plan.begin_look();
    EXPECT_EQ(plan.fast(kStart + 1s), fast_parts_of_15()) << sqlstate;
    plan.fast_answered(with_directories(true));
    EXPECT_FALSE(plan.late_details());
  }
}

TEST(DetailPlan, DoesWithoutForLongerAndLongerWhileTheServerIsBusy) {
  DetailPlan plan = plan_of_15();
  BootTime now = kStart;
  std::vector<int> looks_without;
  for (int late = 0; late < 8; ++late) {
    plan.begin_look();
    ASSERT_EQ(plan.fast(now), fast_parts_of_15());
    plan.fast_refused("57014", now);
    int looks = 0;
    for (now += 1s, plan.begin_look(); plan.fast(now).empty(); now += 1s) ++looks;
    looks_without.push_back(looks);
  }
  EXPECT_THAT(looks_without, testing::ElementsAre(0, 0, 1, 3, 7, 15, 29, 29));
  plan.fast_answered(with_directories(true));
  plan.fast_refused("57014", now);
  plan.begin_look();
  EXPECT_EQ(plan.fast(now + 1s), fast_parts_of_15()) << "once it was answered, as before";
}

TEST(DetailPlan, AskForDirectoriesOnlyWhenTheRoleMay) {
  const auto asked = [](std::optional<bool> allowed) {
    DetailPlan plan = plan_of_15();
    if (allowed) plan.fast_answered(with_directories(*allowed));
    return plan.next_side(kStart).value_or(FactParts());
  };
  EXPECT_THAT(asked(std::nullopt), Not(Contains(FactPart::kDirectories)));
  EXPECT_THAT(asked(true), Contains(FactPart::kDirectories));
  EXPECT_THAT(asked(false), Not(Contains(FactPart::kDirectories)));
}

// The first looks of a busy server do without their details, the privileges among them.
TEST(DetailPlan, DirectoriesAreNotTakenForHiddenBeforeTheRoleIsKnown) {
  DetailPlan plan = plan_of_15();
  plan.fast_refused("57014", kStart);
  EXPECT_THAT(*plan.next_side(kStart), Not(Contains(FactPart::kDirectories)));
  answer_slow(plan, kStart);
  EXPECT_THAT(plan.slow()->late, Contains(FactPart::kDirectories));
  EXPECT_EQ(plan.slow()->failure_text, "directories: whether the role may list them was not answered yet");
  EXPECT_FALSE(plan.next_side(kStart + 1s));
  plan.fast_answered(with_directories(true));
  EXPECT_THAT(*plan.next_side(kStart + 1s), Contains(FactPart::kDirectories)) << "not half a minute later";
  answer_slow(plan, kStart + 1s);
  EXPECT_EQ(plan.slow()->failure_text, "");
  EXPECT_THAT(plan.slow()->late, IsEmpty());
}

// The turn that is under way is late together, so each part is asked for alone: so are the directories.
TEST(DetailPlan, DirectoriesJoinATurnThatIsUnderWayWhenTheRoleBecomesKnown) {
  DetailPlan plan = plan_of_15();
  ASSERT_TRUE(plan.next_side(kStart));
  plan.side_refused("57014", "statement timeout", kStart);
  plan.fast_answered(with_directories(true));
  answer_slow(plan, kStart + 1s);
  answer_slow(plan, kStart + 1s);
  EXPECT_EQ(*plan.next_side(kStart + 2s), FactParts{FactPart::kDirectories});
  answer_slow(plan, kStart + 2s);
  EXPECT_EQ(plan.slow()->failure_text, "");
  EXPECT_FALSE(plan.next_side(kStart + 3s));
}

TEST(DetailPlan, DirectoriesAreNotLateForEverWhenPrivilegesAreRefused) {
  DetailPlan plan = plan_of_15();
  answer_slow(plan, kStart);
  ASSERT_THAT(plan.slow()->late, Contains(FactPart::kDirectories));
  plan.fast_refused("42501", kStart + 1s);
  run_trials(plan, {FactPart::kPrivileges}, kStart + 1s);
  answer_slow(plan, kStart + 31s);
  EXPECT_THAT(plan.slow()->late, IsEmpty());
}

TEST(DetailPlan, WhatARoleMayNotListIsNotLate) {
  DetailPlan plan = plan_of_15();
  answer_slow(plan, kStart);
  EXPECT_THAT(plan.slow()->late, Contains(FactPart::kDirectories));
  plan.fast_answered(with_directories(false));
  answer_slow(plan, kStart + 1s);
  EXPECT_EQ(plan.slow()->failure_text, "");
  plan.fast_answered(with_directories(true));
  EXPECT_THAT(*plan.next_side(kStart + 2s), Contains(FactPart::kDirectories)) << "it was granted";
}

TEST(DetailPlan, GivesTheSlowTierItsTurnOncePerInterval) {
  DetailPlan plan = plan_of_15();
  plan.fast_answered(with_directories(false));
  EXPECT_FALSE(plan.slow());
  answer_slow(plan, kStart);
  ASSERT_TRUE(plan.slow() && plan.slow()->facts);
  EXPECT_EQ(plan.slow()->failure_text, "");
  EXPECT_EQ(plan.slow()->last_success, kStart);
  EXPECT_FALSE(plan.next_side(kStart + 29s));
  EXPECT_TRUE(plan.next_side(kStart + 30s));
}

// A turn in which `late` does not come in time, together with others or alone.
void late_turn(DetailPlan& plan, FactPart late, BootTime now) {
  for (auto parts = plan.next_side(now); parts; parts = plan.next_side(now)) {
    if (std::ranges::find(*parts, late) != parts->end()) {
      plan.side_refused("57014", "canceling statement due to statement timeout", now);
      continue;
    }
    const std::vector<std::optional<std::string>> columns(parts->size(), "{}");
    plan.side_answered(columns, now);
  }
}

DetailPlan plan_with_directories(int version) {
  DetailPlan plan(30s);
  plan.begin_session(version);
  plan.fast_answered(with_directories(true));
  return plan;
}

TEST(DetailPlan, DirectoriesThatAreLateTakeNothingElseOfTheSlowTierWithThem) {
  for (const int version : {130000, 150018}) {
    DetailPlan plan = plan_with_directories(version);
    late_turn(plan, FactPart::kDirectories, kStart);
    FactParts others = fact_parts(FactTier::kSlow, version);
    std::erase(others, FactPart::kDirectories);
    ASSERT_TRUE(plan.slow() && plan.slow()->facts) << version;
    EXPECT_EQ(plan.slow()->facts->read, others) << version;
    EXPECT_EQ(plan.slow()->last_success, kStart);
    EXPECT_THAT(plan.slow()->late, testing::ElementsAre(FactPart::kDirectories));
    EXPECT_EQ(plan.slow()->failure_text, "directories: canceling statement due to statement timeout");
    EXPECT_FALSE(plan.next_side(kStart + 29s));
    EXPECT_EQ(plan.next_side(kStart + 30s), others) << "the late one waits in its own turn";
  }
}

TEST(DetailPlan, ALatePartIsAskedForAloneUntilItIsAnswered) {
  DetailPlan plan = plan_with_directories(kVersion);
  late_turn(plan, FactPart::kDirectories, kStart);
  answer_slow(plan, kStart + 30s);
  EXPECT_EQ(plan.next_side(kStart + 31s), FactParts{FactPart::kDirectories});
  answer_slow(plan, kStart + 31s);
  EXPECT_EQ(plan.slow()->failure_text, "");
  EXPECT_THAT(plan.slow()->late, IsEmpty());
  EXPECT_EQ(plan.slow()->facts->read, fact_parts(FactTier::kSlow, kVersion));
  EXPECT_EQ(plan.next_side(kStart + 61s), fact_parts(FactTier::kSlow, kVersion)) << "together again";
}

TEST(DetailPlan, KeepsWhatALatePartLastSaidForThreeTurns) {
  DetailPlan plan = plan_with_directories(kVersion);
  answer_slow(plan, kStart);
  const auto shown = [&] {
    return std::ranges::find(plan.slow()->facts->read, FactPart::kDirectories) !=
           plan.slow()->facts->read.end();
  };
  for (int turn = 1; turn <= 3; ++turn) {
    late_turn(plan, FactPart::kDirectories, kStart + turn * 30s);
    EXPECT_TRUE(shown()) << turn;
    EXPECT_NE(plan.slow()->failure_text, "");
  }
  late_turn(plan, FactPart::kDirectories, kStart + 120s);
  EXPECT_FALSE(shown());
  EXPECT_EQ(plan.slow()->last_success, kStart + 120s);
}

TEST(DetailPlan, KeepsWhatTheSlowTierFoundWhenAllOfItIsLate) {
  DetailPlan plan = plan_of_15();
  plan.fast_answered(with_directories(false));
  answer_slow(plan, kStart);
  const FactParts read = plan.slow()->facts->read;
  for (int statement = 0; statement < 3; ++statement) {  // together, then each alone
    ASSERT_TRUE(plan.next_side(kStart + 30s));
    plan.side_refused("57014", "statement timeout", kStart + 31s);
  }
  EXPECT_EQ(plan.slow()->failure_text, "settings: statement timeout; transaction_ids: statement timeout");
  EXPECT_EQ(plan.slow()->last_success, kStart);
  EXPECT_EQ(plan.slow()->facts->read, read);
  EXPECT_FALSE(plan.next_side(kStart + 60s));
  EXPECT_TRUE(plan.next_side(kStart + 61s));
}

TEST(DetailPlan, ASlowPartThatCostsSessionsIsAskedForLessAndLessOftenAndTheOthersAsEver) {
  DetailPlan plan = plan_with_directories(kVersion);
  ASSERT_EQ(plan.next_side(kStart), fact_parts(FactTier::kSlow, kVersion));
  plan.side_lost(kStart);
  std::optional<BootTime> lost;
  std::vector<nanoseconds> waits;
  BootTime others_answered = kStart;
  for (BootTime now = kStart; waits.size() < 7; now += 1s) {
    const auto parts = plan.next_side(now);
    if (!parts) continue;
    if (*parts == FactParts{FactPart::kDirectories}) {
      if (lost) waits.push_back(now - *lost);
      lost = now;
      plan.side_lost(now);
      continue;
    }
    EXPECT_THAT(*parts, Not(Contains(FactPart::kDirectories)));
    EXPECT_LE(now - others_answered, 32s);
    others_answered = now;
    const std::vector<std::optional<std::string>> columns(parts->size(), "{}");
    plan.side_answered(columns, now);
  }
  // Its time comes with a turn of the others, every 30 s and a little.
  const std::vector<nanoseconds> least = {60s, 120s, 240s, 480s, 600s, 600s, 600s};
  for (size_t i = 0; i < waits.size(); ++i) {
    EXPECT_GE(waits[i], least[i]) << i;
    EXPECT_LE(waits[i], least[i] + 35s) << i;
  }
  EXPECT_THAT(plan.slow()->failure_text, testing::HasSubstr("directories: no answer in time"));
}

TEST(DetailPlan, ASlowPartThatIsLateWhenItIsTriedAloneIsNotRefused) {
  DetailPlan plan = plan_with_directories(kVersion);
  ASSERT_TRUE(plan.next_side(kStart));
  plan.side_refused("42501", "permission denied for view pg_settings", kStart);
  while (plan.next_side(kStart)->size() == 1) {
    const FactPart part = plan.next_side(kStart)->front();
    const std::vector<std::optional<std::string>> columns = {"{}"};
    if (part == FactPart::kSettings)
      plan.side_refused("42501", "permission denied", kStart);
    else if (part == FactPart::kDirectories)
      plan.side_refused("57014", "statement timeout", kStart);
    else
      plan.side_answered(columns, kStart);
    if (plan.slow()->last_success) break;
  }
  EXPECT_THAT(plan.slow()->late, testing::ElementsAre(FactPart::kDirectories));
  EXPECT_EQ(plan.next_side(kStart + 30s), FactParts{FactPart::kTransactionIds});
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
