// What a traffic entry may point at, and whether two ways to write a target mean the same.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/topology/topology.h"

namespace farshore {

// Addresses by value (::1 = 0:0:0:0:0:0:0:1), names without case and final dot.
bool same_target(const std::string& a, const std::string& b);

// kNotFound when the entry has no target for the region.
Result<std::string> target_for(const TrafficConfig& config, const std::string& region);

}  // namespace farshore
