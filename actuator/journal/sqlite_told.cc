#include "actuator/journal/sqlite_journal_impl.h"

namespace farshore {
namespace {

constexpr int64_t kTold = 1000;            // per receiver; what is older is not told any more anyway
constexpr nanoseconds kToldFor = 24h * 7;  // then the name of a receiver that is no more goes too

Result<ToldRecord> read_told(const Statement& row) {
  const auto outcome = parse_run_state(row.text(2));
  if (!outcome) return tl::unexpected(outcome.error());
  return ToldRecord{row.text(0), row.text(1), *outcome, rows::to_time(row.integer(3))};
}

}  // namespace

Status SqliteJournal::record_told(const ToldRecord& told) {
  const std::lock_guard lock(mutex_);
  return write([&]() -> Status {
    if (auto there = require_run(told.run_id); !there) return there;
    if (auto written = done(database_->run("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)", told.receiver,
                                           told.run_id, to_string(told.outcome), rows::from_time(told.at)));
        !written)
      return written;
    if (auto pruned = done(database_->run(
            "DELETE FROM told WHERE at < ? AND run_id NOT IN (SELECT id FROM runs WHERE state = ?)",
            rows::from_time(told.at - kToldFor), to_string(RunState::kHeld)));
        !pruned)
      return pruned;
    return done(
        database_->run("DELETE FROM told WHERE receiver = ? AND at < (SELECT at FROM told WHERE receiver = ? "
                       "ORDER BY at DESC "
                       "LIMIT 1 OFFSET ?)",
                       told.receiver, told.receiver, kTold - 1));
  });
}

Result<std::vector<ToldRecord>> SqliteJournal::told(const std::string& receiver) {
  const std::lock_guard lock(mutex_);
  return all(database_->query("SELECT receiver, run_id, outcome, at FROM told WHERE receiver = ? ORDER BY at",
                              receiver),
             read_told);
}

}  // namespace farshore
