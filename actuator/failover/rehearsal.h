// What the rows of the failover table say when they are only rehearsed: with the primary alive, touching
// nothing.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "actuator/failover/obstacle_reason.h"
#include "actuator/failover/plan.h"
#include "actuator/failover/run_context.h"
#include "actuator/failover/steps.h"

namespace farshore {

// Handed from row to row; each adds what it saw. One thread.
class Rehearsal {
 public:
  FailoverPlan plan;
  std::vector<LookResult> looks;  // of all standbys, one round for all rows
  BootTime looked_at;             // when that round began
  std::vector<std::string> fit;   // the standbys that could still be promoted, fewer from row to row

  void begin(const Step& step);
  // A sentence or a part of one about the row at hand; several are joined.
  void saw(const std::string& text);
  // The row at hand cannot go on for this. `approvable`: a named person's approval passes it. A reason that
  // an earlier row gave is not listed again.
  void blocks(const Hindrance& hindrance, bool approvable = false);
  // The same, for what another row lists among the obstacles.
  void blocked_elsewhere(const std::string& text);

 private:
  std::map<ObstacleReason, int> first_given_;  // by the number of the row
};

// One rehearsal: reads the journal, looks at every standby once and at fences, traffic and Prometheus
// servers, each look within 2 s. Changes nothing: everything outside that could be changed is handed to the
// rows through a Spectator. While a run is under way it only says so. When `stop` is requested it ends after
// the row at hand. Thread-safe as far as `deps` are. Never throws.
FailoverPlan rehearse_failover(const EngineDeps& deps, const std::stop_token& stop = {});

}  // namespace farshore
