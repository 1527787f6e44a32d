// The statements of the installed version, run for real as each kind of role.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/postgres/decode_details.h"
#include "common/postgres/fact_details.h"
#include "common/postgres/session.h"
#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using test::wait_until;

BootTime soon() { return system_clock().boot_now() + 10s; }

PgSession open(const PostgresFixture& server, const std::string& user) {
  SessionOverrides overrides;
  overrides.settings = {{"search_path", "pg_catalog"}};
  auto session = PgSession::open(server.conninfo(user), overrides, soon(), system_clock());
  if (!session) throw std::runtime_error(session.error().message);
  return std::move(*session);
}

// As the observer asks: everything in one statement.
Result<ServerFacts> fast(const PostgresFixture& server, const std::string& user) {
  PgSession session = open(server, user);
  const FactParts parts = fact_parts(FactTier::kFast, session.server_version());
  const auto rows = session.query(facts_query(session.server_version(), parts).value(), {}, soon());
  if (!rows) return tl::unexpected<Error>(rows.error());
  return decode_facts(rows->rows.at(0), session.server_version(), parts);
}

Result<FactDetails> slow(const PostgresFixture& server, const std::string& user, FactParts parts) {
  PgSession session = open(server, user);
  const auto rows = session.query(parts_query(parts, session.server_version()), {}, soon());
  if (!rows) return tl::unexpected<Error>(rows.error());
  return decode_details(rows->rows.at(0), parts);
}

// A primary with one standby and the roles "monitor" (pg_monitor) and "nobody".
struct Pair {
  std::unique_ptr<PostgresFixture> primary, standby;
  explicit Pair(std::vector<std::string> settings = {}) {
    primary = PostgresFixture::make_primary(
        {.name = "primary", .port = 0, .settings = settings, .hba = {}, .start = true});
    primary->sql("CREATE ROLE monitor LOGIN IN ROLE pg_monitor; CREATE ROLE nobody LOGIN");
    standby = primary->make_standby(
        {.name = "standby", .port = 0, .settings = std::move(settings), .hba = {}, .start = true});
    // The receiver has written nothing, and says so with NULL, until there is something to write.
    primary->sql("CREATE TABLE streamed (n int)");
    if (!standby->wait_for_sql(
            "SELECT status, written_lsn IS NULL, latest_end_time IS NULL FROM pg_stat_wal_receiver",
            "streaming|f|f"))
      throw std::runtime_error("the standby does not stream");
  }
};

TEST(FactsSql, OfAPrimaryTellsEverythingToTheMonitoringRole) {
  const Pair pair({"max_prepared_transactions = 5", "archive_mode = on", "archive_command = '/bin/false'"});
  pair.primary->sql("CREATE TABLE t (n int)");
  pair.primary->sql("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'forgotten'");
  pair.primary->sql("SELECT pg_switch_wal()");
  ASSERT_TRUE(pair.primary->wait_for_sql("SELECT failed_count > 0 FROM pg_stat_archiver", "t"));
  for (const char* user : {"postgres", "monitor"}) {
    const auto facts = fast(*pair.primary, user);
    ASSERT_TRUE(facts && facts->details) << facts.error().message;
    const FactDetails& details = *facts->details;
    EXPECT_EQ(details.read, fact_parts(FactTier::kFast, static_cast<int>(facts->server_version_num)));
    EXPECT_GE(details.insert, facts->flush);
    ASSERT_TRUE(details.standbys && details.standbys->rows.size() == 1);
    const StandbyConnections& row = details.standbys->rows[0];
    EXPECT_EQ(row.application_name, "standby");
    EXPECT_EQ(row.connections, 1);
    EXPECT_EQ(row.state, "streaming");
    EXPECT_EQ(row.sync_state, "async");
    EXPECT_TRUE(row.sent && row.write && row.flush && row.replay && row.reply_time);
    EXPECT_EQ(details.standbys->synchronous, 0);
    ASSERT_TRUE(details.slots && details.slots->rows.size() == 1);
    EXPECT_EQ(details.slots->rows[0].name, "standby");
    EXPECT_EQ(details.slots->rows[0].active, true);
    EXPECT_EQ(details.slots->rows[0].wal_status, "reserved");
    EXPECT_GE(details.slots->rows[0].retained_bytes, 0);
    EXPECT_GE(details.archiver->failed, 1);
    EXPECT_TRUE(details.archiver->last_failed && !details.archiver->last_archived);
    EXPECT_EQ(details.prepared->count, 1);
    EXPECT_LE(details.prepared->oldest, facts->server_time);
    EXPECT_GE(details.sessions->clients, 1);
    EXPECT_GE(details.sessions->limit, 10);
    EXPECT_EQ(details.sessions->reserved, 3);
    EXPECT_LE(details.postmaster_start, facts->server_time);
    EXPECT_EQ(details.privileges->statistics, true);
    EXPECT_EQ(details.privileges->directories, true);
    EXPECT_FALSE(details.receiver || details.replay || details.conflicts) << "of standbys only";
  }
}

