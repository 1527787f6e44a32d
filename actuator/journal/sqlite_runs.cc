#include "actuator/journal/sqlite_journal_impl.h"

namespace farshore {

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

Result<std::optional<RunRecord>> SqliteJournal::last_succeeded_run(const std::string& cluster) {
  const std::lock_guard lock(mutex_);
  return first(database_->query(select(rows::kRun,
                                       "FROM runs WHERE cluster = ? AND state = 'succeeded' ORDER "
                                       "BY position DESC LIMIT 1"),
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

}  // namespace farshore
