// What the readings of a cluster's servers mean for a failover. Pure.
#pragma once

#include <vector>

#include "actuator/check/live_check.h"
#include "actuator/check/server_reading.h"

namespace farshore {

// One server by itself: reachable, version, roles, settings, clock.
std::vector<CheckLine> judge_server(const ServerReading& reading, const FailoverSettings& failover);

// The servers together: one primary, one system, everybody could take its place.
std::vector<CheckLine> judge_cluster(const std::string& cluster, const std::vector<ServerReading>& readings);

}  // namespace farshore
