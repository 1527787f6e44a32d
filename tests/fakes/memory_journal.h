// A Journal in memory with the same contract as the SQLite one (tests/actuator/journal runs one suite on
// both), and with the faults a simulation wants: a write that fails before it happened, a write that happened
// but whose answer was lost, and no power at all. Thread-safe; the hooks are set before the journal is
// shared.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "actuator/journal/journal.h"
#include "actuator/journal/journal_rules.h"
#include "tests/fakes/memory_journal_base.h"

namespace farshore {

class MemoryJournal : public MemoryJournalBase {
 public:
  Status record_alerts(std::vector<AlertRecord>& alerts) override {
    return write("record_alerts", [&]() -> Status {
      for (auto& alert : alerts) {
        alert.id = ++last_alert_id_;
        if (alert.verdict.empty() && alert.status == AlertStatus::kFiring) mark_duplicate(alert);
        alerts_.push_back(alert);
      }
      return {};
    });
  }

  Status set_verdict(int64_t alert_id, const std::string& verdict, const std::string& reason,
                     const std::string& run_id) override {
    return write("set_verdict", [&]() -> Status {
      for (auto& alert : alerts_) {
        if (alert.id != alert_id) continue;
        alert.verdict = verdict;
        alert.reason = reason;
        alert.run_id = run_id;
        return {};
      }
      return fail(ErrorCode::kNotFound, "no alert {} in the journal", alert_id);
    });
  }

  Result<std::vector<AlertRecord>> pending_alerts(const std::string& cluster) override {
    return read<std::vector<AlertRecord>>([&]() -> Result<std::vector<AlertRecord>> {
      std::vector<AlertRecord> found;
      for (const auto& alert : alerts_) {
        if (alert.cluster == cluster && alert.verdict.empty()) found.push_back(alert);
      }
      return found;
    });
  }

  Result<std::vector<AlertRecord>> recent_alerts(size_t limit) override { return newest(alerts_, limit); }

  Result<AlertRecord> alert(int64_t alert_id) override {
    return read<AlertRecord>([&]() -> Result<AlertRecord> {
      const auto found = std::ranges::find(alerts_, alert_id, &AlertRecord::id);
      if (found == alerts_.end()) return fail(ErrorCode::kNotFound, "no alert {} in the journal", alert_id);
      return *found;
    });
  }

  Result<std::optional<Reign>> reign(const std::string& cluster) override {
    return read<std::optional<Reign>>([&]() -> Result<std::optional<Reign>> {
      const auto found = reigns_.find(cluster);
      if (found == reigns_.end()) return std::nullopt;
      return found->second.back();
    });
  }

  Result<std::vector<Reign>> reigns(const std::string& cluster) override {
    return read<std::vector<Reign>>([&]() -> Result<std::vector<Reign>> {
      const auto found = reigns_.find(cluster);
      return found == reigns_.end() ? std::vector<Reign>{} : found->second;
    });
  }

  Result<std::optional<Claim>> claim(const std::string& cluster) override {
    return read<std::optional<Claim>>([&]() -> Result<std::optional<Claim>> {
      const auto found = claims_.find(cluster);
      if (found == claims_.end()) return std::nullopt;
      return found->second;
    });
  }

  Status adopt(const Reign& reign) override {
    return write("adopt", [&]() -> Status {
      if (reigns_.count(reign.cluster) > 0) {
        return fail(ErrorCode::kConflict, "cluster {} already has a reign", reign.cluster);
      }
      reigns_[reign.cluster].push_back(reign);
      use_number(reign.cluster, reign.epoch);
      return {};
    });
  }

  Status adopt_named(const Reign& reign, const std::string& reason) override {
    return write("adopt_named", [&]() -> Status {
      auto& reigns = reigns_[reign.cluster];
      if (!reigns.empty() && reigns.back().epoch >= reign.epoch)
        return fail(ErrorCode::kConflict, "cluster {} is in epoch {} already", reign.cluster,
                    reigns.back().epoch);
      for (auto& run : runs_) {
        if (run.cluster != reign.cluster || !is_open(run.state)) continue;
        run.state = RunState::kRefused;
        run.reason = reason;
        run.retryable = false;
        run.ended_at = reign.since;
      }
      claims_.erase(reign.cluster);
      reigns.push_back(reign);
      use_number(reign.cluster, reign.epoch);
      return {};
    });
  }

  Result<int64_t> largest_epoch(const std::string& cluster) override {
    return read<int64_t>([&]() -> Result<int64_t> {
      const auto found = numbers_.find(cluster);
      return found == numbers_.end() ? 0 : found->second;
    });
  }

