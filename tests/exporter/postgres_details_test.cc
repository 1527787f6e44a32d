// What the program shows of real servers in the states that people are woken for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/exporter/running_exporter.h"
#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using test::RunningExporter;
using test::Servers;
using test::wait_until;

const std::string kP = "server=\"p\"", kS = "server=\"s\"";

std::unique_ptr<PostgresFixture> primary_with(std::vector<std::string> settings) {
  return PostgresFixture::make_primary(
      {.name = "primary", .port = 0, .settings = std::move(settings), .hba = {}, .start = true});
}

TEST(ExporterDetails, ASynchronousStandbyThatIsMissingShows) {
  const auto primary = primary_with({"synchronous_commit = local"});
  const auto standby = primary->make_standby();
  RunningExporter exporter(Servers{{"p", primary->conninfo()}, {"s", standby->conninfo()}});
  ASSERT_TRUE(exporter.wait_value("farshore_pg_synchronous_standbys_configured", {kP}, 0));
  primary->append_settings({"synchronous_standby_names = 'FIRST 2 (standby, other)'"});
  primary->reload();
  EXPECT_TRUE(exporter.wait_value("farshore_pg_synchronous_standbys_configured", {kP}, 2));
  EXPECT_TRUE(exporter.wait_value("farshore_pg_synchronous_standbys_connected", {kP}, 1));
  EXPECT_TRUE(exporter.wait_value("farshore_pg_replication_state_info",
                                  {kP, "application_name=\"standby\"", "sync_state=\"sync\""}, 1));
  standby->stop();
  EXPECT_TRUE(exporter.wait_value("farshore_pg_synchronous_standbys_connected", {kP}, 0));
  EXPECT_TRUE(wait_until([&] { return !exporter.value("farshore_pg_replication_connections", {kP}); }))
      << "no series of a standby that is gone";
}

TEST(ExporterDetails, ASlotThatIsLostIsLostAndNoLongerRetains) {
  const auto primary = primary_with(
      {"max_slot_wal_keep_size = 1MB", "min_wal_size = 32MB", "max_wal_size = 32MB", "wal_keep_size = 0"});
  primary->sql("SELECT pg_create_physical_replication_slot('kept', true)");
  RunningExporter exporter(Servers{{"p", primary->conninfo()}});
  const std::vector<std::string> slot = {kP, "slot=\"kept\""};
  ASSERT_TRUE(exporter.wait_value("farshore_pg_replication_slot_wal_status",
                                  {kP, "slot=\"kept\"", "status=\"reserved\""}, 1));
  EXPECT_TRUE(exporter.value("farshore_pg_replication_slot_retained_wal_bytes", slot));
  EXPECT_TRUE(exporter.value("farshore_pg_replication_slot_safe_wal_bytes", slot));
  EXPECT_EQ(exporter.value("farshore_pg_replication_slot_active", slot), 0);
  primary->sql("CREATE TABLE t (n int)");
  for (int segment = 0; segment < 4; ++segment)
    primary->sql("INSERT INTO t VALUES (1); SELECT pg_switch_wal()");
  primary->sql("CHECKPOINT");
  EXPECT_TRUE(exporter.wait_value("farshore_pg_replication_slot_wal_status",
                                  {kP, "slot=\"kept\"", "status=\"lost\""}, 1));
  EXPECT_EQ(exporter.value("farshore_pg_replication_slot_retained_wal_bytes", slot), std::nullopt);
  EXPECT_EQ(exporter.value("farshore_pg_replication_slot_safe_wal_bytes", slot), std::nullopt);
  primary->sql("SELECT pg_drop_replication_slot('kept')");
  EXPECT_TRUE(wait_until([&] { return !exporter.value("farshore_pg_replication_slot_active", slot); }));
}

TEST(ExporterDetails, AnArchiverThatFailsShowsItsFailures) {
  const auto primary = primary_with({"archive_mode = on", "archive_command = '/bin/false'"});
  RunningExporter exporter(Servers{{"p", primary->conninfo()}});
  ASSERT_TRUE(exporter.wait_value("farshore_pg_archiver_archived_total", {kP}, 0));
  primary->sql("CREATE TABLE t (n int); SELECT pg_switch_wal()");
  EXPECT_TRUE(
      wait_until([&] { return exporter.value("farshore_pg_archiver_failed_total", {kP}).value_or(0) >= 1; }));
  EXPECT_TRUE(exporter.value("farshore_pg_archiver_last_failed_timestamp_seconds", {kP}));
  EXPECT_EQ(exporter.value("farshore_pg_archiver_last_archived_timestamp_seconds", {kP}), std::nullopt);
}

