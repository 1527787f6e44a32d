// What the details of a server become; the spine is in metrics_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "exporter/collectors/collector.h"
#include "tests/exporter/world.h"

namespace farshore {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// The samples of one collector as "name{the labels after vantage} value", without the prefix "farshore_pg_".
std::vector<std::string> samples(const Collector& collector, const ExporterView& view) {
  const MetricFamilies families = collector.collect(view);
  EXPECT_THAT(find_undeclared(families, collector.metrics), IsEmpty());
  std::istringstream in(render_families(families));
  std::vector<std::string> result;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    const size_t vantage = line.find("vantage=\"eu-west\"") + std::string("vantage=\"eu-west\"").size();
    const std::string more = line.substr(vantage + (line[vantage] == ',' ? 1 : 0));
    std::string name = line.substr(0, line.find('{'));
    if (name.starts_with("farshore_pg_")) name.erase(0, std::string("farshore_pg_").size());
    result.push_back(name + "{" + more);
  }
  return result;
}

std::vector<std::string> of_primary(const Collector& collector, const FactDetails& details) {
  return samples(collector, view_of({with(primary(), details)}));
}
std::vector<std::string> of_standby(const Collector& collector, const FactDetails& details) {
  return samples(collector, view_of({with(standby(), details)}));
}

SlotFacts slot_named(const std::string& name, const std::string& type) {
  SlotFacts slot;
  slot.name = name;
  slot.type = type;
  slot.active = true;
  return slot;
}

const Collector* const kDetailCollectors[] = {
    &kStandbysCollector,         &kSynchronousCollector, &kSlotsCollector,
    &kArchiverCollector,         &kConnectionsCollector, &kPreparedTransactionsCollector,
    &kRecoveryConflictsCollector};

TEST(ServerMetrics, AreAbsentWhenThePartIsHiddenOrTheServerSilent) {
  FactDetails details;
  StandbyConnections row;
  row.connections = 1;
  details.standbys = StandbyList{{row}, 0, 0, "a"};
  details.slots = SlotList{{slot_named("s", "physical")}, 0};
  details.archiver = ArchiverFacts{1, 2, WallTime(1s), WallTime(2s)};
  details.sessions = SessionFacts{1, 2, 3};
  details.prepared = PreparedFacts{1, WallTime(1s)};
  details.conflicts = {{"lock", 1}};
  const ServerObservation seen = with(primary(), details);
  for (const Collector* collector : kDetailCollectors) {
    EXPECT_THAT(samples(*collector, view_of({seen})), testing::Not(IsEmpty())) << collector->name;
    EXPECT_THAT(samples(*collector, view_of({primary()})), IsEmpty()) << collector->name;
    EXPECT_THAT(samples(*collector, view_of({silent(seen, FailureClass::kTimeout)})), IsEmpty())
        << collector->name;
  }
}

TEST(ServerMetrics, OfStandbysCarryTheNameAndLeaveOutWhatIsNull) {
  StandbyConnections row;
  row.application_name = "shop_eu";
  row.connections = 2;
  row.state = "streaming";
  row.sync_state = "sync";
  row.sync_priority = 1;
  row.sent = Lsn(4);
  row.write = Lsn(3);
  row.flush = Lsn(2);
  row.replay = Lsn(1);
  row.write_lag = 250ms;
  row.reply_time = WallTime(1763800000s);
  FactDetails details;
  details.standbys = StandbyList{{row}, 0, 1, ""};
  EXPECT_THAT(
      of_primary(kStandbysCollector, details),
      UnorderedElementsAre(
          R"(replication_connections{application_name="shop_eu"} 2)",
          R"(replication_sync_priority{application_name="shop_eu"} 1)",
          R"(replication_sent_lsn_bytes{application_name="shop_eu"} 4)",
          R"(replication_write_lsn_bytes{application_name="shop_eu"} 3)",
          R"(replication_flush_lsn_bytes{application_name="shop_eu"} 2)",
          R"(replication_replay_lsn_bytes{application_name="shop_eu"} 1)",
          R"(replication_write_lag_seconds{application_name="shop_eu"} 0.25)",
          R"(replication_reply_timestamp_seconds{application_name="shop_eu"} 1763800000)",
          R"(replication_state_info{application_name="shop_eu",state="streaming",sync_state="sync"} 1)"));
}

