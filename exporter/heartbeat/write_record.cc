#include "exporter/heartbeat/write_record.h"

#include <algorithm>

namespace farshore {
namespace {

enum Column : size_t { kRecovery, kReadOnlyNow, kReadOnlySource, kXid };

// Where default_transaction_read_only comes from (pg_settings.source) when it is not the server's own word.
constexpr std::string_view kOwnSources[] = {"database", "user", "database user", "client", "session"};

WriteFailure classify_row(const std::vector<PgRow>& rows) {
  if (rows.size() != 1 || rows[0].size() <= kXid) return WriteFailure::kOther;
  const PgRow& row = rows[0];
  if (row[kXid]) return WriteFailure::kNone;
  if (row[kRecovery] == "t") return WriteFailure::kInRecovery;
  const std::string source = row[kReadOnlySource].value_or("");
  return std::ranges::find(kOwnSources, source) != std::end(kOwnSources) ? WriteFailure::kRoleReadOnly
                                                                         : WriteFailure::kReadOnly;
}

}  // namespace

std::string_view to_string(WriteFailure failure) {
  switch (failure) {
    case WriteFailure::kNone:
      return "";
    case WriteFailure::kNoSession:
      return "no_session";
    case WriteFailure::kTimeout:
      return "timeout";
    case WriteFailure::kClosed:
      return "closed";
    case WriteFailure::kInRecovery:
      return "in_recovery";
    case WriteFailure::kReadOnly:
      return "read_only";
    case WriteFailure::kRoleReadOnly:
      return "role_read_only";
    case WriteFailure::kDiskFull:
      return "disk_full";
    case WriteFailure::kResources:
      return "resources";
    case WriteFailure::kIo:
      return "io";
    case WriteFailure::kDamaged:
      return "damaged";
    case WriteFailure::kOther:
      return "other";
    case WriteFailure::kSilent:
      return "silent";
  }
  return "";
}

bool means_sick(WriteFailure failure) {
  return failure == WriteFailure::kReadOnly || failure == WriteFailure::kDiskFull ||
         failure == WriteFailure::kResources || failure == WriteFailure::kIo ||
         failure == WriteFailure::kDamaged || failure == WriteFailure::kTimeout;
}

WriteFailure classify_write(const PolledAnswer& answer) {
  if (!answer.sent) return WriteFailure::kNoSession;
  const std::string& state = answer.failure.sqlstate;
  if (answer.failure.failure == FailureClass::kNone) return classify_row(answer.rows);
  if (state.empty() || answer.failure.failure == FailureClass::kShuttingDown) return WriteFailure::kClosed;
  if (state == "25006") return WriteFailure::kReadOnly;
  if (state == "57014") return WriteFailure::kTimeout;  // statement_timeout was faster than our own deadline
  if (state == "53100") return WriteFailure::kDiskFull;
  if (state == "53400") return WriteFailure::kOther;  // temp_file_limit: somebody's choice, no want
  if (state.starts_with("53")) return WriteFailure::kResources;
  if (state.starts_with("58")) return WriteFailure::kIo;
  if (state.starts_with("XX")) return WriteFailure::kDamaged;
  return WriteFailure::kOther;
}

std::string write_statement(bool spills) {
  constexpr const char* kMayWrite = "NOT r.in_recovery AND NOT r.read_only";
  // A transaction number makes the transaction write a commit record and nothing else: 40 bytes of WAL, no
  // table, no grant. It would be given in a read-only transaction too, so the setting is looked at.
  std::string sql = fmt::format(
      "SELECT r.in_recovery, r.read_only, "
      "CASE WHEN r.read_only THEN (SELECT source FROM pg_settings "
      "WHERE name = 'default_transaction_read_only') END, "
      "CASE WHEN {} THEN pg_current_xact_id()::text END",
      kMayWrite);
  if (spills)
    sql += fmt::format(", CASE WHEN {} THEN (SELECT count(*) FROM generate_series(1, 20000)) END", kMayWrite);
  return sql +
         " FROM (SELECT pg_is_in_recovery() AS in_recovery, "
         "current_setting('transaction_read_only')::bool AS read_only OFFSET 0) r";
}

const BeatState* BeatStates::find(std::string_view cluster, std::string_view server) const {
  for (const BeatState& state : states)
    if (state.cluster == cluster && state.server == server) return &state;
  return nullptr;
}

}  // namespace farshore