TEST(ExporterDetails, AForgottenPreparedTransactionShows) {
  const auto primary = primary_with({"max_prepared_transactions = 5"});
  RunningExporter exporter(Servers{{"p", primary->conninfo()}});
  ASSERT_TRUE(exporter.wait_value("farshore_pg_prepared_transactions", {kP}, 0));
  EXPECT_EQ(exporter.value("farshore_pg_prepared_transaction_oldest_timestamp_seconds", {kP}), std::nullopt);
  primary->sql("CREATE TABLE t (n int)");
  primary->sql("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'forgotten'");
  EXPECT_TRUE(exporter.wait_value("farshore_pg_prepared_transactions", {kP}, 1));
  EXPECT_TRUE(exporter.value("farshore_pg_prepared_transaction_oldest_timestamp_seconds", {kP}));
  primary->sql("ROLLBACK PREPARED 'forgotten'");
  EXPECT_TRUE(exporter.wait_value("farshore_pg_prepared_transactions", {kP}, 0));
}

TEST(ExporterDetails, APausedAndDelayedReplayShows) {
  const auto primary = primary_with({});
  const auto standby = primary->make_standby();
  RunningExporter exporter(Servers{{"p", primary->conninfo()}, {"s", standby->conninfo()}});
  ASSERT_TRUE(exporter.wait_value("farshore_pg_replay_pause_state", {kS, "state=\"not_paused\""}, 1));
  EXPECT_EQ(exporter.value("farshore_pg_recovery_min_apply_delay_seconds", {kS}), 0);
  EXPECT_EQ(exporter.value("farshore_pg_replay_paused", {kP}), std::nullopt);
  standby->sql("SELECT pg_wal_replay_pause()");
  standby->append_settings({"recovery_min_apply_delay = '90s'"});
  standby->reload();
  EXPECT_TRUE(exporter.wait_value("farshore_pg_replay_paused", {kS}, 1));
  EXPECT_TRUE(exporter.wait_value("farshore_pg_replay_pause_state", {kS, "state=\"paused\""}, 1));
  EXPECT_TRUE(exporter.wait_value("farshore_pg_recovery_min_apply_delay_seconds", {kS}, 90));
  primary->sql("CREATE TABLE t AS SELECT generate_series(1, 1000)");
  EXPECT_TRUE(wait_until([&] {
    const auto flushed = exporter.value("farshore_pg_replication_flush_lsn_bytes", {kP});
    const auto replayed = exporter.value("farshore_pg_replication_replay_lsn_bytes", {kP});
    return flushed && replayed && *flushed > *replayed + 10000;
  })) << "received and not replayed";
  EXPECT_TRUE(exporter.wait_value("farshore_replication_lag_bytes", {kS}, 0)) << "a promotion loses nothing";
  EXPECT_EQ(exporter.value("farshore_pg_replay_paused", {kS}), 1);
}

TEST(ExporterDetails, ARoleWithoutPrivilegesIsToldAndShowsNoFalseValue) {
  const auto primary = primary_with({});
  primary->sql("CREATE ROLE nobody LOGIN; CREATE ROLE monitor LOGIN IN ROLE pg_monitor");
  const auto standby = primary->make_standby();
  RunningExporter exporter(Servers{{"p", primary->conninfo("nobody")}, {"s", standby->conninfo("monitor")}});
  ASSERT_TRUE(exporter.wait_value("farshore_pg_monitor_role_ok", {kP}, 0));
  ASSERT_TRUE(exporter.wait_value("farshore_pg_monitor_role_ok", {kS}, 1));
  const auto hidden_columns = [&](const std::string& server) {
    return exporter.value("farshore_pg_facts_missing", {server, "part=\"columns\",reason=\"hidden\""});
  };
  EXPECT_EQ(hidden_columns(kP), 1);
  EXPECT_EQ(hidden_columns(kS), std::nullopt);
  ASSERT_TRUE(exporter.wait_value("farshore_pg_replication_connections", {kP}, 1));
  EXPECT_EQ(exporter.value("farshore_pg_up", {kP}), 1);
  for (const char* hidden : {"farshore_pg_connections", "farshore_pg_synchronous_standbys_connected",
                             "farshore_pg_replication_flush_lsn_bytes", "farshore_pg_replication_state_info"})
    EXPECT_EQ(exporter.value(hidden, {kP}), std::nullopt) << hidden;
  EXPECT_TRUE(exporter.value("farshore_pg_max_connections", {kP}));
  EXPECT_TRUE(exporter.value("farshore_pg_connections", {kS}));
}