  Result<int64_t> take_claim(const std::string& cluster, int64_t expected_epoch,
                             const std::string& run_id) override {
    int64_t number = 0;
    auto status = write("take_claim", [&]() -> Status {
      const auto reign = reigns_.find(cluster);
      const int64_t epoch = reign == reigns_.end() ? 0 : reign->second.back().epoch;
      if (reign == reigns_.end() || epoch != expected_epoch) {
        return fail(ErrorCode::kConflict, "cluster {} is in epoch {}, not {}", cluster, epoch,
                    expected_epoch);
      }
      const auto held = claims_.find(cluster);
      if (held != claims_.end() && held->second.run_id != run_id) {
        return fail(ErrorCode::kConflict, "run {} holds the claim of cluster {}", held->second.run_id,
                    cluster);
      }
      if (held == claims_.end()) {
        use_number(cluster, numbers_[cluster] + 1);
        claims_[cluster] = {cluster, numbers_[cluster], run_id};
      }
      number = claims_[cluster].epoch;
      return {};
    });
    if (!status) return tl::unexpected(status.error());
    return number;
  }

  Status release_claim(const std::string& cluster, const std::string& run_id) override {
    return write("release_claim", [&]() -> Status {
      const auto held = claims_.find(cluster);
      if (held == claims_.end()) return {};
      if (held->second.run_id != run_id) {
        return fail(ErrorCode::kConflict, "run {} holds the claim of cluster {}", held->second.run_id,
                    cluster);
      }
      claims_.erase(held);
      return {};
    });
  }

  Status begin_reign(const Reign& reign, const std::string& run_id) override {
    return write("begin_reign", [&]() -> Status {
      const auto now = reigns_.find(reign.cluster);
      if (now != reigns_.end() && now->second.back().epoch == reign.epoch &&
          now->second.back().server == reign.server) {
        return {};
      }
      const auto held = claims_.find(reign.cluster);
      if (held == claims_.end() || held->second.run_id != run_id || held->second.epoch != reign.epoch) {
        return fail(ErrorCode::kConflict, "run {} does not hold the claim on epoch {} of cluster {}", run_id,
                    reign.epoch, reign.cluster);
      }
      claims_.erase(held);
      reigns_[reign.cluster].push_back(reign);
      return {};
    });
  }

  Status create_run(RunRecord& run) override {
    return write("create_run", [&]() -> Status {
      if (auto status = require_no_other_open_run(run); !status) return status;
      run.id = fmt::format("{}-{}", run.cluster, ++last_run_[run.cluster]);
      runs_.push_back(run);
      return {};
    });
  }

  Status update_run(const RunRecord& run) override {
    return write("update_run", [&]() -> Status {
      RunRecord* found = find_run(run.id);
      if (found == nullptr) return fail(ErrorCode::kNotFound, "no run {} in the journal", run.id);
      if (auto status = require_no_other_open_run(run); !status) return status;
      *found = run;
      return {};
    });
  }

  Result<RunRecord> run(const std::string& run_id) override {
    return read<RunRecord>([&]() -> Result<RunRecord> {
      const RunRecord* found = find_run(run_id);
      if (found == nullptr) return fail(ErrorCode::kNotFound, "no run {} in the journal", run_id);
      return *found;
    });
  }

  Result<std::vector<RunRecord>> runs(size_t limit) override { return newest(runs_, limit); }

  Result<std::optional<RunRecord>> open_run(const std::string& cluster) override {
    return read<std::optional<RunRecord>>([&]() -> Result<std::optional<RunRecord>> {
      for (const auto& run : runs_) {
        if (run.cluster == cluster && is_open(run.state)) return run;
      }
      return std::nullopt;
    });
  }

  Result<std::optional<RunRecord>> last_succeeded_run(const std::string& cluster) override {
    return read<std::optional<RunRecord>>([&]() -> Result<std::optional<RunRecord>> {
      for (auto run = runs_.rbegin(); run != runs_.rend(); ++run)
        if (run->cluster == cluster && run->state == RunState::kSucceeded) return *run;
      return std::nullopt;
    });
  }

  Status record_step(const StepRecord& step) override {
    return write("record_step", [&]() -> Status {
      if (find_run(step.run_id) == nullptr) {
        return fail(ErrorCode::kNotFound, "no run {} in the journal", step.run_id);
      }
      steps_.push_back(step);
      steps_.back().sequence = static_cast<int64_t>(steps_.size());
      return {};
    });
  }

  Result<std::vector<StepRecord>> steps(const std::string& run_id) override {
    return read<std::vector<StepRecord>>([&]() -> Result<std::vector<StepRecord>> {
      std::vector<StepRecord> found;
      for (const auto& step : steps_) {
        if (step.run_id == run_id) found.push_back(step);
      }
      return found;
    });
  }

  Status record_told(const ToldRecord& told) override {
    return write("record_told", [&]() -> Status {
      if (find_run(told.run_id) == nullptr)
        return fail(ErrorCode::kNotFound, "no run {} in the journal", told.run_id);
      std::erase_if(told_, [&](const ToldRecord& earlier) {
        return earlier.receiver == told.receiver && earlier.run_id == told.run_id;
      });
      told_.push_back(told);
      return {};
    });
  }

