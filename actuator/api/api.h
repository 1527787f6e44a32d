// What the actuator answers over HTTP: the webhook, the state and the runs for people and programs, the few
// things a person may do, metrics and health. docs/architecture.md says who calls what.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actuator/failover/control.h"
#include "actuator/journal/journal.h"
#include "actuator/notify/counters.h"
#include "actuator/webhook/counters.h"
#include "common/base/clock.h"
#include "common/http/server.h"
#include "common/topology/topology.h"

namespace farshore {

// All are referred to and must outlive the server.
struct ApiDeps {
  Journal& journal;
  Control& control;
  const Topology& topology;
  Clock& clock;
  WebhookCounters& counters;
  std::function<int64_t()> failed_sign_ins = {};     // of the status page, for /metrics
  std::function<NotifyCounts()> notifications = {};  // for /metrics
};

// webhook: POST /api/v1/alerts
// viewer or operator: GET /api/v1/status, /api/v1/runs, /api/v1/runs/{id}, /api/v1/alerts,
// /api/v1/alerts/{id}, /api/v1/clusters/{cluster}/plan
// operator: POST /api/v1/clusters/{cluster}/pause|resume, /api/v1/unlatch,
// /api/v1/runs/{id}/approve|retry|abandon
// everybody: GET /metrics, /-/healthy, /-/ready
// The status page at / is not of these: actuator/page.
//
// One server takes all of them: every wait of a worker for a client is bounded (see server.h), so slow
// webhook clients fewer than the workers do not delay /metrics. Give the server at least 16 threads.
std::vector<Route> actuator_routes(const ApiDeps& deps);

}  // namespace farshore
