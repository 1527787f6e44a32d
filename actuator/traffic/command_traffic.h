// Traffic kind "command": the user's own two programs.
//
//   act:  points clients at FARSHORE_TARGET. May be run again for the same target. Exit 0: done or under way.
//   read: prints where clients are sent now, as a target or as a region of this entry, on its first line.
//
// Both get FARSHORE_CLUSTER and FARSHORE_NAME; act gets FARSHORE_REGION, FARSHORE_TARGET and FARSHORE_EPOCH
// too, so that it can refuse an older epoch than it has seen.
#pragma once

#include <memory>

#include "actuator/traffic/registry.h"

namespace farshore {

Result<std::unique_ptr<TrafficSwitch>> make_command_traffic(const TrafficConfig& config,
                                                            const TrafficDeps& deps);

}  // namespace farshore
