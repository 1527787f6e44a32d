// The journal's durability hangs on two pragmas, and SQLite ignores a pragma that it does not understand.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

namespace farshore {
namespace {

class SqliteCanary : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/farshore-canary-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    folder_ = pattern;
    ASSERT_EQ(sqlite3_open((folder_ + "/db").c_str(), &db_), SQLITE_OK);
  }

  void TearDown() override {
    sqlite3_close(db_);
    for (const char* name : {"/db", "/db-wal", "/db-shm"}) unlink((folder_ + name).c_str());
    rmdir(folder_.c_str());
  }

  std::string pragma(const std::string& sql) {
    std::string answer;
    const auto keep = [](void* out, int, char** values, char**) {
      *static_cast<std::string*>(out) = values[0];
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db_, ("PRAGMA " + sql).c_str(), keep, &answer, nullptr), SQLITE_OK);
    return answer;
  }

  std::string folder_;
  sqlite3* db_ = nullptr;
};

TEST_F(SqliteCanary, FullIsReadBackAsTwoAlsoWithTheWriteAheadLog) {
  EXPECT_EQ(pragma("journal_mode=WAL"), "wal");
  pragma("synchronous=FULL");
  EXPECT_EQ(pragma("synchronous"), "2");
}

TEST_F(SqliteCanary, AMisspeltPragmaIsNoError) {
  EXPECT_EQ(pragma("synchronus=FULL"), "");
  pragma("synchronous=OFF");
  EXPECT_EQ(pragma("synchronous"), "0");
}

TEST_F(SqliteCanary, TheLibraryIsBuiltThreadSafe) { EXPECT_NE(sqlite3_threadsafe(), 0); }

}  // namespace
}  // namespace farshore
