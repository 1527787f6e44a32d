#include "tests/support/postgres_server.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace farshore::test {
namespace {

TEST(ChildProcess, CollectsOutputAndExitCode) {
  const CommandResult result = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, "out\nerr\n");
}

TEST(ChildProcess, IsGoneWhenItsObjectIsGone) {
  pid_t pid = 0;
  {
    ChildProcess child({"sleep", "600"});
    pid = child.pid();
    EXPECT_TRUE(child.running());
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(ChildProcess, SaysSoWhenTheProgramCannotBeRun) {
  EXPECT_THROW(ChildProcess({"/no/such/program"}), std::runtime_error);
}

TEST(PostgresFixture, StandbyFollowsAndCanBePromotedAfterThePrimaryIsKilled) {
  auto primary = PostgresFixture::make_primary();
  auto standby = primary->make_standby();
  primary->sql("CREATE TABLE t AS SELECT 1 AS a");
  EXPECT_TRUE(standby->wait_for_sql("SELECT a FROM t", "1"));
  EXPECT_EQ(standby->sql("SELECT pg_is_in_recovery()"), "t");
  primary->kill();
  EXPECT_FALSE(primary->running());
  EXPECT_EQ(standby->sql("SELECT pg_promote()"), "t");
  EXPECT_EQ(standby->sql("SELECT pg_is_in_recovery()"), "f");
}

TEST(PostgresFixture, FrozenServerAnswersAgainAfterResume) {
  auto server = PostgresFixture::make_primary();
  server->freeze();
  EXPECT_THROW(server->sql("SELECT 1", 300ms), std::runtime_error);
  server->resume();
  EXPECT_EQ(server->sql("SELECT 1"), "1");
  server->kill();
  server->start();
  EXPECT_EQ(server->sql("SELECT 1"), "1");
}

}  // namespace
}  // namespace farshore::test
