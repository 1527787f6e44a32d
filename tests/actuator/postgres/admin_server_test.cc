#include "actuator/postgres/admin_server.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "actuator/ctl/generate/generate.h"
#include "common/postgres/session.h"
#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using test::PostgresOptions;
using test::wait_until;

BootTime soon() { return system_clock().boot_now() + 20s; }

ServerConfig config_of(const PostgresFixture& fixture, const std::string& admin = "farshore_actuator") {
  ServerConfig config;
  config.name = "shop-" + fixture.name();
  config.region = "eu-west";
  config.conninfo = fixture.conninfo("farshore_monitor");
  config.admin = AdminRole{admin, "/nonexistent/pgpass"};
  return config;
}

// The roles and the table as `farshorectl generate sql` makes them.
void install(PostgresFixture& primary) {
  Topology topology;
  ClusterConfig cluster;
  cluster.name = "shop";
  cluster.servers = {config_of(primary)};
  topology.clusters = {cluster};
  primary.sql(generate_sql(topology, "shop", 15).value());
}

std::unique_ptr<PostgresServer> hands_on(const PostgresFixture& fixture,
                                         const std::string& admin = "farshore_actuator") {
  return make_postgres_server("shop", config_of(fixture, admin), system_clock());
}

// A primary and its streaming standby, with the roles of the day.
class AdminServerTest : public ::testing::Test {
 protected:
  AdminServerTest() : AdminServerTest(std::vector<std::string>{}) {}
  explicit AdminServerTest(const std::vector<std::string>& standby_settings) {
    install(*primary_);
    PostgresOptions options;
    options.name = "standby";
    options.settings = standby_settings;
    standby_ = primary_->make_standby(options);
    hands_ = hands_on(*standby_);
    if (!primary_->wait_for_sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", "1"))
      throw std::runtime_error("the standby does not stream: " + standby_->log());
  }

  static ServerLook look(PostgresServer& server) { return server.look(soon()).value(); }
  ServerLook look() { return look(*hands_); }
  bool is_cut() {
    const ServerLook now = look();
    return now.primary_conninfo.empty() && now.restore_command.empty() && !now.facts.receiver;
  }
  void expect_cut() {
    const Status cut = hands_->cut_streams(soon());
    ASSERT_TRUE(cut) << cut.error().message;
    const Status pushed = hands_->push_replay(soon());
    ASSERT_TRUE(pushed) << pushed.error().message;
    EXPECT_TRUE(wait_until([&] { return is_cut(); })) << standby_->log();
  }

  std::unique_ptr<PostgresFixture> primary_ = PostgresFixture::make_primary();
  std::unique_ptr<PostgresFixture> standby_;
  std::unique_ptr<PostgresServer> hands_;
};

TEST_F(AdminServerTest, ALookTellsRoleSettingsAndThatNothingIsMissing) {
  const auto primary = hands_on(*primary_);
  const ServerLook on_primary = look(*primary);
  EXPECT_FALSE(on_primary.facts.in_recovery);
  EXPECT_EQ(on_primary.missing_privileges, std::vector<std::string>{});
  EXPECT_FALSE(on_primary.epoch_row);
  EXPECT_FALSE(on_primary.read_only);

  const ServerLook on_standby = look();
  EXPECT_TRUE(on_standby.facts.in_recovery);
  EXPECT_EQ(on_standby.facts.system_identifier, on_primary.facts.system_identifier);
  EXPECT_EQ(on_standby.missing_privileges, std::vector<std::string>{});
  EXPECT_NE(on_standby.primary_conninfo.find(std::to_string(primary_->port())), std::string::npos);
  ASSERT_TRUE(on_standby.facts.receiver);
  EXPECT_EQ(on_standby.facts.receiver->status, "streaming");
  EXPECT_EQ(on_standby.apply_delay, 0ns);
  EXPECT_TRUE(on_standby.read_only);
}

TEST_F(AdminServerTest, ALookCountsTheSessionsOfClientsAndNotOurs) {
  const auto primary = hands_on(*primary_);
  ASSERT_TRUE(wait_until([&] { return look(*primary).client_sessions == 0; }));
  const auto client = PgSession::open(primary_->conninfo(), {}, soon(), system_clock());
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_EQ(look(*primary).client_sessions, 1);
  const auto ours = PgSession::open(primary_->conninfo("postgres", "application_name=farshore-exporter"), {},
                                    soon(), system_clock());
  ASSERT_TRUE(ours) << ours.error().message;
  EXPECT_EQ(look(*primary).client_sessions, 1);
}

TEST_F(AdminServerTest, WhatTheRoleCannotDoIsNamedAndHiddenSettingsDoNotReadAsCut) {
  primary_->sql("CREATE ROLE nobody_much LOGIN");
  const auto weak = hands_on(*standby_, "nobody_much");
  ASSERT_TRUE(wait_until([&] { return weak->look(soon()).has_value(); })) << "the role must be replicated";
  const ServerLook now = look(*weak);
  EXPECT_FALSE(now.primary_conninfo.empty());
  EXPECT_FALSE(now.restore_command.empty());
  EXPECT_FALSE(now.client_sessions) << "hidden is not none";
  const auto& missing = now.missing_privileges;
  for (const char* privilege :
       {"membership in pg_monitor", "membership in pg_signal_backend", "membership in pg_checkpoint",
        "EXECUTE on pg_promote(boolean, integer)", "EXECUTE on pg_reload_conf()",
        "EXECUTE on pg_wal_replay_resume()", "SELECT on farshore.epoch", "INSERT on farshore.epoch",
        "ALTER SYSTEM SET primary_conninfo", "ALTER SYSTEM SET restore_command",
        "ALTER SYSTEM SET recovery_min_apply_delay", "ALTER SYSTEM SET synchronous_standby_names",
        "ALTER SYSTEM SET max_standby_streaming_delay", "ALTER SYSTEM SET max_standby_archive_delay"})
    EXPECT_NE(std::ranges::find(missing, privilege), missing.end()) << privilege;
  EXPECT_EQ(weak->cut_streams(soon()).error().code, ErrorCode::kPermission);
  EXPECT_EQ(weak->promote(soon()).error().code, ErrorCode::kPermission);
}

TEST_F(AdminServerTest, WithoutTheTableThereIsNoEpochAndTheLookSaysWhatIsMissing) {
  primary_->sql("DROP TABLE farshore.epoch");
  const auto primary = hands_on(*primary_);
  const ServerLook now = look(*primary);
  EXPECT_FALSE(now.epoch_row);
  EXPECT_EQ(now.missing_privileges,
            (std::vector<std::string>{"SELECT on farshore.epoch", "INSERT on farshore.epoch"}));
}

TEST_F(AdminServerTest, ACutEndsTheReceiverAndItStaysCut) {
  expect_cut();
  const Lsn held = look().facts.held().value();
  primary_->sql("CREATE TABLE after_the_cut AS SELECT generate_series(1, 1000)");
  EXPECT_FALSE(wait_until([&] { return !is_cut() || look().facts.held() != held; }, 1500ms));
  EXPECT_TRUE(hands_->cut_streams(soon())) << "cutting again is harmless";
}

TEST_F(AdminServerTest, ACutWorksWhileReplayIsPaused) {
  standby_->sql("SELECT pg_wal_replay_pause()");
  ASSERT_TRUE(standby_->wait_for_sql("SELECT pg_get_wal_replay_pause_state()", "paused"));
  primary_->sql("CREATE TABLE unseen AS SELECT generate_series(1, 1000)");
  expect_cut();
  EXPECT_FALSE(look().facts.replay_paused.value());
}

TEST_F(AdminServerTest, SavedSettingsBringStreamingBack) {
  const SavedSettings saved = hands_->read_settings(soon()).value();
  EXPECT_EQ(saved.size(), 5u);
  expect_cut();
  const Status restored = hands_->restore_settings(saved, soon());
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_TRUE(wait_until([&] {
    const ServerLook now = look();
    return now.facts.receiver && now.facts.receiver->status == "streaming";
  })) << standby_->log();
  EXPECT_EQ(hands_->read_settings(soon()).value(), saved);
}

TEST_F(AdminServerTest, AnySettingTextComesBackAsItWas) {
  SavedSettings settings = hands_->read_settings(soon()).value();
  settings["restore_command"] = R"(false 'it''s' \ "%f" %p; -- $1)";
  ASSERT_TRUE(hands_->restore_settings(settings, soon()));
  EXPECT_TRUE(wait_until([&] { return look().restore_command == settings["restore_command"]; }));
  EXPECT_EQ(hands_->restore_settings({{"archive_command", "x"}}, soon()).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(AdminServerTest, APasswordInPrimaryConninfoIsNeverShownOrSaved) {
  standby_->sql("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1 user=r password=hunter2'");
  standby_->reload();
  ASSERT_TRUE(wait_until([&] { return look().primary_conninfo.find("port=1 ") != std::string::npos; }));
  EXPECT_EQ(look().primary_conninfo.find("hunter2"), std::string::npos);
  EXPECT_FALSE(look().missing_privileges.empty()) << "told before the day";
  const auto saved = hands_->read_settings(soon());
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, ErrorCode::kConflict);
  EXPECT_EQ(saved.error().message.find("hunter2"), std::string::npos);
}

TEST_F(AdminServerTest, PromotesAndCommitsTheRowOfTheReignOnce) {
  standby_->append_settings(
      {"synchronous_standby_names = 'FIRST 1 (ghost)'", "default_transaction_read_only = on"});
  standby_->reload();
  ASSERT_TRUE(standby_->wait_for_sql("SHOW synchronous_standby_names", "FIRST 1 (ghost)"));
  primary_->kill();
  expect_cut();
  const Status promoted = hands_->promote(soon());
  ASSERT_TRUE(promoted) << promoted.error().message;
  ASSERT_TRUE(wait_until([&] { return !look().facts.in_recovery; }));
  EXPECT_EQ(look().facts.timeline, 2u);
  EXPECT_TRUE(look().read_only);

  const EpochRow row{"shop", 2, "shop-standby"};
  const Status committed = hands_->commit_epoch_row(row, soon());
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_TRUE(hands_->commit_epoch_row(row, soon())) << "the same row again is harmless";
  EXPECT_EQ(hands_->commit_epoch_row({"shop", 2, "shop-other"}, soon()).error().code, ErrorCode::kConflict);
  EXPECT_TRUE(hands_->commit_epoch_row({"books", 9, "books-1"}, soon()));
  EXPECT_EQ(look().epoch_row, row) << "the newest of this cluster";
  EXPECT_EQ(hands_->promote(soon()).error().code, ErrorCode::kConflict) << "it is a primary already";

  EXPECT_TRUE(standby_->wait_for_sql("SHOW synchronous_standby_names", "")) << "commits would hang";
  EXPECT_NO_THROW(standby_->sql("SET transaction_read_only = off; CREATE TABLE clients_can_write()"));
}

TEST_F(AdminServerTest, WhatBelongsToTheOtherRoleIsAConflict) {
  const auto primary = hands_on(*primary_);
  EXPECT_EQ(primary->cut_streams(soon()).error().code, ErrorCode::kConflict);
  EXPECT_EQ(primary->read_settings(soon()).error().code, ErrorCode::kConflict);
  EXPECT_EQ(primary->promote(soon()).error().code, ErrorCode::kConflict);
  EXPECT_EQ(hands_->commit_epoch_row({"shop", 2, "shop-standby"}, soon()).error().code, ErrorCode::kConflict);
  EXPECT_EQ(primary_->sql("SELECT pg_is_in_recovery()"), "f");
}

TEST_F(AdminServerTest, AConnectedSynchronousStandbyIsNotLifted) {
  primary_->append_settings({"synchronous_standby_names = 'standby'"});
  primary_->reload();
  ASSERT_TRUE(primary_->wait_for_sql("SELECT sync_state FROM pg_stat_replication", "sync"));
  ASSERT_TRUE(hands_on(*primary_)->commit_epoch_row({"shop", 1, "shop-primary"}, soon()));
  EXPECT_EQ(primary_->sql("SHOW synchronous_standby_names"), "standby");
  EXPECT_TRUE(wait_until([&] { return look().epoch_row == EpochRow{"shop", 1, "shop-primary"}; }))
      << "the row reaches the standby";
}

TEST_F(AdminServerTest, AFrozenServerCostsTheDeadlineAndIsSilence) {
  for (const bool postmaster_only : {false, true}) {
    postmaster_only ? standby_->freeze_postmaster() : standby_->freeze();
    FailureClass failure{};
    const BootTime begin = system_clock().boot_now();
    const auto seen = hands_->look(begin + 300ms, &failure);
    const Status promoted = hands_->promote(system_clock().boot_now() + 300ms);
    standby_->resume();
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code, ErrorCode::kTimeout);
    EXPECT_EQ(failure, FailureClass::kTimeout);
    ASSERT_FALSE(promoted);
    EXPECT_EQ(promoted.error().code, ErrorCode::kTimeout) << "nothing was sent";
  }
  EXPECT_TRUE(wait_until([&] { return hands_->look(soon()).has_value(); }));
  EXPECT_TRUE(look().facts.in_recovery);
}

TEST_F(AdminServerTest, AStoppedServerIsSilenceAndARefusedPasswordIsLife) {
  standby_->stop();
  FailureClass failure{};
  EXPECT_FALSE(hands_->look(soon(), &failure));
  EXPECT_EQ(failure, FailureClass::kRefused);
  ServerConfig wrong = config_of(*primary_);
  wrong.admin->user = "no_such_role";
  EXPECT_FALSE(make_postgres_server("shop", wrong, system_clock())->look(soon(), &failure));
  EXPECT_EQ(failure, FailureClass::kAuth) << "an answer that only a living postmaster gives";
}

TEST_F(AdminServerTest, TellsForHowLongReplayHasRested) {
  primary_->kill();
  expect_cut();
  EXPECT_TRUE(wait_until([&] {
    const ServerLook now = look();
    return !now.startup_wait_event.empty() && now.startup_wait_for >= 200ms;
  })) << look().startup_wait_event;
}

TEST_F(AdminServerTest, ACheckpointIsAskedForAndNotWaitedFor) {
  const auto primary = hands_on(*primary_);
  const std::string before = primary_->sql("SELECT checkpoints_req FROM pg_stat_bgwriter");
  ASSERT_TRUE(primary->request_checkpoint(soon()));
  EXPECT_TRUE(wait_until(
      [&] { return primary_->sql("SELECT checkpoints_req > " + before + " FROM pg_stat_bgwriter") == "t"; }));
}

class DelayedStandby : public AdminServerTest {
 protected:
  DelayedStandby() : AdminServerTest({"recovery_min_apply_delay = '90min'"}) {}
};

TEST_F(DelayedStandby, ItsDelayIsToldAndACutDropsIt) {
  EXPECT_EQ(look().apply_delay, 90min);
  primary_->sql("CREATE TABLE delayed AS SELECT generate_series(1, 1000)");
  ASSERT_TRUE(wait_until([&] { return look().startup_wait_event == "RecoveryApplyDelay"; }));
  expect_cut();
  EXPECT_EQ(look().apply_delay, 0ns);
}

class PatientStandby : public AdminServerTest {
 protected:
  PatientStandby() : AdminServerTest({"max_standby_streaming_delay = -1"}) {}
};

TEST_F(PatientStandby, ACutEndsTheQueryThatReplayWaitsFor) {
  primary_->sql(
      "CREATE ROLE app LOGIN; CREATE TABLE t AS SELECT generate_series(1, 1000) AS n;"
      "GRANT SELECT ON t TO app");
  ASSERT_TRUE(standby_->wait_for_sql("SELECT count(*) FROM t", "1000"));
  PgSession client = PgSession::open(standby_->conninfo("app"), {}, soon(), system_clock()).value();
  ASSERT_TRUE(client.query("BEGIN ISOLATION LEVEL REPEATABLE READ", {}, soon()));
  ASSERT_TRUE(client.query("SELECT count(*) FROM t", {}, soon()));
  primary_->sql("DELETE FROM t");
  primary_->sql("VACUUM t");
  ASSERT_TRUE(wait_until([&] { return look().startup_wait_event.starts_with("RecoveryConflict"); }))
      << look().startup_wait_event;
  expect_cut();
  EXPECT_FALSE(client.query("SELECT 1", {}, soon())) << "its session was ended";
}

}  // namespace
}  // namespace farshore