TEST(FactsSql, OfAStandbyTellsEverythingToTheMonitoringRole) {
  const Pair pair;
  for (const char* user : {"postgres", "monitor"}) {
    const auto facts = fast(*pair.standby, user);
    ASSERT_TRUE(facts && facts->details) << facts.error().message;
    const FactDetails& details = *facts->details;
    EXPECT_TRUE(details.receiver && details.receiver->written && details.receiver->last_sent &&
                details.receiver->last_received && details.receiver->latest_end_time);
    EXPECT_EQ(details.replay->pause_state, "not paused");
    EXPECT_EQ(details.replay->min_apply_delay, 0ns);
    EXPECT_THAT(*details.conflicts, testing::Contains(testing::Pair("snapshot", 0)));
    EXPECT_FALSE(details.insert || details.prepared) << "of primaries only";
    EXPECT_TRUE(details.standbys && details.standbys->rows.empty());
    EXPECT_TRUE(details.slots && details.slots->rows.empty());
  }
}

TEST(FactsSql, HidesFromARoleWithoutPrivilegesWhatItMayNotSeeAndNothingElse) {
  const Pair pair;
  const auto primary = fast(*pair.primary, "nobody");
  ASSERT_TRUE(primary && primary->details) << primary.error().message;
  const FactDetails& details = *primary->details;
  EXPECT_EQ(details.privileges->statistics, false);
  EXPECT_EQ(details.privileges->directories, false);
  ASSERT_TRUE(details.standbys && details.standbys->rows.size() == 1);
  EXPECT_EQ(details.standbys->rows[0].application_name, "standby");
  EXPECT_FALSE(details.standbys->rows[0].state || details.standbys->rows[0].flush);
  EXPECT_EQ(details.standbys->synchronous, std::nullopt) << "not known, which is not 0";
  EXPECT_EQ(details.sessions->clients, std::nullopt);
  EXPECT_TRUE(details.sessions->limit && details.slots->rows[0].retained_bytes && details.archiver->archived);
  const auto standby = fast(*pair.standby, "nobody");
  ASSERT_TRUE(standby && standby->details) << standby.error().message;
  EXPECT_TRUE(standby->receiver && standby->receiver->status.empty());
  EXPECT_FALSE(standby->details->receiver->written || standby->details->receiver->last_sent);
}

