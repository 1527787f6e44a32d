#include "actuator/journal/sqlite_journal.h"

#include <mutex>
#include <utility>

#include "actuator/journal/journal_rules.h"
#include "actuator/journal/rows.h"
#include "actuator/journal/schema.h"
#include "common/sqlite/database.h"

namespace farshore {
namespace {

// What is kept of decided alerts and of actions; pending and acted-on alerts are kept for ever, as runs are.
constexpr int64_t kKeptAlerts = 20'000;
constexpr int64_t kKeptWatchdogs = 1'000;  // one every few seconds: they must not push the others out
constexpr int64_t kKeptActions = 10'000;

// An UPDATE or INSERT whose count does not matter.
Status done(const Result<int64_t>& changed) {
  if (!changed) return tl::unexpected(changed.error());
  return {};
}

template <typename T>
using Reader = Result<T> (*)(const Statement&);

template <typename T>
Result<std::vector<T>> all(Result<Statement> statement, Reader<T> read) {
  if (!statement) return tl::unexpected(statement.error());
  std::vector<T> found;
  while (true) {
    auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return found;
    auto record = read(*statement);
    if (!record) return tl::unexpected(record.error());
    found.push_back(std::move(*record));
  }
}

template <typename T>
Result<std::optional<T>> first(Result<Statement> statement, Reader<T> read) {
  if (!statement) return tl::unexpected(statement.error());
  auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return std::nullopt;
  auto record = read(*statement);
  if (!record) return tl::unexpected(record.error());
  return std::move(*record);
}

std::string select(const char* columns, std::string_view rest) {
  return fmt::format("SELECT {} {}", columns, rest);
}

Result<Claim> read_claim(const Statement& row) { return Claim{row.text(0), row.integer(1), row.text(2)}; }
Result<Pause> read_pause(const Statement& row) {
  return Pause{row.text(0), row.text(1), row.text(2), rows::to_time(row.integer(3))};
}
Result<Approval> read_approval(const Statement& row) {
  return Approval{row.text(0), row.text(1), row.text(2), rows::to_time(row.integer(3))};
}

// One connection behind one lock: the journal sees a few writes per second at most.
class SqliteJournal final : public Journal {
 public:
  explicit SqliteJournal(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  Status record_alerts(std::vector<AlertRecord>& alerts) override;
  Status set_verdict(int64_t alert_id, const std::string& verdict, const std::string& reason,
                     const std::string& run_id) override;
  Result<std::vector<AlertRecord>> pending_alerts(const std::string& cluster) override;
  Result<std::vector<AlertRecord>> recent_alerts(size_t limit) override;
  Result<std::optional<Reign>> reign(const std::string& cluster) override;
  Result<std::vector<Reign>> reigns(const std::string& cluster) override;
  Result<std::optional<Claim>> claim(const std::string& cluster) override;
  Status adopt(const Reign& reign) override;
  Result<int64_t> take_claim(const std::string& cluster, int64_t expected_epoch,
                             const std::string& run_id) override;
  Status release_claim(const std::string& cluster, const std::string& run_id) override;
  Status begin_reign(const Reign& reign, const std::string& run_id) override;
  Status create_run(RunRecord& run) override;
  Status update_run(const RunRecord& run) override;
  Result<RunRecord> run(const std::string& run_id) override;
  Result<std::vector<RunRecord>> runs(size_t limit) override;
  Result<std::optional<RunRecord>> open_run(const std::string& cluster) override;
  Result<RunCounts> count_runs() override;
  Status record_step(const StepRecord& step) override;
  Result<std::vector<StepRecord>> steps(const std::string& run_id) override;
  Status pause(const Pause& pause) override;
  Status resume(const std::string& cluster) override;
  Result<std::optional<Pause>> paused(const std::string& cluster) override;
  Status approve(const Approval& approval) override;
  Result<std::optional<Approval>> take_approval(const std::string& run_id, WallTime now) override;
  Status record_action(const ActionRecord& action) override;
  Result<std::vector<ActionRecord>> recent_actions(size_t limit) override;

 private:
  // All private functions expect the lock to be held.
  Status write(const std::function<Status()>& work) { return database_->in_transaction(work); }
  Status insert_alert(AlertRecord& alert);
  Status mark_duplicate(AlertRecord& alert);
  Status forget_old_alerts();
  Result<std::optional<Reign>> current_reign(const std::string& cluster);
  Result<std::optional<Claim>> current_claim(const std::string& cluster);
  Status insert_reign(const Reign& reign);
  Result<int64_t> use_next_number(const std::string& cluster);
  Result<std::optional<RunRecord>> find_run(const std::string& run_id);
  Status require_run(const std::string& run_id);
  Status require_no_other_open_run(const RunRecord& run);

  std::mutex mutex_;
  std::unique_ptr<Database> database_;
};

// ---- alerts ----

Status SqliteJournal::record_alerts(std::vector<AlertRecord>& alerts) {
  const std::lock_guard lock(mutex_);
  // On a copy: a failed transaction must not leave ids of alerts that are not there.
  std::vector<AlertRecord> recorded = alerts;
  auto status = write([&]() -> Status {
    for (auto& alert : recorded) {
      if (alert.verdict.empty() && alert.status == AlertStatus::kFiring) {
        if (auto marked = mark_duplicate(alert); !marked) return marked;
      }
      if (auto inserted = insert_alert(alert); !inserted) return inserted;
    }
    return forget_old_alerts();
  });
  if (status) alerts = std::move(recorded);
  return status;
}

Status SqliteJournal::insert_alert(AlertRecord& alert) {
  auto inserted = database_->run(
      "INSERT INTO alerts (received_at, principal, firing, alertname, action, cluster, region, server, "
      "fingerprint, "
      "epoch, starts_at, verdict, reason, run_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      rows::from_time(alert.received_at), alert.principal, alert.status == AlertStatus::kFiring,
      alert.alertname, alert.action, alert.cluster, alert.region, alert.server, alert.fingerprint,
      alert.epoch, rows::from_time(alert.starts_at), alert.verdict, alert.reason, alert.run_id);
  if (inserted) alert.id = database_->last_insert_id();
  return done(inserted);
}

Status SqliteJournal::mark_duplicate(AlertRecord& alert) {
  // The newest few are enough: every later one was compared with the earlier ones when it came.
  auto earlier =
      all(database_->query(select(rows::kAlert,
                                  "FROM alerts WHERE cluster = ? AND epoch = ? AND fingerprint = ? AND "
                                  "starts_at = ? AND verdict IN ('', 'acted_on', 'refused') "
                                  "ORDER BY id DESC LIMIT 100"),
                           alert.cluster, alert.epoch, alert.fingerprint, rows::from_time(alert.starts_at)),
          rows::alert);
  if (!earlier) return tl::unexpected(earlier.error());
  for (const auto& other : *earlier) {
    auto run = other.run_id.empty() ? Result<std::optional<RunRecord>>() : find_run(other.run_id);
    if (!run) return tl::unexpected(run.error());
    if (!makes_duplicate(other, *run)) continue;
    alert.verdict = "duplicate";
    alert.reason = fmt::format("the same alert is already journaled as {}", other.id);
    alert.run_id = other.run_id;
    return {};
  }
  return {};
}

Status SqliteJournal::forget_old_alerts() {
  auto watchdogs = database_->run(
      "DELETE FROM alerts WHERE action = 'watchdog' AND verdict <> '' AND id <= (SELECT max(id) FROM alerts) "
      "- ?",
      kKeptWatchdogs);
  if (!watchdogs) return done(watchdogs);
  return done(database_->run(
      "DELETE FROM alerts WHERE id <= (SELECT id FROM alerts ORDER BY id DESC LIMIT 1 OFFSET ?) "
      "AND verdict NOT IN ('', 'acted_on')",
      kKeptAlerts));
}

Status SqliteJournal::set_verdict(int64_t alert_id, const std::string& verdict, const std::string& reason,
                                  const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  auto changed = database_->run("UPDATE alerts SET verdict = ?, reason = ?, run_id = ? WHERE id = ?", verdict,
                                reason, run_id, alert_id);
  if (changed && *changed == 0) return fail(ErrorCode::kNotFound, "no alert {} in the journal", alert_id);
  return done(changed);
}

Result<std::vector<AlertRecord>> SqliteJournal::pending_alerts(const std::string& cluster) {
  const std::lock_guard lock(mutex_);
  return all(database_->query(
                 select(rows::kAlert, "FROM alerts WHERE cluster = ? AND verdict = '' ORDER BY id"), cluster),
             rows::alert);
}

Result<std::vector<AlertRecord>> SqliteJournal::recent_alerts(size_t limit) {
  const std::lock_guard lock(mutex_);
  return all(database_->query(select(rows::kAlert, "FROM alerts ORDER BY id DESC LIMIT ?"), limit),
             rows::alert);
}

// ---- epochs ----

Result<std::optional<Reign>> SqliteJournal::current_reign(const std::string& cluster) {
  return first(
      database_->query(select(rows::kReign, "FROM reigns WHERE cluster = ? ORDER BY epoch DESC LIMIT 1"),
                       cluster),
      rows::reign);
}

Result<std::optional<Claim>> SqliteJournal::current_claim(const std::string& cluster) {
  return first(database_->query("SELECT cluster, epoch, run_id FROM claims WHERE cluster = ?", cluster),
               read_claim);
}

Result<std::optional<Reign>> SqliteJournal::reign(const std::string& cluster) {
  const std::lock_guard lock(mutex_);
  return current_reign(cluster);
}

Result<std::vector<Reign>> SqliteJournal::reigns(const std::string& cluster) {
  const std::lock_guard lock(mutex_);
  return all(database_->query(select(rows::kReign, "FROM reigns WHERE cluster = ? ORDER BY epoch"), cluster),
             rows::reign);
}

Result<std::optional<Claim>> SqliteJournal::claim(const std::string& cluster) {
  const std::lock_guard lock(mutex_);
  return current_claim(cluster);
}

Status SqliteJournal::insert_reign(const Reign& reign) {
  auto inserted =
      database_->run("INSERT INTO reigns VALUES (?, ?, ?, ?, ?, ?)", reign.cluster, reign.epoch, reign.server,
                     reign.timeline, reign.system_identifier, rows::from_time(reign.since));
  if (!inserted) return done(inserted);
  return done(
      database_->run("INSERT INTO epoch_numbers VALUES (?, ?) ON CONFLICT (cluster) DO UPDATE SET "
                     "largest_used = max(largest_used, excluded.largest_used)",
                     reign.cluster, reign.epoch));
}

Status SqliteJournal::adopt(const Reign& reign) {
  const std::lock_guard lock(mutex_);
  return write([&]() -> Status {
    auto now = current_reign(reign.cluster);
    if (!now) return tl::unexpected(now.error());
    if (*now) return fail(ErrorCode::kConflict, "cluster {} already has a reign", reign.cluster);
    return insert_reign(reign);
  });
}

Result<int64_t> SqliteJournal::use_next_number(const std::string& cluster) {
  auto rows = database_->query(
      "UPDATE epoch_numbers SET largest_used = largest_used + 1 WHERE cluster = ? RETURNING largest_used",
      cluster);
  if (!rows) return tl::unexpected(rows.error());
  auto row = rows->step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return fail(ErrorCode::kCorrupt, "cluster {} has a reign but no epoch number", cluster);
  const int64_t number = rows->integer(0);
  auto end = rows->step();
  if (!end) return tl::unexpected(end.error());
  return number;
}

Result<int64_t> SqliteJournal::take_claim(const std::string& cluster, int64_t expected_epoch,
                                          const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  int64_t number = 0;
  auto status = write([&]() -> Status {
    auto reign = current_reign(cluster);
    if (!reign) return tl::unexpected(reign.error());
    const int64_t epoch = *reign ? (*reign)->epoch : 0;
    if (!*reign || epoch != expected_epoch) {
      return fail(ErrorCode::kConflict, "cluster {} is in epoch {}, not {}", cluster, epoch, expected_epoch);
    }
    auto held = current_claim(cluster);
    if (!held) return tl::unexpected(held.error());
    if (*held && (*held)->run_id != run_id) {
      return fail(ErrorCode::kConflict, "run {} holds the claim of cluster {}", (*held)->run_id, cluster);
    }
    if (*held) {
      number = (*held)->epoch;
      return {};
    }
    auto next = use_next_number(cluster);
    if (!next) return tl::unexpected(next.error());
    number = *next;
    return done(database_->run("INSERT INTO claims VALUES (?, ?, ?)", cluster, number, run_id));
  });
  if (!status) return tl::unexpected(status.error());
  return number;
}

Status SqliteJournal::release_claim(const std::string& cluster, const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  return write([&]() -> Status {
    auto held = current_claim(cluster);
    if (!held) return tl::unexpected(held.error());
    if (!*held) return {};
    if ((*held)->run_id != run_id) {
      return fail(ErrorCode::kConflict, "run {} holds the claim of cluster {}", (*held)->run_id, cluster);
    }
    return done(database_->run("DELETE FROM claims WHERE cluster = ?", cluster));
  });
}

Status SqliteJournal::begin_reign(const Reign& reign, const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  return write([&]() -> Status {
    auto now = current_reign(reign.cluster);
    if (!now) return tl::unexpected(now.error());
    if (*now && (*now)->epoch == reign.epoch && (*now)->server == reign.server) return {};
    auto held = current_claim(reign.cluster);
    if (!held) return tl::unexpected(held.error());
    if (!*held || (*held)->run_id != run_id || (*held)->epoch != reign.epoch) {
      return fail(ErrorCode::kConflict, "run {} does not hold the claim on epoch {} of cluster {}", run_id,
                  reign.epoch, reign.cluster);
    }
    if (auto removed = database_->run("DELETE FROM claims WHERE cluster = ?", reign.cluster); !removed) {
      return done(removed);
    }
    return insert_reign(reign);
  });
}

// ---- runs ----

Result<std::optional<RunRecord>> SqliteJournal::find_run(const std::string& run_id) {
  return first(database_->query(select(rows::kRun, "FROM runs WHERE id = ?"), run_id), rows::run);
}

Status SqliteJournal::require_run(const std::string& run_id) {
  auto found = find_run(run_id);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return fail(ErrorCode::kNotFound, "no run {} in the journal", run_id);
  return {};
}

// The index one_open_run would say no as well, but not why.
Status SqliteJournal::require_no_other_open_run(const RunRecord& run) {
  if (!is_open(run.state)) return {};
  auto other =
      first(database_->query(select(rows::kRun,
                                    "FROM runs WHERE cluster = ? AND id <> ? AND state IN ('running', "
                                    "'held')"),
                             run.cluster, run.id),
            rows::run);
  if (!other) return tl::unexpected(other.error());
  if (!*other) return {};
  return fail(ErrorCode::kConflict, "run {} of cluster {} is still {}", (*other)->id, run.cluster,
              to_string((*other)->state));
}

Status SqliteJournal::create_run(RunRecord& run) {
  const std::lock_guard lock(mutex_);
  RunRecord created = run;
  created.id.clear();
  auto status = write([&]() -> Status {
    if (auto free = require_no_other_open_run(created); !free) return free;
    auto rows =
        database_->query("SELECT coalesce(max(number), 0) + 1 FROM runs WHERE cluster = ?", run.cluster);
    if (!rows) return tl::unexpected(rows.error());
    if (auto row = rows->step(); !row) return tl::unexpected(row.error());
    const int64_t number = rows->integer(0);
    created.id = fmt::format("{}-{}", run.cluster, number);
    return done(database_->run(
        "INSERT INTO runs (number, id, cluster, from_epoch, epoch, old_primary, old_region, candidate, "
        "region, "
        "state, step, reason, retryable, promoting, accepted_at, started_at, ended_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        number, created.id, run.cluster, run.from_epoch, run.epoch, run.old_primary, run.old_region,
        run.candidate, run.region, to_string(run.state), run.step, run.reason, run.retryable, run.promoting,
        rows::from_time(run.accepted_at), rows::from_time(run.started_at),
        run.ended_at ? std::optional(rows::from_time(*run.ended_at)) : std::nullopt));
  });
  if (status) run.id = created.id;
  return status;
}

Status SqliteJournal::update_run(const RunRecord& run) {
  const std::lock_guard lock(mutex_);
  return write([&]() -> Status {
    if (auto there = require_run(run.id); !there) return there;
    if (auto free = require_no_other_open_run(run); !free) return free;
    return done(database_->run(
        "UPDATE runs SET from_epoch = ?, epoch = ?, old_primary = ?, old_region = ?, candidate = ?, region = "
        "?, "
        "state = ?, step = ?, reason = ?, retryable = ?, promoting = ?, accepted_at = ?, started_at = ?, "
        "ended_at = ? WHERE id = ?",
        run.from_epoch, run.epoch, run.old_primary, run.old_region, run.candidate, run.region,
        to_string(run.state), run.step, run.reason, run.retryable, run.promoting,
        rows::from_time(run.accepted_at), rows::from_time(run.started_at),
        run.ended_at ? std::optional(rows::from_time(*run.ended_at)) : std::nullopt, run.id));
  });
}

Result<RunRecord> SqliteJournal::run(const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  auto found = find_run(run_id);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return fail(ErrorCode::kNotFound, "no run {} in the journal", run_id);
  return std::move(**found);
}

Result<std::vector<RunRecord>> SqliteJournal::runs(size_t limit) {
  const std::lock_guard lock(mutex_);
  return all(database_->query(select(rows::kRun, "FROM runs ORDER BY position DESC LIMIT ?"), limit),
             rows::run);
}

Result<std::optional<RunRecord>> SqliteJournal::open_run(const std::string& cluster) {
  const std::lock_guard lock(mutex_);
  return first(
      database_->query(select(rows::kRun, "FROM runs WHERE cluster = ? AND state IN ('running', 'held')"),
                       cluster),
      rows::run);
}

Result<RunCounts> SqliteJournal::count_runs() {
  const std::lock_guard lock(mutex_);
  auto rows = database_->query("SELECT cluster, state, count(*) FROM runs GROUP BY cluster, state");
  if (!rows) return tl::unexpected(rows.error());
  RunCounts counts;
  while (true) {
    const auto row = rows->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return counts;
    const auto state = parse_run_state(rows->text(1));
    if (!state) return tl::unexpected(state.error());
    counts[{rows->text(0), *state}] = rows->integer(2);
  }
}

Status SqliteJournal::record_step(const StepRecord& step) {
  const std::lock_guard lock(mutex_);
  return write([&]() -> Status {
    if (auto there = require_run(step.run_id); !there) return there;
    return done(database_->run(
        "INSERT INTO steps (run_id, attempt, step, event, at, detail, facts) VALUES (?, ?, ?, ?, ?, ?, ?)",
        step.run_id, step.attempt, step.step, to_string(step.event), rows::from_time(step.at), step.detail,
        rows::facts_to_json(step.facts)));
  });
}

Result<std::vector<StepRecord>> SqliteJournal::steps(const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  return all(database_->query(select(rows::kStep, "FROM steps WHERE run_id = ? ORDER BY sequence"), run_id),
             rows::step);
}

// ---- people ----

Status SqliteJournal::pause(const Pause& pause) {
  const std::lock_guard lock(mutex_);
  return done(database_->run("INSERT OR REPLACE INTO pauses VALUES (?, ?, ?, ?)", pause.cluster, pause.by,
                             pause.reason, rows::from_time(pause.since)));
}

Status SqliteJournal::resume(const std::string& cluster) {
  const std::lock_guard lock(mutex_);
  return done(database_->run("DELETE FROM pauses WHERE cluster = ?", cluster));
}

Result<std::optional<Pause>> SqliteJournal::paused(const std::string& cluster) {
  const std::lock_guard lock(mutex_);
  return first(database_->query("SELECT cluster, by, reason, since FROM pauses WHERE cluster = ?", cluster),
               read_pause);
}

Status SqliteJournal::approve(const Approval& approval) {
  const std::lock_guard lock(mutex_);
  return write([&]() -> Status {
    if (auto there = require_run(approval.run_id); !there) return there;
    return done(database_->run("INSERT OR REPLACE INTO approvals VALUES (?, ?, ?, ?)", approval.run_id,
                               approval.by, approval.digest, rows::from_time(approval.at)));
  });
}

Result<std::optional<Approval>> SqliteJournal::take_approval(const std::string& run_id, WallTime now) {
  const std::lock_guard lock(mutex_);
  std::optional<Approval> taken;
  auto status = write([&]() -> Status {
    auto found =
        first(database_->query("SELECT run_id, by, digest, at FROM approvals WHERE run_id = ?", run_id),
              read_approval);
    if (!found) return tl::unexpected(found.error());
    if (!*found) return {};
    if (approval_is_valid(**found, now)) taken = **found;
    return done(database_->run("DELETE FROM approvals WHERE run_id = ?", run_id));
  });
  if (!status) return tl::unexpected(status.error());
  return taken;
}

Status SqliteJournal::record_action(const ActionRecord& action) {
  const std::lock_guard lock(mutex_);
  return write([&]() -> Status {
    auto inserted = database_->run(
        "INSERT INTO actions (at, by, action, cluster, run_id, outcome) VALUES (?, ?, ?, ?, ?, ?)",
        rows::from_time(action.at), action.by, action.action, action.cluster, action.run_id, action.outcome);
    if (!inserted) return done(inserted);
    return done(
        database_->run("DELETE FROM actions WHERE id <= (SELECT max(id) FROM actions) - ?", kKeptActions));
  });
}

Result<std::vector<ActionRecord>> SqliteJournal::recent_actions(size_t limit) {
  const std::lock_guard lock(mutex_);
  return all(database_->query(select(rows::kAction, "FROM actions ORDER BY id DESC LIMIT ?"), limit),
             rows::action);
}

// What an operator can do about a journal that cannot be opened.
Error with_remedy(const std::string& path, const Error& error) {
  if (error.code == ErrorCode::kConflict) {
    return {error.code, error.message + "; stop the other actuator or give this one its own --storage.path"};
  }
  if (error.code == ErrorCode::kCorrupt) {
    return {error.code,
            fmt::format("{}; move it aside and put back a copy, or start with an empty journal: the "
                        "epoch is then adopted anew, or named with 'farshorectl adopt'",
                        error.message)};
  }
  return {error.code,
          error.message.starts_with(path) ? error.message : fmt::format("{}: {}", path, error.message)};
}

}  // namespace

Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& path, Clock& clock) {
  auto database = Database::open(path);
  if (!database) return tl::unexpected(with_remedy(path, database.error()));
  if (auto status = prepare_schema(**database, clock); !status) {
    return tl::unexpected(with_remedy(path, status.error()));
  }
  return std::make_unique<SqliteJournal>(std::move(*database));
}

}  // namespace farshore
