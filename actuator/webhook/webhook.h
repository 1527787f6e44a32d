// POST /api/v1/alerts: where Alertmanager delivers. Judges every alert, writes all of them down in one
// transaction, answers, and wakes the cluster's worker; acting is somebody else's job, so an answer takes
// milliseconds whatever a failover does.
//
// 202 means durable. 503: the journal could not be written, Alertmanager tries again. 400: never will be
// right. It never answers 3xx (Alertmanager would follow with an empty GET and count that as delivered).
#pragma once

#include "actuator/failover/control.h"
#include "actuator/journal/journal.h"
#include "actuator/webhook/counters.h"
#include "common/base/clock.h"
#include "common/http/server.h"
#include "common/topology/topology.h"

namespace farshore {

// What is referred to must outlive the server that the route is given to.
Route webhook_route(Journal& journal, Control& control, const Topology& topology, Clock& clock,
                    WebhookCounters& counters);

}  // namespace farshore
