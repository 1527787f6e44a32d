#include "actuator/journal/sqlite_journal.h"

#include <filesystem>

#include "actuator/journal/schema.h"
#include "actuator/journal/sqlite_journal_impl.h"

namespace farshore {
namespace {

constexpr int64_t kKeptActions = 10'000;
constexpr nanoseconds kWritableFor = 5s;
constexpr nanoseconds kCheckAgain = 1s;
constexpr uintmax_t kLeastRoom = uintmax_t{256} << 10;  // more than the largest delivery's first pages

Result<Pause> read_pause(const Statement& row) {
  return Pause{row.text(0), row.text(1), row.text(2), rows::to_time(row.integer(3))};
}
Result<LatchRecord> read_latch(const Statement& row) {
  return LatchRecord{row.text(0), rows::to_time(row.integer(1))};
}
Result<Approval> read_approval(const Statement& row) {
  return Approval{row.text(0), row.text(1), row.text(2), rows::to_time(row.integer(3))};
}

// What an operator can do about a journal that cannot be opened.
Error with_remedy(const std::string& path, const Error& error) {
  const std::string what = error.message.find(path) != std::string::npos
                               ? error.message
                               : fmt::format("{}: {}", path, error.message);
  switch (error.code) {
    case ErrorCode::kConflict:
      return {error.code, what + "; stop the other actuator or give this one its own --storage.path"};
    case ErrorCode::kCorrupt:
      return {error.code,
              what +
                  "; nothing in it was changed. Move it aside with its -wal file and put back a copy, "
                  "or start with an empty journal: the epoch is then adopted anew, or named with "
                  "'farshorectl adopt'"};
    case ErrorCode::kUnavailable:
      return {error.code,
              what +
                  "; it must be a file that the user of the actuator may read and write, in a folder "
                  "where that user may make files, on a disk with room"};
    default:
      return {error.code, what};
  }
}

}  // namespace

Status SqliteJournal::write(const std::function<Status()>& work) {
  auto status = database_->in_transaction(work);
  if (!status && status.error().code == ErrorCode::kUnavailable) checked_at_.reset();
  return status;
}

Status SqliteJournal::check_writable(BootTime now) {
  const std::lock_guard lock(mutex_);
  const nanoseconds valid = writable_ ? kWritableFor : kCheckAgain;
  if (checked_at_ && now - *checked_at_ < valid) return writable_;
  // What is there already is written again: a page of the write-ahead log, through to the disk. One page may
  // find room where a record does not, so the room is asked for too.
  writable_ = write([&] { return done(database_->run("UPDATE origin SET created_at = created_at")); });
  std::error_code error;
  const auto space = std::filesystem::space(path_, error);
  if (writable_ && !error && space.available < kLeastRoom)
    writable_ =
        fail(ErrorCode::kUnavailable, "the disk of {} is full: {} bytes are left", path_, space.available);
  checked_at_ = now;
  return writable_;
}

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

Status SqliteJournal::latch(const LatchRecord& latch) {
  const std::lock_guard lock(mutex_);
  return done(database_->run("INSERT OR IGNORE INTO latch VALUES (1, ?, ?)", latch.reason,
                             rows::from_time(latch.since)));
}

Status SqliteJournal::unlatch() {
  const std::lock_guard lock(mutex_);
  return done(database_->run("DELETE FROM latch"));
}

Result<std::optional<LatchRecord>> SqliteJournal::latched() {
  const std::lock_guard lock(mutex_);
  return first(database_->query("SELECT reason, since FROM latch"), read_latch);
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

Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& path, Clock& clock) {
  auto database = Database::open(path, {.busy_timeout = 2s, .exclusive = true, .accept = check_schema});
  if (!database) return tl::unexpected(with_remedy(path, database.error()));
  if (auto status = prepare_schema(**database, clock); !status) {
    return tl::unexpected(with_remedy(path, status.error()));
  }
  return std::make_unique<SqliteJournal>(std::move(*database), path);
}

}  // namespace farshore