TEST(ServerMetrics, OfStandbysThatAreHiddenCountConnectionsOnly) {
  StandbyConnections row;
  row.application_name = "shop_eu";
  row.connections = 1;
  FactDetails details;
  details.standbys = StandbyList{{row}, 0, std::nullopt, "a"};
  EXPECT_THAT(of_primary(kStandbysCollector, details),
              UnorderedElementsAre(R"(replication_connections{application_name="shop_eu"} 1)"));
  EXPECT_THAT(of_primary(kSynchronousCollector, details),
              UnorderedElementsAre("synchronous_standbys_configured{} 1"));
}

TEST(ServerMetrics, SynchronousStandbysThatAreMissingShow) {
  FactDetails details;
  details.standbys = StandbyList{{}, 0, 1, "FIRST 2 (a, b, c)"};
  EXPECT_THAT(of_primary(kSynchronousCollector, details),
              UnorderedElementsAre("synchronous_standbys_configured{} 2",
                                   "synchronous_standbys_connected{} 1", "synchronous_standbys_missing{} 1"));
  EXPECT_THAT(of_standby(kSynchronousCollector, details), IsEmpty()) << "no commit waits there";
}

TEST(ServerMetrics, OfASlotShowItsStatusAndLeaveOutWhatItHasNot) {
  FactDetails details;
  SlotFacts lost = slot_named("s", "physical");
  lost.active = false;
  lost.wal_status = "lost";
  SlotFacts late = slot_named("l", "logical");
  late.retained_bytes = 48;
  late.safe_bytes = -5;
  late.conflicting = false;
  late.inactive_since = WallTime(5s);
  late.invalidation = "rows_removed";
  late.failover = true;
  late.synced = false;
  SlotFacts unread = slot_named("u", "logical"), copied = slot_named("c", "logical");
  unread.active = copied.active = false;
  unread.retained_bytes = copied.retained_bytes = 7;
  copied.synced = true;
  details.slots = SlotList{{lost, late}, 0};
  EXPECT_THAT(
      of_primary(kSlotsCollector, details),
      UnorderedElementsAre(
          R"(replication_slot_active{slot="s",slot_type="physical"} 0)",
          R"(replication_slot_active{slot="l",slot_type="logical"} 1)",
          R"(replication_slot_retained_wal_bytes{slot="l",slot_type="logical"} 48)",
          R"(replication_slot_safe_wal_bytes{slot="l",slot_type="logical"} -5)",
          R"(replication_slot_conflicting{slot="l",slot_type="logical"} 0)",
          R"(replication_slot_inactive_since_timestamp_seconds{slot="l",slot_type="logical"} 5)",
          R"(replication_slot_failover{slot="l",slot_type="logical"} 1)",
          R"(replication_slot_synced{slot="l",slot_type="logical"} 0)",
          R"(replication_slot_wal_status{slot="s",slot_type="physical",status="lost"} 1)",
          R"(replication_slot_invalidated_info{slot="l",slot_type="logical",reason="rows_removed"} 1)"));
  details.slots = SlotList{{unread, copied}, 0};
  const auto shown = of_primary(kSlotsCollector, details);
  EXPECT_THAT(shown,
              testing::Contains(R"(replication_slot_unread_wal_bytes{slot="u",slot_type="logical"} 7)"));
  EXPECT_THAT(shown, testing::Not(testing::Contains(testing::HasSubstr(R"(unread_wal_bytes{slot="c")"))))
      << "nobody streams from a copy";
}

TEST(ServerMetrics, OfTheArchiverAndPreparedTransactionsAreTimestampsAndCounters) {
  FactDetails details;
  details.archiver = ArchiverFacts{5, 2, std::nullopt, WallTime(3500ms)};
  details.prepared = PreparedFacts{0, std::nullopt};
  EXPECT_THAT(of_primary(kArchiverCollector, details),
              UnorderedElementsAre("archiver_archived_total{} 5", "archiver_failed_total{} 2",
                                   "archiver_last_failed_timestamp_seconds{} 3.5"));
  EXPECT_THAT(of_primary(kPreparedTransactionsCollector, details),
              UnorderedElementsAre("prepared_transactions{} 0"));
}

