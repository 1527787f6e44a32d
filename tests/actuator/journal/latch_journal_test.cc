// The latch and the look at one alert, in both journals; and the way from the tables of version 1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actuator/journal/sqlite_journal.h"
#include "common/sqlite/database.h"
#include "tests/fakes/memory_journal.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

const WallTime kNoon = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}) + 12h;

class LatchJournal : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { open(); }
  void open() {
    if (GetParam() == std::string("Memory")) {
      if (!journal_) journal_ = make_memory_journal();
      return;
    }
    journal_ = nullptr;
    auto journal = open_sqlite_journal(path_, system_clock());
    ASSERT_TRUE(journal.has_value()) << journal.error().message;
    journal_ = std::move(*journal);
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.file("journal.db");
  std::unique_ptr<Journal> journal_;
};

INSTANTIATE_TEST_SUITE_P(All, LatchJournal, ::testing::Values("Memory", "Sqlite"),
                         [](const auto& kind) { return kind.param; });

TEST_P(LatchJournal, KeepsTheFirstReasonOverARestartUntilItIsCleared) {
  EXPECT_FALSE(journal_->latched().value().has_value());
  ASSERT_TRUE(journal_->latch({"two regions at once", kNoon}));
  ASSERT_TRUE(journal_->latch({"three regions at once", kNoon + 1s}));
  open();
  const auto latch = journal_->latched().value();
  ASSERT_TRUE(latch.has_value());
  EXPECT_EQ(latch->reason, "two regions at once");
  EXPECT_EQ(latch->since, kNoon);
  ASSERT_TRUE(journal_->unlatch());
  ASSERT_TRUE(journal_->unlatch());
  open();
  EXPECT_FALSE(journal_->latched().value().has_value());
}

TEST_P(LatchJournal, GivesOneAlertByItsNumber) {
  std::vector<AlertRecord> alerts(3);
  alerts[1].fingerprint = "ab";
  alerts[1].verdict = "refused";
  alerts[1].reason = "because";
  ASSERT_TRUE(journal_->record_alerts(alerts));
  const auto found = journal_->alert(alerts[1].id);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->fingerprint, "ab");
  EXPECT_EQ(found->reason, "because");
  EXPECT_EQ(journal_->alert(99).error().code, ErrorCode::kNotFound);
}

TEST(SqliteJournalUpgrade, BringsAJournalOfVersion1UpToDateWithWhatItHolds) {
  TemporaryFolder folder;
  const std::string path = folder.file("journal.db");
  {
    const auto journal = open_sqlite_journal(path, system_clock()).value();
    ASSERT_TRUE(journal->pause({"shop", "anna", "racks", kNoon}));
  }
  {
    const auto database = Database::open(path).value();
    ASSERT_TRUE(database->script("DROP TABLE latch; DROP TABLE told; PRAGMA user_version = 1;"));
  }
  const auto journal = open_sqlite_journal(path, system_clock());
  ASSERT_TRUE(journal.has_value()) << journal.error().message;
  EXPECT_EQ((*journal)->paused("shop").value()->by, "anna");
  EXPECT_TRUE((*journal)->latch({"two regions at once", kNoon}));
  EXPECT_TRUE((*journal)->latched().value().has_value());
}

}  // namespace
}  // namespace farshore
