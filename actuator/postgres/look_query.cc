#include "actuator/postgres/look_query.h"

#include <charconv>

#include "actuator/postgres/settings.h"

namespace farshore {
namespace {

enum Column : size_t {
  kPrimaryConninfo,
  kRestoreCommand,
  kApplyDelay,
  kStartupWait,
  kReadOnly,
  kBlockers,
  kStandbyNames,
  kSlotName,
  kSessions,
  kMissing,
  kEpoch,
  kEpochServer,
  kFacts  // the columns of facts_query from here on
};

// Settings that may hold a secret are shown to pg_read_all_settings (a part of pg_monitor) only; asking as
// anybody else is an error that would cost the whole look.
constexpr const char* kExtras = R"sql(
SELECT CASE WHEN m.settings THEN current_setting('primary_conninfo') END,
       CASE WHEN m.settings THEN current_setting('restore_command') END,
       (extract(epoch FROM current_setting('recovery_min_apply_delay')::interval) * 1000000)::bigint,
       (SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'startup' LIMIT 1),
       current_setting('transaction_read_only')::boolean,
       (SELECT string_agg(format('session %s of %s%s', a.pid, r.rolname,
                                 CASE WHEN r.rolsuper THEN ', a superuser' ELSE '' END), '; ' ORDER BY a.pid)
          FROM {conflicts}),
       current_setting('synchronous_standby_names'),
       current_setting('primary_slot_name'),
       CASE WHEN m.stats THEN (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
                                  AND application_name NOT LIKE 'farshore-%') END,
       array_to_string(ARRAY[{missing}], E'\n'),
       {epoch_columns},
       f.*
  FROM (SELECT pg_has_role('pg_read_all_settings', 'USAGE') AS settings,
               pg_has_role('pg_read_all_stats', 'USAGE') AS stats) m
 CROSS JOIN ({facts}) f
  {epoch_join})sql";

// A wait that has begun does not see a new max_standby_streaming_delay (F10), so the clients that cause it
// have to go: those that block the startup process by a lock, and for the other conflicts all that hold a
// snapshot.
constexpr std::string_view kConflicts = R"sql(pg_stat_activity s
  JOIN pg_stat_activity a ON a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
  JOIN pg_roles r ON r.oid = a.usesysid
 WHERE s.backend_type = 'startup'
   AND (s.wait_event LIKE 'RecoveryConflict%' OR s.wait_event_type IN ('BufferPin', 'Lock'))
   AND (a.pid = ANY (pg_blocking_pids(s.pid)) OR (s.wait_event_type <> 'Lock' AND a.state <> 'idle')))sql";

constexpr const char* kEpochJoin = R"sql(
  LEFT JOIN (SELECT epoch, server FROM farshore.epoch WHERE cluster = $1 ORDER BY epoch DESC LIMIT 1) e ON true)sql";

std::string unless(const std::string& condition, const std::string& what) {
  return fmt::format("CASE WHEN NOT ({}) THEN '{}' END", condition, what);
}

// By oid: naming a table in a schema that one may not use is an error, not a no.
std::string table_privilege(const char* privilege) {
  return fmt::format(
      "EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = 'farshore' AND c.relname = 'epoch' AND has_schema_privilege(n.oid, 'USAGE') "
      "AND has_table_privilege(c.oid, '{}'))",
      privilege);
}

std::string make_slot_privilege() {
  return "EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
         "WHERE n.nspname = 'farshore' AND p.proname = 'make_slot' AND has_schema_privilege(n.oid, 'USAGE') "
         "AND has_function_privilege(p.oid, 'EXECUTE'))";
}