TEST(FactsSql, OfTheSlowTierReadsWhatTheRoleMay) {
  const Pair pair({"archive_mode = on", "archive_command = '/bin/false'", "max_slot_wal_keep_size = 64MB"});
  pair.primary->sql("SELECT pg_switch_wal()");
  ASSERT_TRUE(pair.primary->wait_for_sql(
      "SELECT count(*) > 0 FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'", "t"));
  pair.primary->append_settings({"max_connections = 77"});
  pair.primary->reload();
  ASSERT_TRUE(pair.primary->wait_for_sql("SELECT count(*) FROM pg_settings WHERE pending_restart", "1"));
  FactParts parts = fact_parts(FactTier::kSlow, 150000);
  const auto all = slow(*pair.primary, "monitor", parts);
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_GE(all->directories->wal_bytes, int64_t{16} << 20);
  EXPECT_GE(all->directories->wal_files, 1);
  EXPECT_GE(all->directories->ready_files, 1);
  EXPECT_EQ(all->settings->pending_restart, 1);
  EXPECT_GT(all->settings->receiver_timeout, 0ns);
  EXPECT_TRUE(all->settings->receiver_status_interval);
  EXPECT_EQ(all->settings->slot_keep_bytes, int64_t{64} << 20);
  EXPECT_EQ(all->settings->archive_mode, "on");
  EXPECT_GE(all->oldest_xid_age, 0);

  const auto refused = slow(*pair.primary, "nobody", parts);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kPermission);
  std::erase(parts, FactPart::kDirectories);
  const auto rest = slow(*pair.primary, "nobody", parts);
  ASSERT_TRUE(rest) << rest.error().message;
  EXPECT_TRUE(rest->settings && rest->oldest_xid_age);
  ASSERT_TRUE(slow(*pair.standby, "monitor", fact_parts(FactTier::kSlow, 150000)));
}

TEST(FactsSql, TheStatisticsOfOlderVersionsAreReadInTheSlowStatementToo) {
  const Pair pair;
  const auto details = slow(*pair.standby, "monitor", {FactPart::kArchiver, FactPart::kConflicts});
  ASSERT_TRUE(details) << details.error().message;
  EXPECT_EQ(details->archiver->failed, 0);
  EXPECT_TRUE(details->conflicts);
}

TEST(FactsSql, CountsStandbysThatShareANameAndKeepsTheOneFurthestBehind) {
  const Pair pair({"synchronous_standby_names = 'ANY 1 (standby)'", "synchronous_commit = local"});
  const auto twin =
      pair.primary->make_standby({.name = "twin", .port = 0, .settings = {}, .hba = {}, .start = true});
  twin->sql("ALTER SYSTEM SET primary_conninfo = '" + pair.primary->conninfo() +
            " application_name=standby'");
  twin->reload();
  ASSERT_TRUE(
      pair.primary->wait_for_sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' "
                                 "AND application_name = 'standby'",
                                 "2"));
  twin->sql("SELECT pg_wal_replay_pause()");
  pair.primary->sql("CREATE TABLE t AS SELECT generate_series(1, 1000)");
  ASSERT_TRUE(
      pair.primary->wait_for_sql("SELECT max(replay_lsn) > min(replay_lsn) FROM pg_stat_replication", "t"));
  const auto facts = fast(*pair.primary, "monitor");
  ASSERT_TRUE(facts && facts->details->standbys->rows.size() == 1);
  const StandbyConnections& row = facts->details->standbys->rows[0];
  EXPECT_EQ(row.connections, 2);
  EXPECT_EQ(row.sync_state, "quorum");
  EXPECT_EQ(row.replay->to_string(), pair.primary->sql("SELECT min(replay_lsn) FROM pg_stat_replication"));
  EXPECT_EQ(facts->details->standbys->synchronous, 2);
}

TEST(FactsSql, LeavesOutSlotsBeyondTheBoundAndSaysHowMany) {
  const auto primary = PostgresFixture::make_primary(
      {.name = "primary", .port = 0, .settings = {"max_replication_slots = 80"}, .hba = {}, .start = true});
  primary->sql("SELECT pg_create_physical_replication_slot('s' || n) FROM generate_series(1, 70) n");
  const auto facts = fast(*primary, "postgres");
  ASSERT_TRUE(facts && facts->details && facts->details->slots) << facts.error().message;
  EXPECT_EQ(facts->details->slots->rows.size(), 64U);
  EXPECT_EQ(facts->details->slots->left_out, 6);
  EXPECT_EQ(facts->details->slots->rows[0].retained_bytes, std::nullopt) << "never used";
}

}  // namespace
}  // namespace farshore
