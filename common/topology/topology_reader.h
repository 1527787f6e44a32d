// Internal to common/topology: the two halves of loading. Lists in the topology keep the indexes of the
// file even when an item is faulty, so that a check can find an item's place by its path.
#pragma once

#include <string>
#include <vector>

#include "common/topology/topology.h"
#include "common/yaml/yaml_node.h"

namespace farshore {

// Types and single values.
Topology read_topology(const YamlNode& root, std::vector<ConfigFault>& faults);
// What no single value can tell: names, quorums, coverage of regions and servers, times that belong
// together. Says nothing about values that read_topology already complained of (they are empty).
void check_topology(const Topology& topology, const YamlNode& root, std::vector<ConfigFault>& faults);

}  // namespace farshore
