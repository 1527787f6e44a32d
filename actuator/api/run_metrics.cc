#include "actuator/api/run_metrics.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "actuator/api/metric_list.h"
#include "actuator/api/records_json.h"

namespace farshore {
namespace {

constexpr size_t kRunsLookedAt = 256;
constexpr nanoseconds kShownAfterEnd = 24h;

FamilyBuilder::Labels labels_of(const RunRecord& run) { return {{"cluster", run.cluster}, {"run", run.id}}; }

FamilyBuilder::Labels labels_of(const RunRecord& run, const char* name, std::string value) {
  return {{"cluster", run.cluster}, {"run", run.id}, {name, std::move(value)}};
}

double unix_seconds(WallTime time) { return to_seconds(time.time_since_epoch()); }

void add_states(MetricPage& page, const std::vector<NewestRun>& runs) {
  page.family(metric::kRunState);
  for (const auto& [run, steps] : runs)
    for (const auto state : {RunState::kRunning, RunState::kHeld, RunState::kSucceeded, RunState::kRefused})
      page.add(labels_of(run, "state", std::string(to_string(state))), run.state == state ? 1 : 0);
  page.family(metric::kRunInfo);
  for (const auto& [run, steps] : runs)
    page.add({{"cluster", run.cluster},
              {"run", run.id},
              {"old_primary", run.old_primary},
              {"old_region", run.old_region},
              {"candidate", run.candidate},
              {"region", run.region}},
             1);
  page.family(metric::kRunAccepted);
  for (const auto& [run, steps] : runs) page.add(labels_of(run), unix_seconds(run.accepted_at));
  page.family(metric::kRunEnded);
  for (const auto& [run, steps] : runs)
    if (run.ended_at) page.add(labels_of(run), unix_seconds(*run.ended_at));
}

// Of each step its newest attempt.
std::map<std::string, StepSummary> newest_attempts(const std::vector<StepRecord>& steps) {
  std::map<std::string, StepSummary> newest;
  for (StepSummary& summary : summarise_steps(steps)) {
    const std::string name = summary.name;
    const auto found = newest.find(name);
    if (found == newest.end() || found->second.attempt <= summary.attempt)
      newest.insert_or_assign(name, std::move(summary));
  }
  return newest;
}

void add_steps(MetricPage& page, const std::vector<NewestRun>& runs) {
  std::vector<std::map<std::string, StepSummary>> summaries;
  for (const NewestRun& newest : runs) summaries.push_back(newest_attempts(newest.steps));
  page.family(metric::kRunStepStarted);
  for (size_t i = 0; i < runs.size(); ++i)
    for (const auto& [name, step] : summaries[i])
      page.add(labels_of(runs[i].run, "step", name), unix_seconds(step.started_at));
  page.family(metric::kRunStepDuration);
  for (size_t i = 0; i < runs.size(); ++i)
    for (const auto& [name, step] : summaries[i]) {
      if (!step.seconds) continue;
      auto labels = labels_of(runs[i].run, "step", name);
      labels.emplace_back("outcome", step.state);
      page.add(labels, *step.seconds);
    }
}

using Figure = std::optional<double> RunFigures::*;

void add_figure(MetricPage& page, const Metric& metric, const std::vector<NewestRun>& runs,
                const std::vector<RunFigures>& figures, Figure figure) {
  page.family(metric);
  for (size_t i = 0; i < runs.size(); ++i)
    if (figures[i].*figure) page.add(labels_of(runs[i].run), *(figures[i].*figure));
}

void add_figures(MetricPage& page, const std::vector<NewestRun>& runs) {
  std::vector<RunFigures> figures;
  for (const auto& [run, steps] : runs) figures.push_back(figures_of(run, merge_facts(steps)));
  add_figure(page, metric::kRunQuorumWait, runs, figures, &RunFigures::quorum_wait_seconds);
  add_figure(page, metric::kRunActuator, runs, figures, &RunFigures::actuator_seconds);
  add_figure(page, metric::kRunExposure, runs, figures, &RunFigures::exposure_seconds);
  page.family(metric::kRunPredictedLoss);
  for (size_t i = 0; i < runs.size(); ++i)
    for (const auto& [bound, bytes] : {std::pair{"lower", figures[i].predicted_loss_lower_bytes},
                                       std::pair{"upper", figures[i].predicted_loss_upper_bytes}})
      if (bytes) page.add(labels_of(runs[i].run, "bound", bound), static_cast<double>(*bytes));
}

}  // namespace

std::vector<NewestRun> newest_runs(Journal& journal, WallTime now) {
  std::vector<NewestRun> newest;
  const auto runs = journal.runs(kRunsLookedAt);
  if (!runs) return newest;
  std::set<std::string> clusters;
  for (const RunRecord& run : *runs) {
    if (!clusters.insert(run.cluster).second) continue;
    if (run.ended_at && now - *run.ended_at > kShownAfterEnd) continue;
    if (auto steps = journal.steps(run.id)) newest.push_back({run, std::move(*steps)});
  }
  return newest;
}

void add_newest_runs(MetricPage& page, const std::vector<NewestRun>& runs) {
  add_states(page, runs);
  add_steps(page, runs);
  add_figures(page, runs);
}

}  // namespace farshore
