// What a traffic entry may point at.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/topology/topology.h"

namespace farshore {

// kNotFound when the entry has no target for the region.
Result<std::string> target_for(const TrafficConfig& config, const std::string& region);

}  // namespace farshore