TEST(ServerMetrics, OfConnectionsAndConflictsAreWhatTheServerCounts) {
  FactDetails details;
  details.sessions = SessionFacts{std::nullopt, 100, 3};
  details.postmaster_start = WallTime(7s);
  details.conflicts = {{"lock", 1}, {"snapshot", 2}};
  EXPECT_THAT(of_standby(kConnectionsCollector, details),
              UnorderedElementsAre("max_connections{} 100", "reserved_connections{} 3",
                                   "postmaster_start_timestamp_seconds{} 7"));
  EXPECT_THAT(of_standby(kRecoveryConflictsCollector, details),
              UnorderedElementsAre(R"(recovery_conflicts_total{kind="lock"} 1)",
                                   R"(recovery_conflicts_total{kind="snapshot"} 2)"));
}

TEST(ServerMetrics, OfReplayShowPauseAndDelay) {
  ServerObservation seen = standby();
  seen.facts->replay_paused = true;
  seen.facts->last_replayed_commit = WallTime(9s);
  FactDetails details;
  details.replay = ReplayDetails{"pause requested", 1min};
  EXPECT_THAT(samples(kReplayCollector, view_of({with(seen, details)})),
              UnorderedElementsAre("replay_paused{} 1", "recovery_min_apply_delay_seconds{} 60",
                                   "replay_backlog_bytes{} 32", "last_xact_replay_timestamp_seconds{} 9",
                                   R"(replay_pause_state{state="pause_requested"} 1)"));
}

TEST(ServerMetrics, OfReplayThatStandsStillShowForHowLong) {
  ServerObservation seen = standby();
  FactDetails details;
  details.replay = ReplayDetails{"not paused", 0ns};
  const auto shown = [&] { return samples(kReplayCollector, view_of({with(seen, details)})); };
  EXPECT_THAT(shown(), testing::Contains("replay_stalled_seconds{} 0"));
  seen.replay_stalled_since = *seen.last_success - 90s;
  EXPECT_THAT(shown(), testing::Contains("replay_stalled_seconds{} 90"));
  const auto says_nothing = testing::Each(testing::Not(testing::HasSubstr("stalled")));
  seen.facts->replay_paused = true;
  EXPECT_THAT(shown(), says_nothing);
  seen.facts->replay_paused = false;
  details.replay->min_apply_delay = 1min;
  EXPECT_THAT(shown(), says_nothing) << "it waits on purpose";
  details.replay.reset();
  EXPECT_THAT(shown(), says_nothing) << "it may wait on purpose";
  details.replay = ReplayDetails{"not paused", 0ns};
  seen.facts->receive.reset();
  EXPECT_THAT(shown(), says_nothing) << "what is left is not known";
}

TEST(ServerMetrics, OfAPauseBeforePostgres14ShowThatItWasAskedFor) {
  ServerObservation seen = standby();
  const auto shown = [&] { return samples(kReplayCollector, view_of({seen})); };
  EXPECT_THAT(shown(), testing::Each(testing::Not(testing::HasSubstr("pause_state")))) << "not known";
  seen.facts->replay_paused = false;
  EXPECT_THAT(shown(), testing::Contains(R"(replay_pause_state{state="not_paused"} 1)"));
  seen.facts->replay_paused = true;
  EXPECT_THAT(shown(), testing::Contains(R"(replay_pause_state{state="pause_requested"} 1)"));
}

// After a restart the received position begins at that of a segment, and before the first byte there is none.
TEST(ServerMetrics, WhatIsReplayedFromAnArchiveIsNoBacklog) {
  ServerObservation seen = standby();
  seen.facts->receive = Lsn(0x3000000);
  EXPECT_THAT(samples(kReplayCollector, view_of({seen})), testing::Contains("replay_backlog_bytes{} 0"));
  seen.facts->receive.reset();
  EXPECT_THAT(samples(kReplayCollector, view_of({seen})),
              testing::Each(testing::Not(testing::HasSubstr("backlog"))));
}

