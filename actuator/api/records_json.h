// Records of the journal and the state of clusters as the JSON that the API gives. Times are RFC 3339, spans
// are seconds; what is not known is null, never zero. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actuator/failover/control.h"
#include "actuator/journal/journal.h"
#include "actuator/journal/journal_rules.h"
#include "common/json/json_writer.h"

namespace farshore {

void write_status(JsonWriter& writer, const std::vector<ClusterStatus>& clusters, WallTime now,
                  BootTime boot_now);
// One object.
void write_plan(JsonWriter& writer, const FailoverPlan& plan, BootTime boot_now);
void write_alert(JsonWriter& writer, const AlertRecord& alert);

// The fields of a run without its steps, as one object.
void write_run(JsonWriter& writer, const RunRecord& run);

// A run with its facts, its steps summarised, and the figures that follow from its facts.
void write_run_detail(JsonWriter& writer, const RunRecord& run, const std::vector<StepRecord>& steps);

// What a run took and cost, from its facts; what it does not know yet is absent.
struct RunFigures {
  std::optional<double> quorum_wait_seconds;
  std::optional<double> actuator_seconds;  // from the accepted webhook to the traffic seen at the new region
  std::optional<double> exposure_seconds;
  std::optional<int64_t> predicted_loss_lower_bytes, predicted_loss_upper_bytes;
};
RunFigures figures_of(const RunRecord& run, const RunFacts& facts);

// One row of the failover table as it went in one attempt.
struct StepSummary {
  std::string name;
  int attempt = 0;
  std::string state;  // of its last record; "running" after an intent without an outcome
  WallTime started_at;
  std::optional<double> seconds;  // absent while it runs
  std::string detail;             // the newest one that is not empty
};
std::vector<StepSummary> summarise_steps(const std::vector<StepRecord>& steps);

}  // namespace farshore