// Protocol section 6: each as words for what cannot be done.
std::string missing_privileges(int server_version) {
  std::vector<std::string> list;
  for (const char* role : {"pg_monitor", "pg_signal_backend"})
    list.push_back(
        unless(fmt::format("pg_has_role('{}', 'USAGE')", role), fmt::format("membership in {}", role)));
  for (const char* function : {"pg_promote(boolean, integer)", "pg_reload_conf()", "pg_wal_replay_resume()"})
    list.push_back(unless(fmt::format("has_function_privilege('pg_catalog.{}', 'EXECUTE')", function),
                          fmt::format("EXECUTE on {}", function)));
  for (const char* privilege : {"SELECT", "INSERT"})
    list.push_back(unless(table_privilege(privilege), fmt::format("{} on farshore.epoch", privilege)));
  list.push_back(unless(make_slot_privilege(), "EXECUTE on farshore.make_slot(name)"));
  if (server_version < 150000) {
    list.push_back(unless("(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
                          "superuser, which ALTER SYSTEM and CHECKPOINT need before PostgreSQL 15"));
  } else {
    list.push_back(unless("pg_has_role('pg_checkpoint', 'USAGE')", "membership in pg_checkpoint"));
    std::vector<std::string_view> settings(kCutSettings.begin(), kCutSettings.end());
    settings.push_back("synchronous_standby_names");
    for (const std::string_view setting : settings)
      list.push_back(unless(fmt::format("has_parameter_privilege('{}', 'ALTER SYSTEM')", setting),
                            fmt::format("ALTER SYSTEM SET {}", setting)));
  }
  return fmt::format("{}", fmt::join(list, ",\n"));
}

std::optional<int64_t> read_integer(const std::optional<std::string>& text) {
  int64_t value = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// Never empty when it could not be read: an empty one is half of the proof that a standby is cut.
constexpr const char* kHidden = "(hidden from this role)";

}  // namespace

std::string_view conflicting_sessions() { return kConflicts; }

Result<std::string> look_query(int server_version, bool with_epoch) {
  const Result<std::string> facts = facts_query(server_version);
  if (!facts) return tl::unexpected(facts.error());
  return fmt::format(
      fmt::runtime(kExtras), fmt::arg("missing", missing_privileges(server_version)),
      fmt::arg("facts", *facts), fmt::arg("conflicts", kConflicts),
      fmt::arg("epoch_columns", with_epoch ? "e.epoch, e.server" : "NULLIF($1::text, $1), NULL"),
      fmt::arg("epoch_join", with_epoch ? kEpochJoin : ""));
}

Result<ServerLook> decode_look(const std::string& cluster, const PgRow& row, int server_version) {
  if (row.size() <= kFacts) return fail(ErrorCode::kCorrupt, "a look has only {} columns", row.size());
  const std::optional<int64_t> apply_delay = read_integer(row[kApplyDelay]);
  if (!apply_delay || !row[kReadOnly] || !row[kMissing])
    return fail(ErrorCode::kCorrupt, "a look lacks a column that is never null");
  Result<ServerFacts> facts =
      decode_facts(PgRow(row.begin() + static_cast<std::ptrdiff_t>(kFacts), row.end()), server_version);
  if (!facts) return tl::unexpected(facts.error());

  ServerLook look;
  look.facts = *std::move(facts);
  look.missing_privileges = split_lines(*row[kMissing]);
  const std::string conninfo = row[kPrimaryConninfo].value_or(kHidden);
  if (holds_password(conninfo))
    look.missing_privileges.emplace_back(
        "primary_conninfo without a password (use a passfile): it is journaled");
  look.primary_conninfo = without_password(conninfo);
  look.restore_command = row[kRestoreCommand].value_or(kHidden);
  look.apply_delay = std::chrono::microseconds(*apply_delay);
  look.startup_wait_event = row[kStartupWait].value_or("");
  look.read_only = *row[kReadOnly] == "t";
  look.replay_blockers = row[kBlockers].value_or("");
  look.primary_slot_name = row[kSlotName].value_or("");
  look.client_sessions = read_integer(row[kSessions]);
  look.synchronous_standby_names = row[kStandbyNames].value_or("");
  if (const auto epoch = read_integer(row[kEpoch]); epoch && row[kEpochServer])
    look.epoch_row = EpochRow{cluster, *epoch, *row[kEpochServer]};
  return look;
}

}  // namespace farshore
