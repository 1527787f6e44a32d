#include "common/postgres/fact_parts.h"

#include <fmt/format.h>

namespace farshore {
namespace {

struct Part {
  FactPart part;
  std::string_view name;
  FactTier tier;
};

constexpr Part kParts[] = {
    {FactPart::kWal, "wal", FactTier::kFast},
    {FactPart::kReceiver, "receiver", FactTier::kFast},
    {FactPart::kReplay, "replay", FactTier::kFast},
    {FactPart::kStandbys, "standbys", FactTier::kFast},
    {FactPart::kSlots, "slots", FactTier::kFast},
    {FactPart::kArchiver, "archiver", FactTier::kFast},
    {FactPart::kConflicts, "conflicts", FactTier::kFast},
    {FactPart::kPrepared, "prepared", FactTier::kFast},
    {FactPart::kSessions, "sessions", FactTier::kFast},
    {FactPart::kProcess, "process", FactTier::kFast},
    {FactPart::kPrivileges, "privileges", FactTier::kFast},
    {FactPart::kDirectories, "directories", FactTier::kSlow},
    {FactPart::kSettings, "settings", FactTier::kSlow},
    {FactPart::kTransactionIds, "transaction_ids", FactTier::kSlow},
};

constexpr int k14 = 140000, k15 = 150000, k16 = 160000, k17 = 170000;

std::string micros(std::string_view time) {
  return fmt::format("(extract(epoch FROM {}) * 1000000)::bigint", time);
}

std::string receiver_sql() {
  return fmt::format(R"sql((SELECT json_build_object(
         'written', written_lsn,
         'latest_end_time', {},
         'sent', {},
         'received', {})
    FROM pg_stat_wal_receiver))sql",
                     micros("latest_end_time"), micros("last_msg_send_time"),
                     micros("last_msg_receipt_time"));
}

std::string replay_sql(int version) {
  return fmt::format(
      R"sql(CASE WHEN r.in_recovery THEN json_build_object({}
         'delay', {}) END)sql",
      version >= k14 ? "\n         'pause_state', pg_get_wal_replay_pause_state()," : "",
      micros("current_setting('recovery_min_apply_delay')::interval"));
}

// The functions beneath pg_stat_replication: the view also locks pg_authid, and a look must not wait for
// whoever rewrites that.
std::string standbys_sql() {
  return fmt::format(R"sql((SELECT json_build_object(
         'total', coalesce(max(g.total), 0),
         'synchronous', CASE WHEN bool_or(g.hidden) THEN NULL ELSE coalesce(max(g.synchronous), 0) END,
         'sync_names', current_setting('synchronous_standby_names'),
         'rows', json_agg(g))
    FROM (SELECT coalesce(a.application_name, '') AS name,
                 count(*) AS connections,
                 (array_agg(w.state ORDER BY w.replay_lsn NULLS FIRST))[1] AS state,
                 (array_agg(w.sync_state ORDER BY w.replay_lsn NULLS FIRST))[1] AS sync_state,
                 min(w.sync_priority) AS sync_priority,
                 min(w.sent_lsn) AS sent,
                 min(w.write_lsn) AS write,
                 min(w.flush_lsn) AS flush,
                 min(w.replay_lsn) AS replay,
                 {} AS write_lag,
                 {} AS flush_lag,
                 {} AS replay_lag,
                 {} AS reply_time,
                 count(*) OVER () AS total,
                 sum(count(*) FILTER (WHERE w.sync_state IN ('sync', 'quorum'))) OVER () AS synchronous,
                 bool_or(bool_or(w.sync_state IS NULL)) OVER () AS hidden
            FROM pg_stat_get_wal_senders() w
            LEFT JOIN LATERAL pg_stat_get_activity(w.pid) a ON true
           GROUP BY 1 ORDER BY 1 LIMIT {}) g))sql",
                     micros("max(w.write_lag)"), micros("max(w.flush_lag)"), micros("max(w.replay_lag)"),
                     micros("min(w.reply_time)"), kMaxFactRows);
}

std::string slots_sql(int version) {
  std::string more;
  if (version >= k16) more += ",\n                 s.conflicting";
  if (version >= k17)
    more += fmt::format(
        ",\n                 {} AS inactive_since, s.invalidation_reason AS invalidation, s.failover, "
        "s.synced",
        micros("s.inactive_since"));
  return fmt::format(R"sql((SELECT json_build_object('total', coalesce(max(g.total), 0), 'rows', json_agg(g))
    FROM (SELECT s.slot_name AS name,
                 s.slot_type AS type,
                 s.active,
                 CASE WHEN s.restart_lsn IS NOT NULL
                      THEN greatest(0, pg_wal_lsn_diff(p.lsn, s.restart_lsn))::bigint END AS retained,
                 s.safe_wal_size AS safe,
                 s.wal_status,
                 count(*) OVER () AS total{}
            FROM pg_get_replication_slots() s
           CROSS JOIN (SELECT CASE WHEN r.in_recovery
                                   THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                                   ELSE pg_current_wal_lsn() END AS lsn OFFSET 0) p
           ORDER BY retained DESC NULLS FIRST, s.slot_name LIMIT {}) g))sql",
                     more, kMaxFactRows);
}

