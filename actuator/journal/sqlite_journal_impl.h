// The journal over one SQLite connection; its functions are in sqlite_alerts.cc, sqlite_epochs.cc,
// sqlite_runs.cc and sqlite_journal.cc. Included by these only.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actuator/journal/journal.h"
#include "actuator/journal/journal_rules.h"
#include "actuator/journal/rows.h"
#include "common/sqlite/database.h"

namespace farshore {

// An UPDATE or INSERT whose count does not matter.
inline Status done(const Result<int64_t>& changed) {
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

inline std::string select(const char* columns, std::string_view rest) {
  return fmt::format("SELECT {} {}", columns, rest);
}

// One connection behind one lock: the journal sees a few writes per second at most.
class SqliteJournal final : public Journal {
 public:
  SqliteJournal(std::unique_ptr<Database> database, std::string path)
      : path_(std::move(path)), database_(std::move(database)) {}

  Status check_writable(BootTime now) override;
  Status record_alerts(std::vector<AlertRecord>& alerts) override;
  Status set_verdict(int64_t alert_id, const std::string& verdict, const std::string& reason,
                     const std::string& run_id) override;
  Result<std::vector<AlertRecord>> pending_alerts(const std::string& cluster) override;
  Result<std::vector<AlertRecord>> recent_alerts(size_t limit) override;
  Result<AlertRecord> alert(int64_t alert_id) override;
  Result<std::optional<Reign>> reign(const std::string& cluster) override;
  Result<std::vector<Reign>> reigns(const std::string& cluster) override;
  Result<std::optional<Claim>> claim(const std::string& cluster) override;
  Status adopt(const Reign& reign) override;
  Status adopt_named(const Reign& reign, const std::string& reason) override;
  Result<int64_t> largest_epoch(const std::string& cluster) override;
  Result<int64_t> take_claim(const std::string& cluster, int64_t expected_epoch,
                             const std::string& run_id) override;
  Status release_claim(const std::string& cluster, const std::string& run_id) override;
  Status begin_reign(const Reign& reign, const std::string& run_id) override;
  Status create_run(RunRecord& run) override;
  Status update_run(const RunRecord& run) override;
  Result<RunRecord> run(const std::string& run_id) override;
  Result<std::vector<RunRecord>> runs(size_t limit) override;
  Result<std::optional<RunRecord>> open_run(const std::string& cluster) override;
  Result<std::optional<RunRecord>> last_succeeded_run(const std::string& cluster) override;
  Result<RunCounts> count_runs() override;
  Status record_step(const StepRecord& step) override;
  Result<std::vector<StepRecord>> steps(const std::string& run_id) override;
  Status record_told(const ToldRecord& told) override;
  Result<std::vector<ToldRecord>> told(const std::string& receiver) override;
  Status pause(const Pause& pause) override;
  Status resume(const std::string& cluster) override;
  Result<std::optional<Pause>> paused(const std::string& cluster) override;
  Status latch(const LatchRecord& latch) override;
  Status unlatch() override;
  Result<std::optional<LatchRecord>> latched() override;
  Status approve(const Approval& approval) override;
  Result<std::optional<Approval>> take_approval(const std::string& run_id, WallTime now) override;
  Status record_action(const ActionRecord& action) override;
  Result<std::vector<ActionRecord>> recent_actions(size_t limit) override;

 private:
  // All private functions expect the lock to be held.
  Status write(const std::function<Status()>& work);
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

  const std::string path_;
  std::mutex mutex_;
  std::optional<BootTime> checked_at_;  // absent: to be looked at anew
  Status writable_;
  std::unique_ptr<Database> database_;
};

}  // namespace farshore
