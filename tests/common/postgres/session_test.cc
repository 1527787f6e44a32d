#include "common/postgres/session.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::PostgresFixture;

BootTime in(nanoseconds limit) { return system_clock().boot_now() + limit; }

Result<PgSession> open(const PostgresFixture& server, const SessionOverrides& overrides = {},
                       FailureClass* failure = nullptr) {
  return PgSession::open(server.conninfo(), overrides, in(10s), system_clock(), failure);
}

class PgSessionTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = PostgresFixture::make_primary({.name = "primary",
                                             .port = 0,
                                             .settings = {},
                                             .hba = {"host all secretive 127.0.0.0/8 scram-sha-256"},
                                             .start = true});
  }
  static void TearDownTestSuite() { server_.reset(); }
  static std::unique_ptr<PostgresFixture> server_;
};
std::unique_ptr<PostgresFixture> PgSessionTest::server_;

TEST_F(PgSessionTest, AnswersWithRowsAndNulls) {
  auto session = open(*server_);
  ASSERT_TRUE(session) << session.error().message;
  const auto rows = session->query("SELECT $1::int + 1, $2::text", {"41", std::nullopt}, in(5s));
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->rows, (std::vector<PgRow>{{"42", std::nullopt}}));
  EXPECT_GE(session->server_version(), 130000);
}

TEST_F(PgSessionTest, SaysHowManyRowsChanged) {
  auto session = open(*server_);
  ASSERT_TRUE(session);
  ASSERT_TRUE(session->query("CREATE TABLE changed (a int)", {}, in(5s)));
  const auto rows = session->query("INSERT INTO changed SELECT generate_series(1, 7)", {}, in(5s));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->affected, 7);
}

TEST_F(PgSessionTest, AnAnsweredErrorKeepsTheSessionAndItsSqlstate) {
  auto session = open(*server_);
  ASSERT_TRUE(session);
  const auto rows = session->query("SELECT 1/0", {}, in(5s));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(session->last_sqlstate(), "22012");
  EXPECT_TRUE(session->query("SELECT 1", {}, in(5s)));
  const auto wrong_state = session->query("SELECT pg_wal_replay_resume()", {}, in(5s));
  ASSERT_FALSE(wrong_state);
  EXPECT_EQ(wrong_state.error().code, ErrorCode::kConflict);
}

TEST_F(PgSessionTest, LackOfPrivilegeIsPermission) {
  server_->sql("CREATE ROLE nobody_much LOGIN");
  auto session =
      open(*server_, {.user = "nobody_much", .passfile = "", .application_name = "", .settings = {}});
  ASSERT_TRUE(session);
  const auto rows = session->query("ALTER SYSTEM SET work_mem = '5MB'", {}, in(5s));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kPermission);
}

TEST_F(PgSessionTest, ReadsItsPasswordFromTheFileAndFailsAsAuthWithout) {
  server_->sql("CREATE ROLE secretive LOGIN PASSWORD 'tell-nobody'");
  const test::TempDir folder;
  test::write_file(folder.file("right"), "*:*:*:secretive:tell-nobody\n", 0600);
  test::write_file(folder.file("wrong"), "*:*:*:secretive:guess\n", 0600);
  SessionOverrides overrides{
      .user = "secretive", .passfile = folder.file("right"), .application_name = "", .settings = {}};
  EXPECT_TRUE(open(*server_, overrides));
  for (const char* file : {"wrong", "missing"}) {
    overrides.passfile = folder.file(file);
    FailureClass failure{};
    const auto session = open(*server_, overrides, &failure);
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code, ErrorCode::kPermission);
    EXPECT_EQ(failure, FailureClass::kAuth);
    EXPECT_EQ(session.error().message.find("tell-nobody"), std::string::npos);
  }
}

TEST_F(PgSessionTest, OverridesReachTheServer) {
  auto session = open(*server_, {.user = "",
                                 .passfile = "",
                                 .application_name = "farshore-test",
                                 .settings = {{"synchronous_commit", "local"}}});
  ASSERT_TRUE(session);
  const auto rows = session->query(
      "SELECT current_setting('application_name'), current_setting('synchronous_commit')", {}, in(5s));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->rows, (std::vector<PgRow>{{"farshore-test", "local"}}));
}

TEST_F(PgSessionTest, AStatementWithoutAnswerIsUnknownAndEndsTheSession) {
  auto session = open(*server_);
  ASSERT_TRUE(session);
  const auto rows = session->query("SELECT pg_sleep(60)", {}, in(100ms));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kUnknown);
  EXPECT_FALSE(session->usable());
  const auto later = session->query("SELECT 1", {}, in(5s));
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, ErrorCode::kUnavailable);
}

TEST_F(PgSessionTest, ABackendEndedInTheMiddleIsUnknown) {
  auto session = open(*server_);
  ASSERT_TRUE(session);
  const auto rows = session->query("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(10)", {}, in(5s));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kUnknown);
  EXPECT_FALSE(session->usable());
}

TEST_F(PgSessionTest, ForgottenStatementsStillTakeEffect) {
  auto session = open(*server_);
  ASSERT_TRUE(session);
  ASSERT_TRUE(
      session->send_and_forget("CREATE TABLE forgotten AS SELECT 1 AS a FROM pg_sleep(0.05)", in(5s)));
  EXPECT_TRUE(server_->wait_for_sql("SELECT to_regclass('forgotten') IS NOT NULL", "t"));
}

TEST_F(PgSessionTest, ReadsTheFacts) {
  auto session = open(*server_);
  ASSERT_TRUE(session);
  const auto facts = session->read_facts(in(5s));
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_FALSE(facts->in_recovery);
  EXPECT_EQ(facts->timeline, 1u);
  EXPECT_EQ(facts->system_identifier, server_->sql("SELECT system_identifier FROM pg_control_system()"));
}

TEST_F(PgSessionTest, AFrozenServerCostsTheDeadlineAndIsATimeout) {
  auto kept = open(*server_);
  ASSERT_TRUE(kept);
  server_->freeze();
  FailureClass failure{};
  const auto session = PgSession::open(server_->conninfo(), {}, in(200ms), system_clock(), &failure);
  const auto rows = kept->query("SELECT 1", {}, in(200ms));
  server_->resume();
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(failure, FailureClass::kTimeout);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kUnknown);
}

TEST(PgSession, NobodyListeningIsRefused) {
  FailureClass failure{};
  const auto session =
      PgSession::open(fmt::format("host=127.0.0.1 port={} user=x dbname=x", test::free_port()), {}, in(5s),
                      system_clock(), &failure);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(failure, FailureClass::kRefused);
}

TEST(PgSession, ANameWithoutAddressIsDns) {
  FailureClass failure{};
  const auto session = PgSession::open("host=no..host user=x dbname=x", {}, in(5s), system_clock(), &failure);
  ASSERT_FALSE(session);
  EXPECT_EQ(failure, FailureClass::kDns);
}

}  // namespace
}  // namespace farshore
