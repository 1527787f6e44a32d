#include "actuator/postgres/write_probe.h"

#include <array>
#include <optional>

namespace farshore {
namespace {

// Two pages more than the table has, so that a full disk is felt: a small write finds room in a page that is
// there. Rolled back; autovacuum gives the pages back.
constexpr const char* kFill =
    "INSERT INTO farshore.epoch (cluster, epoch, server, at) "
    "SELECT $1, -g, repeat(md5(random()::text || g::text), 60), clock_timestamp() FROM generate_series(1, "
    "10) g";
// A commit that has to reach the disk, and that no table keeps.
constexpr const char* kCommit = "SELECT pg_logical_emit_message(true, 'farshore', 'write probe')";

// Answers that are about the server's ability to write: 25006 read-only, 53 resources (disk full), 58 system
// error, XX damaged; and 42501, which a read-only file system is to PostgreSQL too, when the role may insert.
bool says_sick(const std::string& sqlstate, bool may_insert) {
  return sqlstate == "25006" || sqlstate.starts_with("53") || sqlstate.starts_with("58") ||
         sqlstate.starts_with("XX") || (sqlstate == "42501" && may_insert);
}

}  // namespace

Result<WriteProbe> write_and_forget(PgSession& session, const std::string& cluster, BootTime deadline,
                                    const Clock& clock) {
  const auto may = session.query("SELECT has_table_privilege('farshore.epoch', 'INSERT')", {}, deadline);
  if (!may) return tl::unexpected(may.error());
  const bool may_insert = !may->rows.empty() && may->rows[0].at(0).value_or("") == "t";
  const std::array<std::pair<const char*, bool>, 4> statements{
      {{"BEGIN", false}, {kFill, true}, {"ROLLBACK", false}, {kCommit, false}}};
  for (const auto& [sql, fills] : statements) {
    const std::vector<std::optional<std::string>> parameters =
        fills ? std::vector<std::optional<std::string>>{cluster} : std::vector<std::optional<std::string>>{};
    const auto done = session.query(sql, parameters, deadline);
    if (done) continue;
    const std::string& state = session.last_sqlstate();
    if (!session.usable() && clock.boot_now() >= deadline)
      return WriteProbe{false, "a write did not end in time"};
    if (session.usable() && says_sick(state, may_insert)) return WriteProbe{false, done.error().message};
    return tl::unexpected(done.error());
  }
  return WriteProbe{true, ""};
}

}  // namespace farshore
