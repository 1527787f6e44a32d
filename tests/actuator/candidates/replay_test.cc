// Standbys that hold WAL and do not replay it: paused, delayed, in conflict with a query, stopped by settings
// that are too low, at a torn record, restarted. F.. = the findings that docs and tests/README.md name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/postgres/session.h"
#include "tests/actuator/candidates/rig.h"

namespace farshore::test {
namespace {

using testing::HasSubstr;

BootTime soon() { return system_clock().boot_now() + 20s; }

bool waits_for(const PostgresFixture& standby, const std::string& event) {
  return standby.wait_for_sql(
      "SELECT wait_event LIKE '" + event + "' FROM pg_stat_activity WHERE backend_type = 'startup'", "t");
}

// A session that holds a snapshot, so that replay of a VACUUM after a DELETE waits for it.
PgSession session_in_the_way(const PostgresFixture& standby, const std::string& user) {
  PgSession session = PgSession::open(standby.conninfo(user), {}, soon(), system_clock()).value();
  if (!session.query("BEGIN ISOLATION LEVEL REPEATABLE READ", {}, soon()) ||
      !session.query("SELECT count(*) FROM t", {}, soon()))
    throw std::runtime_error("no snapshot");
  return session;
}

void make_table(Rig& rig, const PostgresFixture& standby) {
  rig.primary().sql(
      "CREATE ROLE app LOGIN; CREATE TABLE t AS SELECT generate_series(1, 1000) AS n; GRANT SELECT ON t TO "
      "app");
  if (!standby.wait_for_sql("SELECT count(*) FROM t", "1000"))
    throw std::runtime_error("t is not replicated");
}

void remove_rows(Rig& rig) {
  rig.primary().sql("DELETE FROM t");
  rig.primary().sql("VACUUM t");
  rig.primary().sql("CREATE TABLE after_it AS SELECT 1 AS n");
}

bool received_everything(Rig& rig, const PostgresFixture& standby) {
  return standby.wait_for_sql(
      "SELECT pg_last_wal_receive_lsn() >= '" + rig.primary().sql("SELECT pg_current_wal_flush_lsn()") + "'",
      "t");
}

TEST(CandidateReplay, F10_APausedStandbyIsResumedAndPromotedWithAllItHolds) {
  Rig rig;
  rig.standby().sql("SELECT pg_wal_replay_pause()");
  ASSERT_TRUE(rig.standby().wait_for_sql("SELECT pg_get_wal_replay_pause_state()", "paused"));
  rig.primary().sql("CREATE TABLE unseen AS SELECT generate_series(1, 1000) AS n");
  ASSERT_TRUE(received_everything(rig, rig.standby()));
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_EQ(rig.standby().sql("SELECT count(*) FROM unseen"), "1000");
}

TEST(CandidateReplay, F4_AHeldRunLeavesTheSettingsAndTheClaimAsTheyWereAndStreamingComesBack) {
  Rig rig;
  rig.config.failover.max_data_loss.bytes = 1000;
  rig.standby().sql("SELECT pg_wal_replay_pause()");
  ASSERT_TRUE(rig.standby().wait_for_sql("SELECT pg_get_wal_replay_pause_state()", "paused"));
  rig.lose_primary();
  rig.fail_over_until("choose_candidate");
  EXPECT_EQ(rig.standby().sql("SHOW primary_conninfo"), "");
  EXPECT_EQ(rig.standby().sql("SELECT pg_get_wal_replay_pause_state()"), "not paused");
  rig.config.failover.max_data_loss.bytes = -1;  // the limit is no longer kept: the row holds
  EXPECT_EQ(rig.go_on(), "held");
  EXPECT_THAT(rig.reason(), HasSubstr("bytes were missing when the primary was last seen"));
  EXPECT_TRUE(rig.is_as_before("shop_eu"));
  EXPECT_EQ(rig.fact("resumed.shop_eu"), "its replay was paused") << "paused again it would not stream";
  rig.primary().start();
  EXPECT_TRUE(rig.standby().wait_for_sql("SELECT status FROM pg_stat_wal_receiver", "streaming", 10s));
}

TEST(CandidateReplay, F10_ADelayedStandbyAloneIsHeldBeforeAnythingIsTouched) {
  Rig rig;
  rig.standby().append_settings({"recovery_min_apply_delay = '1h'"});
  rig.standby().reload();
  ASSERT_TRUE(rig.standby().wait_for_sql("SHOW recovery_min_apply_delay", "1h"));
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "held");
  EXPECT_THAT(rig.reason(),
              HasSubstr("shop_eu: is delayed by recovery_min_apply_delay = 3600 s: set it to 0"));
  EXPECT_EQ(rig.isolations(), 0u);
  EXPECT_TRUE(rig.is_as_before("shop_eu"));
}

TEST(CandidateReplay, F10_BesideAnUndelayedOneTheDelayedStandbyKeepsItsDelayAndIsPointedAtTheNewPrimary) {
  Rig rig({{.name = "shop_eu"}, {.name = "shop_delayed", .settings = {}, .priority = 9}});
  PostgresFixture& delayed = rig.standby("shop_delayed");
  delayed.append_settings({"recovery_min_apply_delay = '1h'"});
  delayed.reload();
  ASSERT_TRUE(delayed.wait_for_sql("SHOW recovery_min_apply_delay", "1h"));
  rig.primary().sql("CREATE TABLE mistake AS SELECT 1 AS n");
  ASSERT_TRUE(rig.standby().wait_for_sql("SELECT n FROM mistake", "1"));
  ASSERT_TRUE(received_everything(rig, delayed));
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_THAT(delayed.sql("SHOW primary_conninfo"), HasSubstr(std::to_string(rig.standby().port())));
  EXPECT_EQ(delayed.sql("SHOW recovery_min_apply_delay"), "1h");
  EXPECT_EQ(delayed.sql("SELECT to_regclass('mistake') IS NULL"), "t") << "what it is there for";
  delayed.append_settings({"recovery_min_apply_delay = 0"});
  delayed.sql("ALTER SYSTEM RESET recovery_min_apply_delay");
  delayed.reload();
  EXPECT_TRUE(rig.streams_from("shop_delayed", "shop_eu")) << delayed.log();
}

TEST(CandidateReplay, F10_AQueryThatReplayWaitsForIsEnded) {
  Rig rig(RigStandby{.name = "shop_eu", .settings = {"max_standby_streaming_delay = -1"}});
  make_table(rig, rig.standby());
  PgSession client = session_in_the_way(rig.standby(), "app");
  remove_rows(rig);
  ASSERT_TRUE(waits_for(rig.standby(), "RecoveryConflict%"));
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_EQ(rig.standby().sql("SELECT n FROM after_it"), "1");
  EXPECT_FALSE(client.query("SELECT 1", {}, soon()));
}

// pg_signal_backend cannot end it: PostgreSQL does when the conflict begins after the settings changed.
TEST(CandidateReplay, F10_ASuperusersQueryThatComesInTheWayAfterTheCutIsCancelledByPostgres) {
  Rig rig(RigStandby{.name = "shop_eu",
                     .settings = {"max_standby_streaming_delay = -1", "max_standby_archive_delay = -1"}});
  make_table(rig, rig.standby());
  PgSession client = session_in_the_way(rig.standby(), "postgres");
  rig.standby().sql("SELECT pg_wal_replay_pause()");
  ASSERT_TRUE(rig.standby().wait_for_sql("SELECT pg_get_wal_replay_pause_state()", "paused"));
  remove_rows(rig);
  ASSERT_TRUE(received_everything(rig, rig.standby()));
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_EQ(rig.standby().sql("SELECT n FROM after_it"), "1");
}

TEST(CandidateReplay, F10_ASuperusersQueryInTheWayIsHeldWithItsNameAndPutBack) {
  Rig rig(RigStandby{.name = "shop_eu", .settings = {"max_standby_streaming_delay = -1"}});
  make_table(rig, rig.standby());
  std::optional<PgSession> client = session_in_the_way(rig.standby(), "postgres");
  const std::string pid = client->query("SELECT pg_backend_pid()", {}, soon()).value().rows[0][0].value();
  remove_rows(rig);
  ASSERT_TRUE(waits_for(rig.standby(), "RecoveryConflict%"));
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "held");
  EXPECT_THAT(rig.reason(), HasSubstr("shop_eu: replay waits for session " + pid +
                                      " of postgres, a superuser: end it there"));
  EXPECT_TRUE(rig.is_as_before("shop_eu"));
  EXPECT_EQ(rig.standby().sql("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid), "1");
  client.reset();
  EXPECT_EQ(rig.retry(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
}

TEST(CandidateReplay, F10_BesideOneThatRestsTheStandbyInConflictIsNotWaitedFor) {
  Rig rig({{.name = "shop_eu"},
           {.name = "shop_ap", .settings = {"max_standby_streaming_delay = -1"}, .priority = 0}});
  make_table(rig, rig.standby());
  PostgresFixture& stuck = rig.standby("shop_ap");
  ASSERT_TRUE(stuck.wait_for_sql("SELECT count(*) FROM t", "1000"));
  std::optional<PgSession> client = session_in_the_way(stuck, "postgres");
  remove_rows(rig);
  ASSERT_TRUE(waits_for(stuck, "RecoveryConflict%"));
  ASSERT_TRUE(received_everything(rig, rig.standby()));
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_THAT(rig.fact("passed_over"), HasSubstr("shop_ap: replay waits for session"));
  client.reset();
  EXPECT_TRUE(rig.reconcile());
  EXPECT_TRUE(rig.streams_from("shop_ap", "shop_eu")) << stuck.log();
}

// PostgreSQL pauses replay when its primary's max_connections grew beyond its own, and stops when resumed.
class StandbyWithFewConnections : public ::testing::Test {
 protected:
  void grow(const std::string& standby) {
    rig.primary().stop();
    rig.primary().append_settings({"max_connections = 60"});
    rig.primary().start();
    ASSERT_TRUE(rig.standby(standby).wait_for_sql("SELECT pg_get_wal_replay_pause_state()", "paused"));
  }
  void mend(const std::string& standby) {
    rig.standby(standby).stop();
    rig.standby(standby).append_settings({"max_connections = 60"});
    rig.standby(standby).start();
  }
  Rig rig{{{.name = "shop_eu"}, {.name = "shop_ap", .settings = {}, .priority = 9}}};
};

TEST_F(StandbyWithFewConnections, F10_IsNeverResumedAndTheHoldNamesTheSetting) {
  grow("shop_eu");
  grow("shop_ap");
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "held");
  for (const char* name : {"shop_eu", "shop_ap"}) {
    EXPECT_THAT(rig.reason(),
                HasSubstr(std::string(name) + ": has max_connections = 40, lower than 60 on shop_us"));
    EXPECT_TRUE(rig.is_as_before(name));
    EXPECT_EQ(rig.standby(name).sql("SELECT pg_get_wal_replay_pause_state()"), "paused") << "it lives";
  }
  // Only one of them is mended: it wins although the other's priority is higher, and that one is only cut.
  mend("shop_eu");
  EXPECT_EQ(rig.retry(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_EQ(rig.standby("shop_ap").sql("SELECT pg_get_wal_replay_pause_state()"), "paused") << "it lives";
  mend("shop_ap");
  EXPECT_TRUE(rig.reconcile());
  EXPECT_TRUE(rig.streams_from("shop_ap", "shop_eu")) << rig.standby("shop_ap").log();
}

TEST_F(StandbyWithFewConnections, F10_APauseOfUnknownCauseIsNotResumed) {
  grow("shop_ap");
  rig.standby("shop_eu").stop();
  rig.forget_settings();
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "held");
  EXPECT_THAT(rig.reason(),
              HasSubstr("shop_ap: has paused replay, and the settings of shop_us were never seen"));
  EXPECT_EQ(rig.standby("shop_ap").sql("SELECT pg_get_wal_replay_pause_state()"), "paused");
}

// A bulk load whose one record is cut off: receive is beyond replay for ever, and that loses nothing.
TEST(CandidateReplay, F11_ATornLastRecordIsNoReasonToWaitForEver) {
  Rig rig;
  rig.config.failover.max_data_loss.bytes = int64_t{1} << 30;  // what was not yet committed counts too
  rig.primary().sql("CREATE TABLE kept AS SELECT 1 AS n");
  ASSERT_TRUE(rig.standby().wait_for_sql("SELECT n FROM kept", "1"));
  PgSession watch = PgSession::open(rig.standby().conninfo(), {}, soon(), system_clock()).value();
  PgSession load = PgSession::open(rig.primary().conninfo(), {}, soon(), system_clock()).value();
  ASSERT_TRUE(load.send_and_forget(
      "SELECT pg_logical_emit_message(false, 'load', repeat('x', 300 * 1024 * 1024))", soon()));
  const auto behind = [&] {
    const auto rows =
        watch.query("SELECT pg_last_wal_receive_lsn() - pg_last_wal_replay_lsn() > 20000000", {}, soon());
    return rows && rows->rows[0][0] == "t";
  };
  ASSERT_TRUE(wait_until(behind));
  rig.lose_primary();
  ASSERT_TRUE(behind()) << "the record arrived whole";
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_EQ(rig.standby().sql("SELECT n FROM kept"), "1");
}

TEST(CandidateReplay, F11_AStandbyThatRestartedAfterTheLossHasNoReceivePositionAndIsPromoted) {
  Rig rig(RigStandby{.name = "shop_eu", .settings = {"restore_command = 'false'"}});
  rig.primary().sql("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
  ASSERT_TRUE(rig.standby().wait_for_sql("SELECT count(*) FROM kept", "1000"));
  rig.lose_primary();
  rig.standby().stop();
  rig.standby().start();
  ASSERT_EQ(rig.standby().sql("SELECT coalesce(pg_last_wal_receive_lsn() < pg_last_wal_replay_lsn(), true)"),
            "t");
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_EQ(rig.standby().sql("SELECT count(*) FROM kept"), "1000");
}

}  // namespace
}  // namespace farshore::test