  Result<std::vector<ToldRecord>> told(const std::string& receiver) override {
    return read<std::vector<ToldRecord>>([&]() -> Result<std::vector<ToldRecord>> {
      std::vector<ToldRecord> found;
      for (const auto& told : told_)
        if (told.receiver == receiver) found.push_back(told);
      std::ranges::stable_sort(found, {}, &ToldRecord::at);
      return found;
    });
  }

  Status pause(const Pause& pause) override {
    return write("pause", [&]() -> Status {
      pauses_[pause.cluster] = pause;
      return {};
    });
  }

  Status resume(const std::string& cluster) override {
    return write("resume", [&]() -> Status {
      pauses_.erase(cluster);
      return {};
    });
  }

  Result<std::optional<Pause>> paused(const std::string& cluster) override {
    return read<std::optional<Pause>>([&]() -> Result<std::optional<Pause>> {
      const auto found = pauses_.find(cluster);
      if (found == pauses_.end()) return std::nullopt;
      return found->second;
    });
  }

  Status latch(const LatchRecord& latch) override {
    return write("latch", [&]() -> Status {
      if (!latch_) latch_ = latch;
      return {};
    });
  }

  Status unlatch() override {
    return write("unlatch", [&]() -> Status {
      latch_.reset();
      return {};
    });
  }

  Result<std::optional<LatchRecord>> latched() override {
    return read<std::optional<LatchRecord>>([&]() -> Result<std::optional<LatchRecord>> { return latch_; });
  }

  Status approve(const Approval& approval) override {
    return write("approve", [&]() -> Status {
      if (find_run(approval.run_id) == nullptr) {
        return fail(ErrorCode::kNotFound, "no run {} in the journal", approval.run_id);
      }
      approvals_[approval.run_id] = approval;
      return {};
    });
  }

  Result<std::optional<Approval>> take_approval(const std::string& run_id, WallTime now) override {
    std::optional<Approval> taken;
    auto status = write("take_approval", [&]() -> Status {
      const auto found = approvals_.find(run_id);
      if (found == approvals_.end()) return {};
      if (approval_is_valid(found->second, now)) taken = found->second;
      approvals_.erase(found);
      return {};
    });
    if (!status) return tl::unexpected(status.error());
    return taken;
  }

  Status record_action(const ActionRecord& action) override {
    return write("record_action", [&]() -> Status {
      actions_.push_back(action);
      return {};
    });
  }

  Result<std::vector<ActionRecord>> recent_actions(size_t limit) override { return newest(actions_, limit); }

 private:
  RunRecord* find_run(const std::string& run_id) {
    const auto found = std::ranges::find(runs_, run_id, &RunRecord::id);
    return found == runs_.end() ? nullptr : &*found;
  }

  Status require_no_other_open_run(const RunRecord& run) {
    if (!is_open(run.state)) return {};
    for (const auto& other : runs_) {
      if (other.cluster == run.cluster && other.id != run.id && is_open(other.state)) {
        return fail(ErrorCode::kConflict, "run {} of cluster {} is still {}", other.id, run.cluster,
                    to_string(other.state));
      }
    }
    return {};
  }

  void use_number(const std::string& cluster, int64_t epoch) {
    numbers_[cluster] = std::max(numbers_[cluster], epoch);
  }

  void mark_duplicate(AlertRecord& alert) {
    const auto key = [](const AlertRecord& a) {
      return std::tie(a.cluster, a.epoch, a.fingerprint, a.starts_at);
    };
    for (const auto& earlier : alerts_) {
      if (key(earlier) != key(alert)) continue;
      const RunRecord* run = earlier.run_id.empty() ? nullptr : find_run(earlier.run_id);
      if (!makes_duplicate(earlier, run ? std::optional(*run) : std::nullopt)) continue;
      alert.verdict = "duplicate";
      alert.reason = fmt::format(
          "the same alert is already journaled as {0}: 'farshorectl why {0}' says what became of it",
          earlier.id);
      alert.run_id = earlier.run_id;
      return;
    }
  }

  int64_t last_alert_id_ = 0;
  std::vector<AlertRecord> alerts_;
  std::map<std::string, std::vector<Reign>> reigns_;
  std::map<std::string, Claim> claims_;
  std::map<std::string, int64_t> numbers_;  // the largest epoch ever used
  std::map<std::string, int64_t> last_run_;
  std::vector<RunRecord> runs_;
  std::vector<StepRecord> steps_;
  std::vector<ToldRecord> told_;
  std::map<std::string, Pause> pauses_;
  std::optional<LatchRecord> latch_;
  std::map<std::string, Approval> approvals_;
  std::vector<ActionRecord> actions_;
};

inline std::unique_ptr<MemoryJournal> make_memory_journal() { return std::make_unique<MemoryJournal>(); }

}  // namespace farshore
