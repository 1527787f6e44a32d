// Kind "alertmanager": an outcome of a run as an alert; Slack, PagerDuty, mail are receivers of Alertmanager.
// Without `url` every Alertmanager of the topology is told, each by itself.
//
// Labels: alertname (FarshoreRunHeld, FarshoreRunSucceeded, FarshoreRunRefused), cluster, run_id, region,
// severity. Never farshore_action: what the actuator says must not come back to it as a reason to act.
// A held run's alert ends a few minutes after it was last told, or when it is held no more; the others end by
// themselves.
//
// Source: Alertmanager's API v2, POST /api/v2/alerts (api/v2/openapi.yaml), from 0.16 on.
#pragma once

#include "actuator/notify/registry.h"

namespace farshore {

Result<Senders> make_alertmanager_senders(const NotifyConfig& config, const SenderDeps& deps);

}  // namespace farshore