TEST(ExporterDetails, AStandbyWhosePrimaryWasRaisedAboveItShowsTheShortfall) {
  const auto primary = primary_with({"max_connections = 40"});
  const auto standby = primary->make_standby(
      {.name = "standby", .port = 0, .settings = {"max_connections = 40"}, .hba = {}, .start = true});
  RunningExporter exporter(Servers{{"p", primary->conninfo()}, {"s", standby->conninfo()}});
  const std::vector<std::string> connections = {kS, "parameter=\"max_connections\""};
  ASSERT_TRUE(exporter.wait_value("farshore_replication_lag_bytes", {kS}, 0)) << "both are seen";
  EXPECT_EQ(exporter.value("farshore_pg_standby_parameter_shortfall", connections), std::nullopt);
  primary->append_settings({"max_connections = 47"});
  primary->stop();
  primary->start();
  EXPECT_TRUE(exporter.wait_value("farshore_pg_standby_parameter_shortfall", connections, 7));
  EXPECT_EQ(exporter.value("farshore_pg_standby_parameter_shortfall", {kP}), std::nullopt);
}

TEST(ExporterDetails, TheSlowTierShowsDirectoriesAndSettings) {
  const auto primary = primary_with({"archive_mode = on", "archive_command = '/bin/false'"});
  primary->sql("CREATE TABLE t (n int); SELECT pg_switch_wal()");
  ASSERT_TRUE(primary->wait_for_sql(
      "SELECT count(*) > 0 FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'", "t"));
  primary->append_settings({"max_connections = 77"});
  primary->reload();
  ASSERT_TRUE(primary->wait_for_sql("SELECT count(*) FROM pg_settings WHERE pending_restart", "1"));
  RunningExporter exporter(Servers{{"p", primary->conninfo()}});
  // On a busy machine the first turn may be late for its 50 ms; the next one comes after 30 s.
  ASSERT_TRUE(wait_until([&] { return exporter.value("farshore_pg_slow_tier_success", {kP}) == 1; }, 120s));
  EXPECT_GE(exporter.value("farshore_pg_wal_directory_bytes", {kP}).value_or(0), 16 << 20);
  EXPECT_GE(exporter.value("farshore_pg_archive_ready_files", {kP}).value_or(0), 1);
  EXPECT_EQ(exporter.value("farshore_pg_settings_pending_restart", {kP}), 1);
  EXPECT_EQ(exporter.value("farshore_pg_archive_mode", {kP, "mode=\"on\""}), 1);
  EXPECT_GT(exporter.value("farshore_pg_wal_receiver_timeout_seconds", {kP}).value_or(0), 0);
  EXPECT_GT(exporter.value("farshore_pg_oldest_transaction_id_age", {kP}).value_or(0), 0);
  EXPECT_EQ(exporter.value("farshore_pg_max_slot_wal_keep_size_bytes", {kP}), std::nullopt);
}

TEST(ExporterDetails, ThePredictedLossGrowsOnceThePrimaryIsGone) {
  const auto primary = primary_with({});
  const auto standby = primary->make_standby();
  RunningExporter exporter(Servers{{"p", primary->conninfo()}, {"s", standby->conninfo()}});
  ASSERT_TRUE(exporter.wait_value("farshore_predicted_loss_bytes", {kS}, 0));
  ASSERT_TRUE(exporter.wait_value("farshore_predicted_loss_seconds", {kS}, 0));
  EXPECT_EQ(exporter.value("farshore_predicted_loss_bytes", {kP}), std::nullopt);
  const double before = exporter.value("farshore_pg_wal_flush_lsn_bytes", {kP}).value_or(0);
  primary->sql("CREATE TABLE t AS SELECT generate_series(1, 10000)");
  ASSERT_TRUE(wait_until([&] {
    return exporter.value("farshore_pg_wal_flush_lsn_bytes", {kP}).value_or(0) > before + 10000;
  })) << "a rate that the vantage has seen";
  primary->kill();
  EXPECT_TRUE(
      wait_until([&] { return exporter.value("farshore_predicted_loss_seconds", {kS}).value_or(0) > 0.5; }));
  const double first = exporter.value("farshore_predicted_loss_bytes", {kS}).value_or(0);
  EXPECT_GT(first, 0) << "at the rate that was seen";
  EXPECT_TRUE(
      wait_until([&] { return exporter.value("farshore_predicted_loss_bytes", {kS}).value_or(0) > first; }));
}

TEST(ExporterDetails, TheClockOffsetOfTheSameMachineIsWithinTheRoundTrip) {
  const auto primary = primary_with({});
  RunningExporter exporter(Servers{{"p", primary->conninfo()}});
  ASSERT_TRUE(exporter.wait_value("farshore_pg_up", {kP}, 1));
  EXPECT_TRUE(wait_until([&] {
    const auto offset = exporter.value("farshore_pg_clock_offset_seconds", {kP});
    const auto round_trip = exporter.value("farshore_pg_round_trip_seconds", {kP});
    return offset && round_trip && std::abs(*offset) <= *round_trip;
  }));
}

}  // namespace
}  // namespace farshore
