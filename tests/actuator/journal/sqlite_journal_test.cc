#include "actuator/journal/sqlite_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/sqlite/database.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;

class SqliteJournalTest : public ::testing::Test {
 protected:
  std::unique_ptr<Journal> open() {
    auto journal = open_sqlite_journal(path_, system_clock());
    EXPECT_TRUE(journal.has_value()) << journal.error().message;
    return journal ? std::move(*journal) : nullptr;
  }
  void change(const std::string& sql) {
    auto database = Database::open(path_);
    ASSERT_TRUE(database.has_value()) << database.error().message;
    ASSERT_TRUE((*database)->script(sql));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("journal.db");
};

TEST_F(SqliteJournalTest, RemembersEverythingAfterARestart) {
  auto journal = open();
  ASSERT_TRUE(journal->adopt({"shop", 1, "shop-us", 1, "77", WallTime(5s)}));
  RunRecord run;
  run.cluster = "shop";
  ASSERT_TRUE(journal->create_run(run));
  ASSERT_TRUE(journal->take_claim("shop", 1, run.id));
  ASSERT_TRUE(
      journal->record_step({run.id, 0, 0, "promote", StepEvent::kIntent, WallTime(7s), "", {{"a", "b"}}}));
  journal = nullptr;
  journal = open();
  EXPECT_EQ(journal->open_run("shop").value()->id, run.id);
  EXPECT_EQ(journal->claim("shop").value()->epoch, 2);
  EXPECT_EQ(journal->steps(run.id).value().at(0).facts.at("a"), "b");
}

TEST_F(SqliteJournalTest, LetsNoSecondActuatorIn) {
  const auto first = open();
  const auto second = open_sqlite_journal(path_, system_clock());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("--storage.path"));
}

TEST_F(SqliteJournalTest, RefusesAJournalOfANewerVersionWithTheWayBack) {
  open();
  change("PRAGMA user_version = 99");
  const auto journal = open_sqlite_journal(path_, system_clock());
  ASSERT_FALSE(journal.has_value());
  EXPECT_EQ(journal.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(journal.error().message, HasSubstr("newer Farshore"));
  EXPECT_THAT(journal.error().message, HasSubstr(path_));
}

TEST_F(SqliteJournalTest, RefusesADatabaseOfSomethingElse) {
  change("CREATE TABLE customers (name TEXT)");
  EXPECT_EQ(open_sqlite_journal(path_, system_clock()).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(SqliteJournalTest, RefusesADamagedFileWithARemedy) {
  folder_.write("journal.db", std::string(8192, 'x'));
  const auto journal = open_sqlite_journal(path_, system_clock());
  ASSERT_FALSE(journal.has_value());
  EXPECT_EQ(journal.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(journal.error().message, HasSubstr("adopt"));
}

TEST_F(SqliteJournalTest, ForgetsOldDecidedAlertsButNoPendingOrActedOnOnes) {
  auto journal = open();
  const auto make = [](const std::string& fingerprint, const std::string& verdict) {
    AlertRecord alert;
    alert.cluster = "shop";
    alert.fingerprint = fingerprint;
    alert.verdict = verdict;
    return alert;
  };
  std::vector<AlertRecord> first = {make("pending", ""), make("acted", "acted_on"), make("old", "refused")};
  ASSERT_TRUE(journal->record_alerts(first));
  std::vector<AlertRecord> many(20'000, make("noise", "refused"));
  ASSERT_TRUE(journal->record_alerts(many));
  const auto kept = journal->recent_alerts(100'000).value();
  EXPECT_EQ(kept.size(), 20'002U);
  EXPECT_EQ(kept[kept.size() - 1].fingerprint, "pending");
  EXPECT_EQ(kept[kept.size() - 2].fingerprint, "acted");
}

}  // namespace
}  // namespace farshore
