#include "common/sqlite/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;

class DatabaseTest : public ::testing::Test {
 protected:
  std::unique_ptr<Database> open() {
    auto database = Database::open(path_, {.busy_timeout = 50ms});
    EXPECT_TRUE(database.has_value()) << database.error().message;
    return database ? std::move(*database) : nullptr;
  }
  static int64_t count(Database& database) {
    auto rows = database.query("SELECT count(*) FROM t");
    return rows && rows->step().value_or(false) ? rows->integer(0) : -1;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("x.db");
};

TEST_F(DatabaseTest, GivesBackWhatWasStored) {
  auto database = open();
  ASSERT_TRUE(database->script("CREATE TABLE t (a TEXT, b INTEGER, c TEXT)"));
  const std::string odd("a'b\0ü", 6);
  ASSERT_EQ(
      database->run("INSERT INTO t VALUES (?, ?, ?)", odd, int64_t{1} << 62, std::optional<std::string>())
          .value(),
      1);
  database = nullptr;
  database = open();
  auto rows = database->query("SELECT a, b, c FROM t WHERE a = ?", odd);
  ASSERT_TRUE(rows && rows->step().value());
  EXPECT_EQ(rows->text(0), odd);
  EXPECT_EQ(rows->integer(1), int64_t{1} << 62);
  EXPECT_TRUE(rows->is_null(2));
  EXPECT_FALSE(rows->step().value());
}

TEST_F(DatabaseTest, IsDurableByItsSettings) {
  auto database = open();
  const auto setting = [&](const char* pragma) {
    auto rows = database->query(pragma);
    return rows && rows->step().value_or(false) ? rows->text(0) : "";
  };
  EXPECT_EQ(setting("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(setting("PRAGMA synchronous"), "2");  // FULL
  EXPECT_EQ(setting("PRAGMA foreign_keys"), "1");
}

TEST_F(DatabaseTest, UndoesATransactionWhoseWorkFails) {
  auto database = open();
  ASSERT_TRUE(database->script("CREATE TABLE t (a INTEGER UNIQUE)"));
  const auto status = database->in_transaction([&]() -> Status {
    EXPECT_TRUE(database->run("INSERT INTO t VALUES (1)"));
    return fail(ErrorCode::kNotFound, "no");
  });
  EXPECT_EQ(status.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(count(*database), 0);
  EXPECT_TRUE(database->in_transaction([&]() -> Status { return {}; }));
}

TEST_F(DatabaseTest, CallsAViolatedConstraintAConflict) {
  auto database = open();
  ASSERT_TRUE(database->script("CREATE TABLE t (a INTEGER UNIQUE); INSERT INTO t VALUES (1)"));
  EXPECT_EQ(database->run("INSERT INTO t VALUES (1)").error().code, ErrorCode::kConflict);
  EXPECT_EQ(database->run("INSERT INTO nowhere VALUES (1)").error().code, ErrorCode::kInternal);
}

TEST_F(DatabaseTest, CallsAFullDiskUnavailableAndWritesNothing) {
  auto database = open();
  ASSERT_TRUE(database->script("CREATE TABLE t (a TEXT); PRAGMA max_page_count = 4"));
  const auto status = database->in_transaction([&]() -> Status {
    for (int i = 0; i < 100; ++i) {
      if (auto done = database->run("INSERT INTO t VALUES (?)", std::string(1000, 'x')); !done) {
        return tl::unexpected(done.error());
      }
    }
    return {};
  });
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable) << status.error().message;
  EXPECT_EQ(count(*database), 0);
  ASSERT_TRUE(database->script("PRAGMA max_page_count = 1000"));
  EXPECT_TRUE(database->run("INSERT INTO t VALUES ('again')"));
}

TEST_F(DatabaseTest, LetsNoSecondOneIn) {
  auto first = open();
  const auto second = Database::open(path_, {.busy_timeout = 20ms});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("in use"));
  first = nullptr;
  EXPECT_NE(open(), nullptr);
}

TEST_F(DatabaseTest, SeesThatAFileIsNoDatabaseOrDamaged) {
  const auto no_database = folder_.write("text.db", std::string(5000, 'x'));
  EXPECT_EQ(Database::open(no_database).error().code, ErrorCode::kCorrupt);
  {
    auto database = open();
    ASSERT_TRUE(database->script("CREATE TABLE t (a TEXT)"));
    for (int i = 0; i < 200; ++i)
      ASSERT_TRUE(database->run("INSERT INTO t VALUES (?)", std::string(500, 'x')));
  }
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file << std::string(20000, '\xff');
  file.close();
  EXPECT_EQ(Database::open(path_).error().code, ErrorCode::kCorrupt);
}

TEST_F(DatabaseTest, SaysUnavailableWhenTheFolderIsMissing) {
  EXPECT_EQ(Database::open(folder_.file("no/such/folder.db")).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace farshore
