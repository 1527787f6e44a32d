// Kind "grafana": an annotation on Grafana's dashboards; of a run the region from its start to its end, with
// the tags farshore, cluster:<name>, run:<id> and the outcome.
//
// Grafana keeps what it gets twice twice: after a timeout an annotation may be there a second time.
//
// Source: Grafana's HTTP API, POST /api/annotations, with the token of a service account that may
// annotations:create.
#pragma once

#include "actuator/notify/registry.h"

namespace farshore {

Result<Senders> make_grafana_sender(const NotifyConfig& config, const SenderDeps& deps);

}  // namespace farshore
