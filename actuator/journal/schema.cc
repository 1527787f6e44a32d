#include "actuator/journal/schema.h"

#include "common/base/log.h"

namespace farshore {
namespace {

constexpr int64_t kApplicationId = 0x46415253;  // "FARS"
constexpr int64_t kVersion = 3;

// Times are nanoseconds since 1970. An empty verdict is pending.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE origin (created_at INTEGER NOT NULL);
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  received_at INTEGER NOT NULL, principal TEXT NOT NULL, firing INTEGER NOT NULL,
  alertname TEXT NOT NULL, action TEXT NOT NULL, cluster TEXT NOT NULL, region TEXT NOT NULL,
  server TEXT NOT NULL, fingerprint TEXT NOT NULL, epoch INTEGER NOT NULL, starts_at INTEGER NOT NULL,
  verdict TEXT NOT NULL, reason TEXT NOT NULL, run_id TEXT NOT NULL);
CREATE INDEX alerts_identity ON alerts (cluster, epoch, fingerprint, starts_at);
CREATE INDEX alerts_watchdog ON alerts (id) WHERE action = 'watchdog';
CREATE INDEX alerts_pending ON alerts (cluster) WHERE verdict = '';
CREATE TABLE reigns (
  cluster TEXT NOT NULL, epoch INTEGER NOT NULL, server TEXT NOT NULL, timeline INTEGER NOT NULL,
  system_identifier TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (cluster, epoch));
CREATE TABLE claims (cluster TEXT PRIMARY KEY, epoch INTEGER NOT NULL, run_id TEXT NOT NULL);
CREATE TABLE epoch_numbers (cluster TEXT PRIMARY KEY, largest_used INTEGER NOT NULL);
CREATE TABLE runs (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE, number INTEGER NOT NULL, cluster TEXT NOT NULL,
  from_epoch INTEGER NOT NULL, epoch INTEGER NOT NULL, old_primary TEXT NOT NULL, old_region TEXT NOT NULL,
  candidate TEXT NOT NULL, region TEXT NOT NULL, state TEXT NOT NULL, step TEXT NOT NULL,
  reason TEXT NOT NULL, retryable INTEGER NOT NULL, promoting INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER);
CREATE UNIQUE INDEX one_open_run ON runs (cluster) WHERE state IN ('running', 'held');
CREATE TABLE steps (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL REFERENCES runs (id), attempt INTEGER NOT NULL, step TEXT NOT NULL,
  event TEXT NOT NULL, at INTEGER NOT NULL, detail TEXT NOT NULL, facts TEXT NOT NULL);
CREATE INDEX steps_of_run ON steps (run_id, sequence);
CREATE TABLE pauses (cluster TEXT PRIMARY KEY, by TEXT NOT NULL, reason TEXT NOT NULL, since INTEGER NOT NULL);
CREATE TABLE approvals (
  run_id TEXT PRIMARY KEY REFERENCES runs (id), by TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE actions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL,
  cluster TEXT NOT NULL, run_id TEXT NOT NULL, outcome TEXT NOT NULL);
)sql";

constexpr const char* kVersion2 = R"sql(
CREATE TABLE latch (id INTEGER PRIMARY KEY CHECK (id = 1), reason TEXT NOT NULL, since INTEGER NOT NULL);
)sql";

constexpr const char* kVersion3 = R"sql(
CREATE TABLE told (
  receiver TEXT NOT NULL, run_id TEXT NOT NULL REFERENCES runs (id), outcome TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (receiver, run_id));
)sql";

// What brings a journal of a version to the next one; the first makes it from nothing.
constexpr const char* kSteps[kVersion] = {kVersion1, kVersion2, kVersion3};

Result<int64_t> number(Database& database, std::string_view sql) {
  auto rows = database.query(sql);
  if (!rows) return tl::unexpected(rows.error());
  auto row = rows->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? rows->integer(0) : 0;
}

// Inside a transaction: a journal is of one version or the next, never in between.
Status bring_up_to_date(Database& database, int64_t version) {
  for (; version < kVersion; ++version)
    if (auto status = database.script(kSteps[version]); !status) return status;
  return database.script(fmt::format("PRAGMA user_version = {};", kVersion));
}

Status create(Database& database, Clock& clock) {
  log_info("a new journal is made: the reign is adopted anew, or named by a person");
  return database.in_transaction([&]() -> Status {
    if (auto status = bring_up_to_date(database, 0); !status) return status;
    auto origin = database.run("INSERT INTO origin VALUES (?)", clock.wall_now().time_since_epoch().count());
    if (!origin) return tl::unexpected(origin.error());
    return database.script(fmt::format("PRAGMA application_id = {};", kApplicationId));
  });
}

}  // namespace

Status check_schema(Database& database) {
  const auto version = number(database, "PRAGMA user_version");
  const auto application = number(database, "PRAGMA application_id");
  const auto tables = number(database, "SELECT count(*) FROM sqlite_master");
  for (const auto* found : {&version, &application, &tables}) {
    if (!*found) return tl::unexpected(found->error());
  }
  if (*tables == 0) return {};
  if (*application != kApplicationId) {
    return fail(ErrorCode::kInvalidArgument,
                "this SQLite file is no journal of Farshore; give --storage.path another folder");
  }
  if (*version > kVersion) {
    return fail(
        ErrorCode::kInvalidArgument,
        "written by a newer Farshore (journal version {}, this program knows {}); run that version again, "
        "or put back a copy of the journal from before the upgrade",
        *version, kVersion);
  }
  return {};
}

Status prepare_schema(Database& database, Clock& clock) {
  const auto version = number(database, "PRAGMA user_version");
  const auto tables = number(database, "SELECT count(*) FROM sqlite_master");
  for (const auto* found : {&version, &tables}) {
    if (!*found) return tl::unexpected(found->error());
  }
  if (*tables == 0) return create(database, clock);
  if (*version == kVersion) return {};
  return database.in_transaction([&] { return bring_up_to_date(database, *version); });
}

}  // namespace farshore
