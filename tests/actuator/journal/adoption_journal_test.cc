// The reign that a person names, and what the cooldown asks, in both implementations.
#include <gtest/gtest.h>

#include "actuator/journal/sqlite_journal.h"
#include "tests/fakes/memory_journal.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

class AdoptionJournal : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam())
      journal_ = open_sqlite_journal(folder_.file("journal.db"), system_clock()).value();
    else
      journal_ = make_memory_journal();
  }
  static Reign reign(int64_t epoch, const std::string& server) {
    return {"shop", epoch, server, 7, "77", WallTime(9s)};
  }
  RunRecord run_in(RunState state) {
    RunRecord run;
    run.cluster = "shop";
    EXPECT_TRUE(journal_->create_run(run));
    run.state = state;
    run.ended_at = WallTime(5s);
    EXPECT_TRUE(journal_->update_run(run));
    return run;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Journal> journal_;
};

INSTANTIATE_TEST_SUITE_P(All, AdoptionJournal, ::testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Sqlite" : "Memory"; });

TEST_P(AdoptionJournal, ANamedReignIsInForceOnlyWithALargerNumber) {
  EXPECT_EQ(journal_->largest_epoch("shop").value(), 0);
  ASSERT_TRUE(journal_->adopt_named(reign(4, "shop-us"), "x"));
  EXPECT_EQ(journal_->largest_epoch("shop").value(), 4);
  EXPECT_EQ(journal_->adopt_named(reign(4, "shop-eu"), "x").error().code, ErrorCode::kConflict);
  EXPECT_EQ(journal_->adopt_named(reign(3, "shop-eu"), "x").error().code, ErrorCode::kConflict);
  ASSERT_TRUE(journal_->adopt_named(reign(6, "shop-eu"), "x"));
  EXPECT_EQ(journal_->reign("shop").value()->server, "shop-eu");
  EXPECT_EQ(journal_->reigns("shop")->size(), 2U);
}

TEST_P(AdoptionJournal, TheOpenRunAndItsClaimEndWithIt) {
  ASSERT_TRUE(journal_->adopt(reign(1, "shop-us")));
  const RunRecord run = run_in(RunState::kHeld);
  ASSERT_EQ(journal_->take_claim("shop", 1, run.id).value(), 2);
  ASSERT_TRUE(journal_->adopt_named(reign(2, "shop-eu"), "anna named shop-eu"));
  EXPECT_FALSE(journal_->open_run("shop").value().has_value());
  EXPECT_FALSE(journal_->claim("shop").value().has_value());
  const RunRecord ended = journal_->run(run.id).value();
  EXPECT_EQ(ended.state, RunState::kRefused);
  EXPECT_EQ(ended.reason, "anna named shop-eu");
  EXPECT_EQ(ended.ended_at, WallTime(9s));
  const RunRecord next = run_in(RunState::kHeld);
  EXPECT_EQ(journal_->take_claim("shop", 2, next.id).value(), 3);
}

TEST_P(AdoptionJournal, TheLastSuccessIsFoundBehindAnyNumberOfOtherRuns) {
  EXPECT_FALSE(journal_->last_succeeded_run("shop").value().has_value());
  run_in(RunState::kSucceeded);
  const RunRecord last = run_in(RunState::kSucceeded);
  for (int i = 0; i < 150; ++i) run_in(RunState::kRefused);
  EXPECT_EQ(journal_->last_succeeded_run("shop").value()->id, last.id);
  EXPECT_FALSE(journal_->last_succeeded_run("other").value().has_value());
}

}  // namespace
}  // namespace farshore
