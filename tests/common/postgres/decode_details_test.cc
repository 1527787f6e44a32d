#include "common/postgres/decode_details.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farshore {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

FactDetails decode(FactPart part, std::optional<std::string> column) {
  const std::vector<std::optional<std::string>> columns = {std::move(column)};
  return decode_details(columns, {part});
}

TEST(Details, OfStandbysKeepEveryColumnAndItsUnit) {
  const auto details =
      decode(FactPart::kStandbys, R"json({"total": 3, "synchronous": 1, "sync_names": "ANY 1 (a)",
    "rows": [{"name": "a", "connections": 2, "state": "streaming", "sync_state": "quorum", "sync_priority": 1,
              "sent": "0/30", "write": "0/20", "flush": "0/18", "replay": "1/10", "write_lag": 1500,
              "flush_lag": 2500000, "replay_lag": null, "reply_time": 1763800000123456}]})json");
  ASSERT_TRUE(details.standbys);
  EXPECT_EQ(details.standbys->left_out, 2);
  EXPECT_EQ(details.standbys->synchronous, 1);
  EXPECT_EQ(details.standbys->sync_names, "ANY 1 (a)");
  ASSERT_EQ(details.standbys->rows.size(), 1U);
  const StandbyConnections& row = details.standbys->rows[0];
  EXPECT_EQ(row.application_name, "a");
  EXPECT_EQ(row.connections, 2);
  EXPECT_EQ(row.state, "streaming");
  EXPECT_EQ(row.sync_state, "quorum");
  EXPECT_EQ(row.sync_priority, 1);
  EXPECT_EQ(row.sent, Lsn(0x30));
  EXPECT_EQ(row.write, Lsn(0x20));
  EXPECT_EQ(row.flush, Lsn(0x18));
  EXPECT_EQ(row.replay, Lsn(0x100000010));
  EXPECT_EQ(row.write_lag, 1500us);
  EXPECT_EQ(row.flush_lag, 2500ms);
  EXPECT_EQ(row.replay_lag, std::nullopt);
  EXPECT_EQ(row.reply_time, WallTime(1763800000123456us));
}

TEST(Details, OfSlotsKnowWhatOnlyNewVersionsTell) {
  const auto details = decode(FactPart::kSlots, R"({"total": 2, "rows": [
    {"name": "old", "type": "physical", "active": false, "retained": null, "safe": null, "wal_status": "lost"},
    {"name": "new", "type": "logical", "active": true, "retained": 48, "safe": -5, "wal_status": "extended",
     "conflicting": true, "inactive_since": 1763800000000000, "invalidation": "wal_removed", "failover": true,
     "synced": false}]})");
  ASSERT_TRUE(details.slots && details.slots->rows.size() == 2);
  EXPECT_EQ(details.slots->left_out, 0);
  const SlotFacts &old = details.slots->rows[0], &young = details.slots->rows[1];
  EXPECT_EQ(old.wal_status, "lost");
  EXPECT_EQ(old.active, false);
  EXPECT_FALSE(old.retained_bytes || old.safe_bytes || old.conflicting || old.inactive_since ||
               old.invalidation || old.failover || old.synced);
  EXPECT_EQ(young.retained_bytes, 48);
  EXPECT_EQ(young.safe_bytes, -5);
  EXPECT_EQ(young.conflicting, true);
  EXPECT_EQ(young.inactive_since, WallTime(1763800000s));
  EXPECT_EQ(young.invalidation, "wal_removed");
  EXPECT_EQ(young.failover, true);
  EXPECT_EQ(young.synced, false);
}

