#include "actuator/journal/sqlite_journal_impl.h"

namespace farshore {
namespace {

Result<Claim> read_claim(const Statement& row) { return Claim{row.text(0), row.integer(1), row.text(2)}; }

}  // namespace

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

Status SqliteJournal::adopt_named(const Reign& reign, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  return write([&]() -> Status {
    auto now = current_reign(reign.cluster);
    if (!now) return tl::unexpected(now.error());
    if (*now && (*now)->epoch >= reign.epoch)
      return fail(ErrorCode::kConflict, "cluster {} is in epoch {} already", reign.cluster, (*now)->epoch);
    auto ended = database_->run(
        "UPDATE runs SET state = 'refused', reason = ?, retryable = 0, ended_at = ? WHERE cluster = ? AND "
        "state IN ('running', 'held')",
        reason, rows::from_time(reign.since), reign.cluster);
    if (!ended) return done(ended);
    if (auto freed = database_->run("DELETE FROM claims WHERE cluster = ?", reign.cluster); !freed)
      return done(freed);
    return insert_reign(reign);
  });
}

Result<int64_t> SqliteJournal::largest_epoch(const std::string& cluster) {
  const std::lock_guard lock(mutex_);
  auto rows = database_->query("SELECT largest_used FROM epoch_numbers WHERE cluster = ?", cluster);
  if (!rows) return tl::unexpected(rows.error());
  const auto row = rows->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? rows->integer(0) : 0;
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

}  // namespace farshore
