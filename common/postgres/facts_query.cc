#include "common/postgres/facts_query.h"

#include <charconv>
#include <span>

#include "common/postgres/decode_details.h"

namespace farshore {
namespace {

enum Column : size_t {
  kInRecovery,
  kSystemIdentifier,
  kTimeline,
  kCurrent,
  kFlush,
  kReceive,
  kReplay,
  kReplayPaused,
  kLastReplayedCommit,
  kServerTime,
  kHasReceiver,
  kReceiverStatus,
  kReceiverFlushed,
  kReceiverLatestEnd,
  kReceiverMessageAge,
  kStandbyMinimums,
  kColumns
};

// The recovery flag is read once (OFFSET 0 keeps the sub-select whole): the functions of the other role raise
// errors, so every one of them hides behind it. The timeline of a primary is that of its WAL file name,
// because the control file lags a promotion by seconds; a standby knows up to three and the largest is the
// truth.
constexpr std::string_view kSpine = R"sql(
SELECT r.in_recovery,
       s.system_identifier::text,
       CASE WHEN r.in_recovery
            THEN greatest(w.received_tli, (pg_control_recovery()).min_recovery_end_timeline,
                          (pg_control_checkpoint()).timeline_id)::bigint
            ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END,
       CASE WHEN NOT r.in_recovery THEN pg_current_wal_lsn() END,
       CASE WHEN NOT r.in_recovery THEN pg_current_wal_flush_lsn() END,
       CASE WHEN r.in_recovery THEN pg_last_wal_receive_lsn() END,
       CASE WHEN r.in_recovery THEN pg_last_wal_replay_lsn() END,
       CASE WHEN r.in_recovery THEN pg_is_wal_replay_paused() END,
       CASE WHEN r.in_recovery
            THEN (extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000000)::bigint END,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
       w.pid IS NOT NULL,
       w.status,
       w.flushed_lsn,
       w.latest_end_lsn,
       (extract(epoch FROM clock_timestamp() - w.last_msg_receipt_time) * 1000000)::bigint,
       concat_ws(',', 'max_connections=' || current_setting('max_connections'),
                 'max_worker_processes=' || current_setting('max_worker_processes'),
                 'max_wal_senders=' || current_setting('max_wal_senders'),
                 'max_prepared_transactions=' || current_setting('max_prepared_transactions'),
                 'max_locks_per_transaction=' || current_setting('max_locks_per_transaction')))sql";

constexpr std::string_view kFrom = R"sql(
  FROM (SELECT pg_is_in_recovery() AS in_recovery OFFSET 0) r
 CROSS JOIN pg_control_system() s
  LEFT JOIN pg_stat_wal_receiver w ON r.in_recovery)sql";

// Reads columns one after the other and remembers the first that cannot be read.
class RowReader {
 public:
  explicit RowReader(const PgRow& row) : row_(row) {}

  std::optional<bool> boolean(Column column) {
    if (!row_[column]) return std::nullopt;
    if (*row_[column] != "t" && *row_[column] != "f") note(column);
    return *row_[column] == "t";
  }
  std::optional<int64_t> integer(Column column) {
    if (!row_[column]) return std::nullopt;
    const std::string& text = *row_[column];
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) note(column);
    return value;
  }
  std::optional<Lsn> lsn(Column column) {
    if (!row_[column]) return std::nullopt;
    const Result<Lsn> value = Lsn::parse(*row_[column]);
    if (value) return *value;
    note(column);
    return std::nullopt;
  }
  std::optional<nanoseconds> duration(Column column) {
    const std::optional<int64_t> value = integer(column);
    if (!value) return std::nullopt;
    const std::optional<nanoseconds> held = from_microseconds(*value);
    if (!held) note(column);
    return held;
  }
  std::optional<WallTime> time(Column column) {
    const std::optional<nanoseconds> since_epoch = duration(column);
    return since_epoch ? std::optional(WallTime(*since_epoch)) : std::nullopt;
  }
  // Must not be NULL.
  template <typename T>
  T require(std::optional<T> value, Column column) {
    if (!value) note(column);
    return value.value_or(T{});
  }
  std::optional<Column> bad() const { return bad_; }

 private:
  void note(Column column) {
    if (!bad_) bad_ = column;
  }
  const PgRow& row_;
  std::optional<Column> bad_;
};

std::optional<WalReceiverFacts> read_receiver(const PgRow& row, RowReader& reader) {
  if (!reader.boolean(kHasReceiver).value_or(false)) return std::nullopt;
  WalReceiverFacts receiver;
  receiver.status = row[kReceiverStatus].value_or("");
  receiver.flushed = reader.lsn(kReceiverFlushed);
  receiver.latest_end = reader.lsn(kReceiverLatestEnd);
  receiver.last_message_age = reader.duration(kReceiverMessageAge);
  return receiver;
}

}  // namespace

Result<std::string> facts_query(int server_version, const FactParts& parts) {
  if (server_version < kOldestServer)
    return fail(ErrorCode::kInvalidArgument, "PostgreSQL {} is older than 13, the oldest that is supported",
                server_version / 10000);
  std::string sql(kSpine);
  for (const FactPart part : parts) sql += ",\n       " + part_sql(part, server_version);
  return sql.append(kFrom);
}

Result<ServerFacts> decode_facts(const PgRow& row, int server_version, const FactParts& parts) {
  if (row.size() != kColumns + parts.size())
    return fail(ErrorCode::kCorrupt, "the facts have {} columns instead of {}", row.size(),
                kColumns + parts.size());
  RowReader reader(row);
  ServerFacts facts;
  facts.in_recovery = reader.require(reader.boolean(kInRecovery), kInRecovery);
  facts.server_version_num = static_cast<uint32_t>(server_version);
  facts.system_identifier = reader.require(row[kSystemIdentifier], kSystemIdentifier);
  facts.timeline = static_cast<uint32_t>(reader.require(reader.integer(kTimeline), kTimeline));
  facts.current = reader.lsn(kCurrent);
  facts.flush = reader.lsn(kFlush);
  facts.receive = reader.lsn(kReceive);
  facts.replay = reader.lsn(kReplay);
  facts.replay_paused = reader.boolean(kReplayPaused);
  facts.last_replayed_commit = reader.time(kLastReplayedCommit);
  facts.server_time = reader.require(reader.time(kServerTime), kServerTime);
  facts.receiver = read_receiver(row, reader);
  const Result<StandbyMinimums> minimums = parse_standby_minimums(row[kStandbyMinimums].value_or(""));
  if (!minimums) return tl::unexpected(minimums.error());
  facts.standby_minimums = *minimums;
  if (reader.bad())
    return fail(ErrorCode::kCorrupt, "column {} of the facts cannot be read: '{:.40}'", size_t{*reader.bad()},
                row[*reader.bad()].value_or("NULL"));
  if (!parts.empty())
    facts.details =
        std::make_shared<const FactDetails>(decode_details(std::span(row).subspan(kColumns), parts));
  return facts;
}

}  // namespace farshore
