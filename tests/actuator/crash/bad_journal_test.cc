// The real process over a journal that it must not use: one clear sentence, exit code 1, the file untouched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "actuator/journal/sqlite_journal.h"
#include "common/sqlite/database.h"
#include "tests/support/child_process.h"

namespace farshore::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTopology = R"(
vantages: {{names: [here, there, wit], quorum: majority}}
prometheus:
  servers: [{{region: here, url: "http://127.0.0.1:1"}}, {{region: there, url: "http://127.0.0.1:11"}}, {{region: wit, url: "http://127.0.0.1:12"}}]
  quorum: majority
alertmanagers: [{{region: there, url: "http://127.0.0.1:2"}}, {{region: wit, url: "http://127.0.0.1:21"}}]
exporters: [{{vantage: here, address: "127.0.0.1:3"}}, {{vantage: there, address: "127.0.0.1:31"}}, {{vantage: wit, address: "127.0.0.1:32"}}]
actuators: [{{address: "127.0.0.1:{0}"}}]
clusters:
  - name: shop
    servers:
      - {{name: a, region: here, conninfo: "host=127.0.0.1 port=4 dbname=postgres user=m", admin: {{user: a, passfile: "/none"}}}}
      - {{name: b, region: there, conninfo: "host=127.0.0.1 port=5 dbname=postgres user=m", admin: {{user: a, passfile: "/none"}}}}
    fence:
      - {{kind: command, server: a, act: ["/bin/false"], proof: ["/bin/false"]}}
      - {{kind: command, server: b, act: ["/bin/false"], proof: ["/bin/false"]}}
    traffic:
      - {{kind: command, name: x, act: ["/bin/false"], read: ["/bin/false"], targets: {{here: 192.0.2.1, there: 192.0.2.2}}}}
)";

constexpr size_t kPage = 4096;

class BadJournal : public ::testing::Test {
 protected:
  BadJournal() {
    write_file(folder.file("farshore.yml"), fmt::format(kTopology, port));
    write_file(folder.file("token"), "a-secret-of-the-test-0123\n", 0644);
    write_file(folder.file("access.yml"),
               fmt::format("principals: [{{name: alice, roles: [operator], bearer_token_file: {}/token}}]\n",
                           folder.path()));
    std::filesystem::create_directory(folder.file("storage"));
    std::filesystem::permissions(folder.file("storage"), std::filesystem::perms::all);
  }

  // A journal with enough in it to have pages of every table.
  void make_journal() {
    auto made = open_sqlite_journal(path, system_clock());
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE((*made)->adopt({"shop", 1, "a", 1, "77", WallTime(5s)}));
    std::vector<AlertRecord> alerts(500);
    for (AlertRecord& alert : alerts) alert.cluster = "shop", alert.verdict = "refused";
    ASSERT_TRUE((*made)->record_alerts(alerts));
  }
  void overwrite(size_t at, const std::string& text) {
    std::string content = read_file(path);
    ASSERT_LE(at + text.size(), content.size());
    write_file(path, content.replace(at, text.size(), text));
  }
  std::unique_ptr<ChildProcess> start(const std::string& log, const std::string& user = "") {
    return std::make_unique<ChildProcess>(
        std::vector<std::string>{
            FARSHORE_BINARY_DIR "/actuator/farshore-actuator", "--config.file=" + folder.file("farshore.yml"),
            fmt::format("--web.listen-address=127.0.0.1:{}", port),
            "--web.access-file=" + folder.file("access.yml"), "--storage.path=" + folder.file("storage")},
        SpawnOptions{.output_file = folder.file(log), .environment = {}, .run_as = user});
  }
  // Its one sentence; the journal's bytes must not have changed.
  std::string refusal(const std::string& user = "") {
    const std::string before = read_file(path), log_before = read_file(path + "-wal");
    std::filesystem::remove(folder.file("refused.log"));
    auto process = start("refused.log", user);
    EXPECT_EQ(process->wait_exit(20s), 1) << process->output();
    EXPECT_TRUE(read_file(path) == before) << "the journal was changed";
    EXPECT_TRUE(read_file(path + "-wal") == log_before) << "its write-ahead log was changed";
    const std::string said = process->output();
    EXPECT_THAT(said, HasSubstr(path));
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
    return said;
  }