TEST(ServerMetrics, SayWhenPrivilegesHideDataAndWhichPartsWereRefused) {
  FactDetails details;
  details.read = fact_parts(FactTier::kFast, 150018);
  std::erase(details.read, FactPart::kSlots);
  details.privileges = PrivilegeFacts{true, false};
  details.standbys = StandbyList{{}, 3, 0, ""};
  EXPECT_THAT(of_primary(kCompletenessCollector, details),
              UnorderedElementsAre("monitor_role_ok{} 0", "version_known{} 1",
                                   R"(facts_missing{part="slots",reason="refused"} 1)",
                                   R"(rows_left_out{kind="standbys"} 3)"));
  details.privileges->statistics = false;
  EXPECT_THAT(of_primary(kCompletenessCollector, details),
              testing::Contains(R"(facts_missing{part="columns",reason="hidden"} 1)"));
  ServerObservation spine_only = primary();
  spine_only.facts->details.reset();
  spine_only.facts->server_version_num = 180001;
  const auto all = samples(kCompletenessCollector, view_of({spine_only}));
  EXPECT_EQ(all.size(), 1 + fact_parts(FactTier::kFast, 180001).size());
  EXPECT_THAT(all, testing::Contains("version_known{} 0"));
}

TEST(ServerMetrics, TellLateDetailsFromRefusedOnes) {
  ServerObservation seen = primary();
  FactDetails late;
  late.late = fact_parts(FactTier::kFast, 150018);
  std::erase(late.late, FactPart::kSlots);
  seen.facts->details = std::make_shared<const FactDetails>(std::move(late));
  const auto all = samples(kCompletenessCollector, view_of({seen}));
  EXPECT_EQ(all.size(), 1 + fact_parts(FactTier::kFast, 150018).size());
  EXPECT_THAT(all, testing::Contains(R"(facts_missing{part="slots",reason="refused"} 1)"));
  EXPECT_THAT(all, testing::Contains(R"(facts_missing{part="archiver",reason="late"} 1)"));
}

ServerObservation with_slow(ServerObservation seen, const FactDetails& details, nanoseconds age,
                            const std::string& failure = "") {
  SlowTier slow;
  slow.failure_text = failure;
  slow.last_success = kNow - age;
  slow.facts = std::make_shared<const FactDetails>(details);
  seen.slow = std::make_shared<const SlowTier>(std::move(slow));
  return seen;
}

FactDetails slow_details() {
  FactDetails details;
  details.read = fact_parts(FactTier::kSlow, 150018);
  details.directories = DirectoryFacts{int64_t{32} << 20, 2, 1};
  details.settings = SettingFacts{3, 1min, 10s, -1, "on"};
  details.oldest_xid_age = 15;
  return details;
}

TEST(ServerMetrics, OfTheSlowTierCarryItsAge) {
  EXPECT_THAT(samples(kSlowTierCollector, view_of({with_slow(primary(), slow_details(), 20s)})),
              UnorderedElementsAre(
                  "slow_tier_success{} 1", "slow_tier_age_seconds{} 20", "wal_directory_bytes{} 33554432",
                  "wal_directory_files{} 2", "archive_ready_files{} 1", "settings_pending_restart{} 3",
                  "wal_receiver_timeout_seconds{} 60", "wal_receiver_status_interval_seconds{} 10",
                  "oldest_transaction_id_age{} 15", R"(archive_mode{mode="on"} 1)"));
  FactDetails limited = slow_details();
  limited.settings->slot_keep_bytes = 64;
  EXPECT_THAT(samples(kSlowTierCollector, view_of({with_slow(primary(), limited, 20s)})),
              testing::Contains("max_slot_wal_keep_size_bytes{} 64"));
}

TEST(ServerMetrics, OfASlowTierThatStoppedAnsweringEndAfterAWhile) {
  const auto after = [](nanoseconds age) {
    return samples(kSlowTierCollector, view_of({with_slow(primary(), slow_details(), age, "timeout")}));
  };
  EXPECT_THAT(after(1min), testing::AllOf(testing::Contains("slow_tier_success{} 0"),
                                          testing::Contains("wal_directory_files{} 2")));
  EXPECT_THAT(after(4min), UnorderedElementsAre("slow_tier_success{} 0", "slow_tier_age_seconds{} 240"));
  EXPECT_THAT(samples(kSlowTierCollector, view_of({primary()})), IsEmpty()) << "before its first turn";
}

