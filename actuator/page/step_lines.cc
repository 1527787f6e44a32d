#include "actuator/page/step_lines.h"

#include <algorithm>

#include "actuator/api/records_json.h"
#include "actuator/failover/steps.h"

namespace farshore {
namespace {

LineState state_of(const StepSummary& summary, const RunRecord& run) {
  if (summary.state == to_string(StepEvent::kDone) || summary.state == to_string(StepEvent::kAlreadyDone))
    return LineState::kDone;
  if (summary.state == to_string(StepEvent::kFailed)) return LineState::kFailed;
  return run.state == RunState::kRunning ? LineState::kNow : LineState::kFailed;  // cut short
}

const StepSummary* find_summary(const std::vector<StepSummary>& summaries, std::string_view name,
                                int attempt) {
  const auto found = std::ranges::find_if(summaries, [&](const StepSummary& summary) {
    return summary.name == name && summary.attempt == attempt;
  });
  return found == summaries.end() ? nullptr : &*found;
}

StepLine line_of(const Step& step, size_t position, const StepSummary* summary, const RunRecord& run,
                 WallTime now) {
  const bool goes_on = run.state == RunState::kRunning || (run.state == RunState::kHeld && run.promoting);
  StepLine line{position,
                std::string(step.name),
                std::string(step.danger),
                step.point_of_no_return,
                goes_on ? LineState::kToCome : LineState::kNotReached,
                std::nullopt,
                ""};
  if (summary == nullptr) return line;
  line.state = state_of(*summary, run);
  line.seconds = summary->seconds;
  line.detail = summary->detail == "verified" ? "" : summary->detail;
  if (line.state == LineState::kNow) line.seconds = to_seconds(now - summary->started_at);
  return line;
}

// The journal holds what a row did and found, not that it has begun to look: the row after the last one that
// is over is the one the run is at, or the last one itself when it failed and is tried until it holds.
void mark_row_at_work(std::vector<StepLine>& lines, const RunRecord& run,
                      const std::vector<StepRecord>& steps, WallTime now) {
  const auto table = failover_steps();
  size_t at = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].state == LineState::kNow) return;
    if (lines[i].state == LineState::kDone) at = i + 1;
    if (lines[i].state == LineState::kFailed) at = table[i].on_failure == OnFailure::kNote ? i + 1 : i;
  }
  if (at >= lines.size()) return;
  StepLine& line = lines[at];
  if (line.state == LineState::kFailed && table[at].on_failure != OnFailure::kForward) return;  // it ends now
  WallTime since = run.started_at;
  for (const StepRecord& step : steps) since = std::max(since, step.at);
  line.state = LineState::kNow;
  line.seconds = std::max(0.0, to_seconds(now - since));
}

}  // namespace

std::string_view in_words(LineState state) {
  switch (state) {
    case LineState::kDone:
      return "done";
    case LineState::kNow:
      return "now";
    case LineState::kToCome:
      return "to come";
    case LineState::kFailed:
      return "failed";
    case LineState::kNotReached:
      return "not reached";
  }
  return "";
}

int newest_attempt(const std::vector<StepRecord>& steps) {
  int attempt = 0;
  for (const StepRecord& step : steps) attempt = std::max(attempt, step.attempt);
  return attempt;
}

std::vector<StepLine> step_lines(const RunRecord& run, const std::vector<StepRecord>& steps, WallTime now) {
  const auto summaries = summarise_steps(steps);
  const int attempt = newest_attempt(steps);
  std::vector<StepLine> lines;
  for (const Step& step : failover_steps())
    lines.push_back(line_of(step, lines.size() + 1, find_summary(summaries, step.name, attempt), run, now));
  if (run.state == RunState::kRunning) mark_row_at_work(lines, run, steps, now);
  return lines;
}

const StepLine* line_at_work(const std::vector<StepLine>& lines) {
  const auto found =
      std::ranges::find_if(lines, [](const StepLine& line) { return line.state == LineState::kNow; });
  return found == lines.end() ? nullptr : &*found;
}

}  // namespace farshore
