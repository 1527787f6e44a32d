#include "actuator/journal/journal_rules.h"

#include <array>
#include <limits>

namespace farshore {
namespace {

constexpr std::array<std::string_view, 4> kRunStates = {"running", "succeeded", "refused", "held"};
constexpr std::array<std::string_view, 5> kStepEvents = {"intent", "done", "already_done", "failed",
                                                         "undone"};
constexpr nanoseconds kApprovalFutureTolerance = std::chrono::minutes(1);

}  // namespace

std::string_view to_string(RunState state) { return kRunStates.at(static_cast<size_t>(state)); }

std::string_view to_string(StepEvent event) { return kStepEvents.at(static_cast<size_t>(event)); }

Result<RunState> parse_run_state(std::string_view text) {
  for (size_t i = 0; i < kRunStates.size(); ++i) {
    if (kRunStates[i] == text) return static_cast<RunState>(i);
  }
  return fail(ErrorCode::kCorrupt, "no run state is called '{}'", text);
}

Result<StepEvent> parse_step_event(std::string_view text) {
  for (size_t i = 0; i < kStepEvents.size(); ++i) {
    if (kStepEvents[i] == text) return static_cast<StepEvent>(i);
  }
  return fail(ErrorCode::kCorrupt, "no step event is called '{}'", text);
}

Result<RunCounts> Journal::count_runs() {
  const auto all = runs(static_cast<size_t>(std::numeric_limits<int64_t>::max()));
  if (!all) return tl::unexpected(all.error());
  RunCounts counts;
  for (const auto& run : *all) ++counts[{run.cluster, run.state}];
  return counts;
}

bool makes_duplicate(const AlertRecord& earlier, const std::optional<RunRecord>& run) {
  if (earlier.status != AlertStatus::kFiring) return false;
  if (earlier.verdict.empty()) return true;
  if (earlier.verdict != "acted_on" && earlier.verdict != "refused") return false;
  if (run) return !(run->state == RunState::kRefused && run->retryable);
  return earlier.verdict == "acted_on";
}

bool approval_is_valid(const Approval& approval, WallTime now) {
  const nanoseconds age = now - approval.at;
  return age <= kApprovalLifetime && age >= -kApprovalFutureTolerance;
}

RunFacts merge_facts(const std::vector<StepRecord>& steps) {
  RunFacts facts;
  for (const auto& step : steps) {
    for (const auto& [name, value] : step.facts) facts[name] = value;
  }
  return facts;
}

}  // namespace farshore