TEST(ServerMetrics, SayWhichSlowPartIsHiddenAndWhichIsLate) {
  FactDetails details = slow_details();
  std::erase(details.read, FactPart::kDirectories);
  ServerObservation seen = with_slow(primary(), details, 20s);
  EXPECT_THAT(
      samples(kCompletenessCollector, view_of({seen})),
      UnorderedElementsAre("version_known{} 1", R"(facts_missing{part="directories",reason="refused"} 1)"));
  SlowTier slow = *seen.slow;
  slow.late = {FactPart::kDirectories};
  seen.slow = std::make_shared<const SlowTier>(slow);
  EXPECT_THAT(
      samples(kCompletenessCollector, view_of({seen})),
      UnorderedElementsAre("version_known{} 1", R"(facts_missing{part="directories",reason="late"} 1)"));
  slow.facts = std::make_shared<const FactDetails>(slow_details());
  seen.slow = std::make_shared<const SlowTier>(slow);
  EXPECT_THAT(samples(kCompletenessCollector, view_of({seen})), UnorderedElementsAre("version_known{} 1"))
      << "what it last said is still shown";
}

TEST(ServerMetrics, StatisticsOfOlderVersionsComeFromTheSlowTier) {
  ServerObservation seen = primary();
  seen.facts->server_version_num = 140011;
  FactDetails details;
  details.archiver = ArchiverFacts{5, 2, std::nullopt, std::nullopt};
  EXPECT_THAT(samples(kArchiverCollector, view_of({with_slow(seen, details, 20s)})),
              UnorderedElementsAre("archiver_archived_total{} 5", "archiver_failed_total{} 2"));
}

TEST(ServerMetrics, AStandbyWithLowerSettingsThanItsPrimaryShowsByHowMuch) {
  ServerObservation from = primary(), to = standby();
  from.facts->standby_minimums = {{"max_connections", 200}, {"max_wal_senders", 10}};
  to.facts->standby_minimums = {{"max_connections", 150}, {"max_wal_senders", 20}};
  EXPECT_THAT(samples(kStandbyParametersCollector, view_of({from, to})),
              UnorderedElementsAre(R"(standby_parameter_shortfall{parameter="max_connections"} 50)"));
  EXPECT_THAT(samples(kStandbyParametersCollector, view_of({silent(from, FailureClass::kTimeout), to})),
              testing::SizeIs(1))
      << "the last that was seen of the primary counts";
  EXPECT_THAT(samples(kStandbyParametersCollector, view_of({to})), IsEmpty());
}

TEST(ServerMetrics, TheClockOffsetIsMeasuredAtHalfTheRoundTrip) {
  ServerObservation ahead = primary();
  ahead.round_trip = 500ms;
  ahead.facts->server_time = kServerTime + 3s;
  ahead.last_success_wall = kServerTime + 250ms;
  EXPECT_THAT(samples(kClockCollector, view_of({ahead})), ElementsAre("clock_offset_seconds{} 3"));
  EXPECT_THAT(samples(kRoundTripCollector, view_of({ahead})), ElementsAre("round_trip_seconds{} 0.5"));
}

std::vector<std::string> losses(const std::vector<ServerObservation>& servers) {
  const std::vector<WalPoint> history = {{kNow - 10s, Lsn(0x3000000)}, {kNow - 9s, Lsn(0x3000100)}};
  std::istringstream in(render_families(kReplicationLagCollector.collect(view_of(servers, history))));
  std::vector<std::string> result;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("farshore_predicted_loss"))
      result.push_back(line.substr(0, line.find('{')) + line.substr(line.rfind(' ')));
  return result;
}

TEST(ServerMetrics, ThePredictedLossIsTheLagAndGrowsOnceThePrimaryIsSilent) {
  EXPECT_THAT(losses({primary(), standby()}),
              UnorderedElementsAre("farshore_predicted_loss_bytes 128", "farshore_predicted_loss_seconds 1"));
  ServerObservation gone = silent(primary(), FailureClass::kTimeout);
  gone.last_success = kNow - 9s;
  EXPECT_THAT(losses({gone, standby()}), UnorderedElementsAre("farshore_predicted_loss_bytes 2688",
                                                              "farshore_predicted_loss_seconds 10"))
      << "128 and 256 a second for the nine seconds of silence and the unseen interval";
}

TEST(ServerMetrics, ThereIsNoPredictedLossOfWhatCannotBePromoted) {
  ServerObservation other = standby();
  other.facts->timeline = 2;
  EXPECT_THAT(losses({primary(), other}), IsEmpty());
  ServerObservation unknown = standby();
  unknown.facts->receive = unknown.facts->replay = std::nullopt;
  EXPECT_THAT(losses({primary(), unknown}), IsEmpty());
  EXPECT_THAT(losses({standby()}), IsEmpty());
}

}  // namespace
}  // namespace farshore
