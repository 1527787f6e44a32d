#include "common/postgres/polled_session.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::PostgresFixture;

ConnectionParameters parameters_of(const std::string& conninfo) {
  return ConnectionParameters::parse(conninfo).value();
}

class PolledSessionTest : public testing::Test {
 protected:
  PolledSession open(const std::string& conninfo, const std::string& statement, nanoseconds timeout = 2s) {
    return PolledSession(parameters_of(conninfo), statement, timeout, resolver_, system_clock());
  }
  // Polls until there is an answer, or absent when `limit` came first.
  static std::optional<PolledAnswer> finish(PolledSession& session, std::optional<PolledAnswer> answer,
                                            nanoseconds limit = 10s) {
    const BootTime end = system_clock().boot_now() + limit;
    while (!answer && system_clock().boot_now() < end) {
      pollfd entry{.fd = session.socket(), .events = session.events(), .revents = 0};
      poll(&entry, 1, 20);
      answer = session.advance(entry.revents);
    }
    return answer;
  }
  static PolledAnswer run(PolledSession& session) { return finish(session, session.begin()).value(); }

  NameResolver resolver_;
};

TEST_F(PolledSessionTest, RunsTheStatementAgainAndAgainOnOneSession) {
  const auto server = PostgresFixture::make_primary();
  PolledSession session = open(server->conninfo(), "SELECT pg_backend_pid(), NULL");
  const PolledAnswer first = run(session), second = run(session);
  EXPECT_EQ(first.failure.failure, FailureClass::kNone) << first.failure.text;
  EXPECT_TRUE(first.sent);
  ASSERT_EQ(first.rows.size(), 1U);
  EXPECT_EQ(first.rows, second.rows);
  EXPECT_EQ(first.rows[0][1], std::nullopt);

  server->sql("SELECT pg_terminate_backend(" + *first.rows[0][0] + ")");
  PolledAnswer third = run(session);
  if (third.failure.failure != FailureClass::kNone) third = run(session);  // it had not noticed yet
  ASSERT_EQ(third.rows.size(), 1U) << third.failure.text;
  EXPECT_NE(third.rows[0][0], first.rows[0][0]);
}

TEST_F(PolledSessionTest, AnErrorIsAnAnswerAndKeepsTheSession) {
  const auto server = PostgresFixture::make_primary();
  PolledSession session = open(server->conninfo(), "SELECT 1 / (pg_backend_pid() - pg_backend_pid())");
  const PolledAnswer answer = run(session);
  EXPECT_TRUE(answer.sent);
  EXPECT_EQ(answer.failure.sqlstate, "22012");
  EXPECT_GE(session.socket(), 0);
  EXPECT_EQ(run(session).failure.sqlstate, "22012");
}

TEST_F(PolledSessionTest, WithoutASessionNothingIsSent) {
  PolledSession refused =
      open(fmt::format("host=127.0.0.1 port={} user=x dbname=x", test::free_port()), "SELECT 1");
  const PolledAnswer answer = run(refused);
  EXPECT_FALSE(answer.sent);
  EXPECT_EQ(answer.failure.failure, FailureClass::kRefused);
  EXPECT_FALSE(refused.busy());
}

TEST_F(PolledSessionTest, ASentStatementIsOverdueAndStillWaitedFor) {
  const auto server = PostgresFixture::make_primary();
  PolledSession session = open(server->conninfo(), "SELECT 1", 1s);
  ASSERT_EQ(run(session).failure.failure, FailureClass::kNone);
  server->freeze();
  ASSERT_FALSE(finish(session, session.begin(), 1500ms));
  EXPECT_TRUE(session.overdue());
  EXPECT_TRUE(session.busy());
  server->resume();
  const auto late = finish(session, std::nullopt);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->failure.failure, FailureClass::kNone) << late->failure.text;
}

TEST_F(PolledSessionTest, OpeningASessionEndsAtItsDeadline) {
  const auto server = PostgresFixture::make_primary();
  server->freeze();
  PolledSession session = open(server->conninfo(), "SELECT 1", 300ms);
  const PolledAnswer answer = run(session);
  EXPECT_FALSE(answer.sent);
  EXPECT_EQ(answer.failure.failure, FailureClass::kTimeout);
  EXPECT_LT(session.socket(), 0);
  server->resume();
}

}  // namespace
}  // namespace farshore