std::string archiver_sql() {
  return fmt::format(R"sql((SELECT json_build_object(
         'archived', archived_count,
         'failed', failed_count,
         'last_archived', {},
         'last_failed', {})
    FROM pg_stat_get_archiver()))sql",
                     micros("last_archived_time"), micros("last_failed_time"));
}

std::string conflicts_sql(int version) {
  std::string kinds;
  const auto add = [&](std::string_view kind, std::string_view column) {
    kinds += fmt::format("{}\n         '{}', sum({})::bigint", kinds.empty() ? "" : ",", kind, column);
  };
  add("tablespace", "confl_tablespace");
  add("lock", "confl_lock");
  add("snapshot", "confl_snapshot");
  add("bufferpin", "confl_bufferpin");
  add("deadlock", "confl_deadlock");
  if (version >= k16) add("logicalslot", "confl_active_logicalslot");
  return fmt::format(R"sql(CASE WHEN r.in_recovery THEN (SELECT json_build_object({})
    FROM pg_stat_database_conflicts) END)sql",
                     kinds);
}

std::string prepared_sql() {
  return fmt::format(
      R"sql(CASE WHEN NOT r.in_recovery THEN (SELECT json_build_object(
         'count', count(*),
         'oldest', {})
    FROM pg_prepared_xact()) END)sql",
      micros("min(prepared)"));
}

std::string sessions_sql(int version) {
  return fmt::format(R"sql((SELECT json_build_object(
         'clients', CASE WHEN count(*) = count(backend_type)
                         THEN count(*) FILTER (WHERE backend_type = 'client backend') END,
         'limit', current_setting('max_connections')::integer,
         'reserved', current_setting('superuser_reserved_connections')::integer{})
    FROM pg_stat_get_activity(NULL)))sql",
                     version >= k16 ? " + current_setting('reserved_connections')::integer" : "");
}

constexpr std::string_view kPrivilegesSql = R"sql(json_build_object(
         'statistics', pg_has_role('pg_read_all_stats', 'USAGE'),
         'directories', has_function_privilege('pg_catalog.pg_ls_waldir()', 'EXECUTE')
                        AND has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'EXECUTE')))sql";

constexpr std::string_view kDirectoriesSql = R"sql((SELECT json_build_object(
         'wal_bytes', sum(size)::bigint,
         'wal_files', count(*),
         'ready_files', (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'))
    FROM pg_ls_waldir()))sql";

// In the units of the view: milliseconds, seconds, MiB.
constexpr std::string_view kSettingsSql = R"sql((SELECT json_build_object(
         'pending_restart', count(*) FILTER (WHERE pending_restart),
         'receiver_timeout_ms', max(setting) FILTER (WHERE name = 'wal_receiver_timeout'),
         'receiver_status_s', max(setting) FILTER (WHERE name = 'wal_receiver_status_interval'),
         'slot_keep_mb', max(setting) FILTER (WHERE name = 'max_slot_wal_keep_size'),
         'archive_mode', max(setting) FILTER (WHERE name = 'archive_mode'))
    FROM pg_settings))sql";

}  // namespace

std::string_view to_string(FactPart part) { return kParts[static_cast<size_t>(part)].name; }

FactTier tier_of(FactPart part, int server_version) {
  const bool statistics = part == FactPart::kArchiver || part == FactPart::kConflicts;
  if (statistics && server_version < k15) return FactTier::kSlow;
  return kParts[static_cast<size_t>(part)].tier;
}

FactParts fact_parts(FactTier tier, int server_version) {
  FactParts parts;
  for (const Part& one : kParts)
    if (tier_of(one.part, server_version) == tier) parts.push_back(one.part);
  return parts;
}

std::string part_sql(FactPart part, int server_version) {
  switch (part) {
    case FactPart::kWal:
      return "CASE WHEN NOT r.in_recovery THEN json_build_object('insert', pg_current_wal_insert_lsn()) END";
    case FactPart::kReceiver:
      return receiver_sql();
    case FactPart::kReplay:
      return replay_sql(server_version);
    case FactPart::kStandbys:
      return standbys_sql();
    case FactPart::kSlots:
      return slots_sql(server_version);
    case FactPart::kArchiver:
      return archiver_sql();
    case FactPart::kConflicts:
      return conflicts_sql(server_version);
    case FactPart::kPrepared:
      return prepared_sql();
    case FactPart::kSessions:
      return sessions_sql(server_version);
    case FactPart::kProcess:
      return fmt::format("json_build_object('started', {})", micros("pg_postmaster_start_time()"));
    case FactPart::kPrivileges:
      return std::string(kPrivilegesSql);
    case FactPart::kDirectories:
      return std::string(kDirectoriesSql);
    case FactPart::kSettings:
      return std::string(kSettingsSql);
    case FactPart::kTransactionIds:
      return "(SELECT json_build_object('age', max(age(datfrozenxid))) FROM pg_database)";
  }
  return "";
}

std::string parts_query(const FactParts& parts, int server_version) {
  std::string columns;
  for (const FactPart part : parts)
    columns += fmt::format("{}{}", columns.empty() ? "" : ",\n       ", part_sql(part, server_version));
  return fmt::format("SELECT {}\n  FROM (SELECT pg_is_in_recovery() AS in_recovery OFFSET 0) r", columns);
}

}  // namespace farshore
