// The actuator's metrics page. A pure function of what is known now; nothing is kept between two scrapes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actuator/api/run_metrics.h"
#include "actuator/failover/control.h"
#include "actuator/journal/journal.h"
#include "actuator/notify/counters.h"
#include "actuator/webhook/counters.h"
#include "common/metrics/metric.h"
#include "common/topology/topology.h"

namespace farshore {

struct MetricsInput {
  std::vector<ClusterStatus> clusters;
  std::optional<RunCounts> runs;  // absent: the journal cannot be read
  std::vector<NewestRun> newest_runs;
  WebhookCounts webhook;
  BootTime boot_now;                            // for the age of what is known
  std::optional<int64_t> failed_sign_ins = {};  // at the status page
  bool journal_writable = false;
  NotifyCounts notifications = {};
};

// `topology` gives the region of a reign's server.
MetricFamilies metric_families(const MetricsInput& input, const Topology& topology);
// The same in Prometheus text format 0.0.4.
std::string render_metrics(const MetricsInput& input, const Topology& topology);

}  // namespace farshore