TEST(Details, OfTheOtherFastPartsAreRead) {
  EXPECT_EQ(decode(FactPart::kWal, R"({"insert": "0/30"})").insert, Lsn(0x30));
  const auto receiver =
      decode(FactPart::kReceiver, R"({"written": "0/20", "sent": 1000000, "received": 2000000})");
  EXPECT_EQ(receiver.receiver->written, Lsn(0x20));
  EXPECT_EQ(receiver.receiver->last_sent, WallTime(1s));
  EXPECT_EQ(receiver.receiver->last_received, WallTime(2s));
  EXPECT_EQ(receiver.receiver->latest_end_time, std::nullopt);
  const auto replay = decode(FactPart::kReplay, R"({"pause_state": "paused", "delay": 60000000})").replay;
  EXPECT_EQ(replay->pause_state, "paused");
  EXPECT_EQ(replay->min_apply_delay, 1min);
  const auto archiver =
      decode(FactPart::kArchiver, R"({"archived": 5, "failed": 2, "last_failed": 3000000})").archiver;
  EXPECT_EQ(archiver->archived, 5);
  EXPECT_EQ(archiver->failed, 2);
  EXPECT_EQ(archiver->last_archived, std::nullopt);
  EXPECT_EQ(archiver->last_failed, WallTime(3s));
  EXPECT_THAT(*decode(FactPart::kConflicts, R"({"lock": 1, "snapshot": 2, "new": null})").conflicts,
              ElementsAre(Pair("lock", 1), Pair("snapshot", 2)));
  const auto prepared = decode(FactPart::kPrepared, R"({"count": 1, "oldest": 4000000})").prepared;
  EXPECT_EQ(prepared->count, 1);
  EXPECT_EQ(prepared->oldest, WallTime(4s));
  const auto sessions =
      decode(FactPart::kSessions, R"({"clients": 7, "limit": 100, "reserved": 3})").sessions;
  EXPECT_EQ(sessions->clients, 7);
  EXPECT_EQ(sessions->limit, 100);
  EXPECT_EQ(sessions->reserved, 3);
  EXPECT_EQ(decode(FactPart::kProcess, R"({"started": 5000000})").postmaster_start, WallTime(5s));
  const auto privileges =
      decode(FactPart::kPrivileges, R"({"statistics": true, "directories": false})").privileges;
  EXPECT_EQ(privileges->statistics, true);
  EXPECT_EQ(privileges->directories, false);
}

TEST(Details, OfTheSlowPartsAreRead) {
  const auto files =
      decode(FactPart::kDirectories, R"({"wal_bytes": 33554432, "wal_files": 2, "ready_files": 1})")
          .directories;
  EXPECT_EQ(files->wal_bytes, 33554432);
  EXPECT_EQ(files->wal_files, 2);
  EXPECT_EQ(files->ready_files, 1);
  const auto settings =
      decode(FactPart::kSettings,
             R"({"pending_restart": 2, "receiver_timeout_ms": "60000", "receiver_status_s": "10",
                                   "slot_keep_mb": "64", "archive_mode": "on"})")
          .settings;
  EXPECT_EQ(settings->pending_restart, 2);
  EXPECT_EQ(settings->receiver_timeout, 60s);
  EXPECT_EQ(settings->receiver_status_interval, 10s);
  EXPECT_EQ(settings->slot_keep_bytes, int64_t{64} << 20);
  EXPECT_EQ(settings->archive_mode, "on");
  EXPECT_EQ(decode(FactPart::kSettings, R"({"slot_keep_mb": "-1"})").settings->slot_keep_bytes, -1);
  EXPECT_EQ(decode(FactPart::kTransactionIds, R"({"age": 15})").oldest_xid_age, 15);
}

TEST(Details, AValueThatMakesNoSenseIsAbsentAndCostsNoOther) {
  const auto slots = decode(FactPart::kSlots, R"({"total": "many", "rows": [
    {"name": "s", "retained": "x", "active": 1, "safe": 3}, 7]})")
                         .slots;
  ASSERT_TRUE(slots && slots->rows.size() == 2);
  EXPECT_EQ(slots->left_out, 0);
  EXPECT_EQ(slots->rows[0].safe_bytes, 3);
  EXPECT_FALSE(slots->rows[0].retained_bytes || slots->rows[0].active || slots->rows[1].active);
  EXPECT_EQ(decode(FactPart::kWal, R"({"insert": "0-30"})").insert, std::nullopt);
  EXPECT_EQ(decode(FactPart::kSettings, R"({"receiver_timeout_ms": "1min"})").settings->receiver_timeout,
            std::nullopt);
}

TEST(Details, AColumnWithNothingToSayIsReadAndOneThatIsNoJsonIsNot) {
  EXPECT_THAT(decode(FactPart::kSlots, std::nullopt).read, ElementsAre(FactPart::kSlots));
  EXPECT_FALSE(decode(FactPart::kSlots, std::nullopt).slots);
  for (const char* text : {"", "{", "[]", "7"})
    EXPECT_THAT(decode(FactPart::kSlots, text).read, IsEmpty()) << text;
}

TEST(Details, ColumnsBelongToThePartsInTheirOrder) {
  const std::vector<std::optional<std::string>> columns = {"nonsense", R"({"started": 5000000})"};
  const FactDetails details = decode_details(columns, {FactPart::kSlots, FactPart::kProcess});
  EXPECT_FALSE(details.slots);
  EXPECT_TRUE(details.postmaster_start);
  EXPECT_THAT(details.read, ElementsAre(FactPart::kProcess));
}

}  // namespace
}  // namespace farshore
