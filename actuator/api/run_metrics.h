// The series of the newest run of each cluster: what dashboards mark on their time axis, and what a
// post-mortem begins with. Reads the journal, keeps nothing.
#pragma once

#include <vector>

#include "actuator/api/metric_page.h"
#include "actuator/journal/journal.h"

namespace farshore {

struct NewestRun {
  RunRecord run;
  std::vector<StepRecord> steps;
};

// The newest run of each cluster, unless it ended more than a day before `now`: that bounds the series and
// what a scrape costs. Looks at the newest 256 runs of all clusters. Empty when the journal cannot be read.
std::vector<NewestRun> newest_runs(Journal& journal, WallTime now);

void add_newest_runs(MetricPage& page, const std::vector<NewestRun>& runs);

}  // namespace farshore
