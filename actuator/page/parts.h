// The parts of the status page, from the state of the moment. What changes by itself stands in elements with
// data-part: the script replaces these one by one (script.h). Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "actuator/failover/control.h"
#include "actuator/journal/journal.h"
#include "actuator/page/html.h"
#include "common/base/clock.h"

namespace farshore {

struct PageState {
  WallTime now;
  BootTime boot_now;
  std::vector<ClusterStatus> clusters;
  std::map<std::string, std::vector<StepRecord>> steps;  // of the open runs, by run
  std::vector<RunRecord> runs;                           // newest first
  std::vector<ActionRecord> actions;                     // newest first
  std::string journal_error;                             // why runs or actions could not be read; else empty
  bool may_act = false;                                  // who looks is an operator

  const std::vector<StepRecord>& steps_of(const std::string& run_id) const;
};

std::string page_title(const PageState& state);

// Everything in <main> of the status page.
Html status_page(const PageState& state);

// ---- of these it is made ----
Html state_list(const PageState& state);
Html cluster_section(const PageState& state, const ClusterStatus& cluster);
Html servers_table(const PageState& state, const ClusterStatus& cluster);
Html votes_table(const PageState& state, const ClusterStatus& cluster);
Html readiness(const ClusterStatus& cluster);
Html step_list(const RunRecord& run, const std::vector<StepRecord>& steps, WallTime now);
Html history(const PageState& state);

// A moment for people and machines: RFC 3339, UTC.
Html time_element(WallTime time);

}  // namespace farshore
