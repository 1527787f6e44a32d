#include "common/postgres/facts_query.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

const auto kNull = std::nullopt;
const std::string kMinimums = "max_connections=100,max_wal_senders=10";

PgRow primary_row() {
  return {"f",   "7710890441538039360", "3", "0/3000148", "0/3000148", kNull, kNull, kNull,
          kNull, "1763800000123456",    "f", kNull,       kNull,       kNull, kNull, kMinimums};
}
PgRow standby_row() {
  return {"t",
          "7710890441538039360",
          "2",
          kNull,
          kNull,
          "0/3000000",
          "0/30A31B0",
          "f",
          "1763800000000000",
          "1763800001000000",
          "t",
          "streaming",
          "0/3000000",
          "0/30A31B0",
          "1500000",
          kMinimums};
}

TEST(Facts, OfAPrimaryHoldNoStandbyValues) {
  const auto facts = decode_facts(primary_row(), 150018);
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_FALSE(facts->in_recovery);
  EXPECT_EQ(facts->system_identifier, "7710890441538039360");
  EXPECT_EQ(facts->timeline, 3u);
  EXPECT_EQ(facts->flush, Lsn(0x3000148));
  EXPECT_FALSE(facts->receive || facts->replay || facts->replay_paused || facts->last_replayed_commit);
  EXPECT_FALSE(facts->receiver);
  EXPECT_EQ(facts->standby_minimums, (StandbyMinimums{{"max_connections", 100}, {"max_wal_senders", 10}}));
  EXPECT_EQ(facts->server_time, WallTime(std::chrono::microseconds(1763800000123456)));
}

TEST(Facts, AStandbyHoldsTheLargerOfReceivedAndReplayed) {
  const auto facts = decode_facts(standby_row(), 150018);
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_TRUE(facts->in_recovery);
  EXPECT_EQ(facts->held(), Lsn(0x30A31B0));
  ASSERT_TRUE(facts->receiver);
  EXPECT_EQ(facts->receiver->status, "streaming");
  EXPECT_EQ(facts->receiver->last_message_age, 1500ms);
}

// Nanoseconds would overflow, and a time of long ago become one of the future.
TEST(Facts, ATimeThatNanosecondsCannotHoldIsRefused) {
  for (const size_t column : {8, 9, 14})
    for (const char* time : {"9223372036854775807", "-9223372036854775808", "9300000000000000"}) {
      PgRow row = standby_row();
      row[column] = time;
      EXPECT_FALSE(decode_facts(row, 150018)) << column << " " << time;
    }
}

TEST(Facts, AReceiverWhoseColumnsAreHiddenIsThereButUnknown) {
  PgRow row = standby_row();
  row[11] = row[12] = row[13] = row[14] = kNull;
  const auto facts = decode_facts(row, 150018);
  ASSERT_TRUE(facts && facts->receiver);
  EXPECT_EQ(facts->receiver->status, "");
  EXPECT_FALSE(facts->receiver->flushed || facts->receiver->last_message_age);
}

TEST(Facts, AbsentValuesStayAbsent) {
  PgRow row = standby_row();
  row[5] = row[8] = kNull;
  row[10] = "f";
  const auto facts = decode_facts(row, 150018);
  ASSERT_TRUE(facts);
  EXPECT_FALSE(facts->receive || facts->last_replayed_commit || facts->receiver);
  EXPECT_EQ(facts->held(), facts->replay);
}

TEST(Facts, RowsThatMakeNoSenseAreRefused) {
  for (const auto& [column, text] :
       std::vector<std::pair<size_t, std::optional<std::string>>>{{0, "yes"},
                                                                  {0, kNull},
                                                                  {1, kNull},
                                                                  {2, "x"},
                                                                  {2, kNull},
                                                                  {4, "12"},
                                                                  {9, kNull},
                                                                  {9, "now"},
                                                                  {15, "max_connections"},
                                                                  {15, "max_connections=x"},
                                                                  {15, "=1"}}) {
    PgRow row = primary_row();
    row[column] = text;
    const auto facts = decode_facts(row, 150018);
    ASSERT_FALSE(facts) << "column " << column;
    EXPECT_EQ(facts.error().code, ErrorCode::kCorrupt);
  }
  EXPECT_FALSE(decode_facts({"f"}, 150018));
}

TEST(StandbyMinimums, ComeBackFromTheirText) {
  const StandbyMinimums minimums = {{"max_connections", 100}, {"max_wal_senders", 0}};
  EXPECT_EQ(format_standby_minimums(minimums), "max_connections=100,max_wal_senders=0");
  EXPECT_EQ(parse_standby_minimums(format_standby_minimums(minimums)).value(), minimums);
  EXPECT_EQ(parse_standby_minimums("").value(), StandbyMinimums());
}

TEST(FactsQuery, RefusesVersionsItDoesNotKnow) {
  EXPECT_FALSE(facts_query(120020));
  for (const int version : {130000, 140000, 150018, 160004, 170000}) EXPECT_TRUE(facts_query(version));
}

}  // namespace
}  // namespace farshore
