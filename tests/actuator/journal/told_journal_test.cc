// What receivers of notifications were told, in both journals.
#include <gtest/gtest.h>

#include "actuator/journal/sqlite_journal.h"
#include "tests/fakes/memory_journal.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

const WallTime kNoon = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}) + 12h;

class ToldJournal : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam())
      journal_ = open_sqlite_journal(folder_.file("journal.db"), system_clock()).value();
    else
      journal_ = make_memory_journal();
  }
  std::string run() {
    RunRecord run;
    run.cluster = "shop";
    run.state = RunState::kSucceeded;
    EXPECT_TRUE(journal_->create_run(run));
    return run.id;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Journal> journal_;
};

INSTANTIATE_TEST_SUITE_P(Both, ToldJournal, ::testing::Bool());

TEST_P(ToldJournal, KeepsTheNewestOfARunForEachReceiver) {
  const std::string first = run(), second = run();
  ASSERT_TRUE(journal_->record_told({"webhook a", first, RunState::kHeld, kNoon}));
  ASSERT_TRUE(journal_->record_told({"webhook a", second, RunState::kRefused, kNoon + 2s}));
  ASSERT_TRUE(journal_->record_told({"webhook b", first, RunState::kHeld, kNoon}));
  ASSERT_TRUE(journal_->record_told({"webhook a", first, RunState::kSucceeded, kNoon + 1s}));
  const auto told = journal_->told("webhook a").value();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].run_id, first);
  EXPECT_EQ(told[0].outcome, RunState::kSucceeded);
  EXPECT_EQ(told[0].at, kNoon + 1s);
  EXPECT_EQ(told[1].run_id, second);
  EXPECT_EQ(journal_->told("webhook b").value().size(), 1u);
  EXPECT_TRUE(journal_->told("grafana").value().empty());
}

TEST_P(ToldJournal, KnowsNothingOfARunThatIsNotThere) {
  EXPECT_EQ(journal_->record_told({"webhook", "shop-9", RunState::kHeld, kNoon}).error().code,
            ErrorCode::kNotFound);
}

TEST(SqliteToldJournal, ForgetsTheOldestOfAThousand) {
  TemporaryFolder folder;
  const auto journal = open_sqlite_journal(folder.file("journal.db"), system_clock()).value();
  std::string last;
  for (int i = 0; i < 1003; ++i) {
    RunRecord run;
    run.cluster = "shop";
    run.state = RunState::kRefused;
    ASSERT_TRUE(journal->create_run(run));
    ASSERT_TRUE(journal->record_told({"webhook", run.id, RunState::kRefused, kNoon + i * 1s}));
    last = run.id;
  }
  const auto told = journal->told("webhook").value();
  ASSERT_EQ(told.size(), 1000u);
  EXPECT_EQ(told.front().run_id, "shop-4");
  EXPECT_EQ(told.back().run_id, last);
}

// The receiver that is no more writes nothing that would push its own rows out.
TEST(SqliteToldJournal, ForgetsWhatIsOlderThanAWeekOfAnyReceiverButAHold) {
  TemporaryFolder folder;
  const auto journal = open_sqlite_journal(folder.file("journal.db"), system_clock()).value();
  const auto add_run = [&](const std::string& cluster, RunState state) {
    RunRecord run;
    run.cluster = cluster;
    run.state = state;
    EXPECT_TRUE(journal->create_run(run));
    return run.id;
  };
  const std::string over = add_run("shop", RunState::kRefused), held = add_run("cart", RunState::kHeld);
  ASSERT_TRUE(journal->record_told({"webhook gone", over, RunState::kRefused, kNoon}));
  ASSERT_TRUE(journal->record_told({"webhook gone", held, RunState::kHeld, kNoon}));
  ASSERT_TRUE(journal->record_told({"webhook", over, RunState::kRefused, kNoon + 24h * 7}));
  EXPECT_EQ(journal->told("webhook gone")->size(), 2u);
  ASSERT_TRUE(journal->record_told({"webhook", over, RunState::kRefused, kNoon + 24h * 7 + 1s}));
  ASSERT_EQ(journal->told("webhook gone")->size(), 1u);
  EXPECT_EQ(journal->told("webhook gone")->front().run_id, held);
}

}  // namespace
}  // namespace farshore