  TempDir folder;
  const std::string path = folder.file("storage/journal.sqlite");
  const int port = free_port();
};

TEST_F(BadJournal, AFirstPageThatIsGarbageIsRefusedWithTheWayOut) {
  make_journal();
  overwrite(0, std::string(kPage, 'x'));
  const std::string said = refusal();
  EXPECT_THAT(said, HasSubstr("put back a copy"));
  EXPECT_THAT(said, HasSubstr("farshorectl adopt"));
}

TEST_F(BadJournal, APageInTheMiddleThatIsGarbageIsRefused) {
  make_journal();
  const size_t pages = read_file(path).size() / kPage;
  ASSERT_GT(pages, 20U);
  overwrite(pages / 2 * kPage, std::string(kPage, '\xfe'));
  EXPECT_THAT(refusal(), HasSubstr("put back a copy"));
}

TEST_F(BadJournal, AFileThatWasCutOffIsRefusedAndItsWriteAheadLogKept) {
  make_journal();
  std::string copy_of_log;
  {  // As after a crash: the newest writes are in the -wal file, of which a close would make the only copy.
    auto used = open_sqlite_journal(path, system_clock());
    ASSERT_TRUE((*used)->pause({"shop", "alice", "x", WallTime(1s)}));
    copy_of_log = read_file(path + "-wal");
  }
  ASSERT_FALSE(copy_of_log.empty());
  const std::string content = read_file(path);
  write_file(path, content.substr(0, content.size() / 2));
  write_file(path + "-wal", copy_of_log);
  EXPECT_THAT(refusal(), HasSubstr("put back a copy"));
}

TEST_F(BadJournal, TextInPlaceOfAJournalIsRefused) {
  write_file(path, "this was a journal once\n" + std::string(10000, '#'));
  EXPECT_THAT(refusal(), HasSubstr("not a database"));
}

TEST_F(BadJournal, AnotherProgramsDatabaseIsRefusedAndNotMadeAJournal) {
  {
    auto other = Database::open(path);
    ASSERT_TRUE((*other)->script("CREATE TABLE customers (name TEXT); PRAGMA journal_mode = DELETE"));
  }
  EXPECT_THAT(refusal(), HasSubstr("no journal of Farshore"));
}

TEST_F(BadJournal, AJournalOfANewerFarshoreIsRefused) {
  make_journal();
  {
    auto newer = Database::open(path);
    ASSERT_TRUE((*newer)->script("PRAGMA user_version = 99"));
  }
  EXPECT_THAT(refusal(), HasSubstr("newer Farshore"));
}

TEST_F(BadJournal, ADirectoryInItsPlaceIsRefused) {
  std::filesystem::create_directory(path);
  EXPECT_THAT(refusal(), HasSubstr("must be a file"));
}

TEST_F(BadJournal, AFileThatItsUserMayNotWriteIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  make_journal();
  for (const mode_t mode : {0444, 0000}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_THAT(refusal("nobody"), HasSubstr("may read and write"));
  }
}

TEST_F(BadJournal, TheSecondOfTwoActuatorsOverOneJournalIsRefusedAndTheFirstGoesOn) {
  auto first = start("first.log");
  ASSERT_TRUE(first->wait_for_output("msg=started"));
  auto second = start("second.log");
  EXPECT_EQ(second->wait_exit(20s), 1);
  EXPECT_THAT(second->output(), HasSubstr("in use by another process; stop the other actuator"));
  EXPECT_TRUE(first->running());
  EXPECT_EQ(first->stop(SIGTERM), 0);
}

}  // namespace
}  // namespace farshore::test
