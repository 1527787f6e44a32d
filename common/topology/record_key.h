// What tells a traffic entry from every other: the name alone does not, a name has an A and an AAAA record.
#pragma once

#include <string>

#include "common/topology/topology.h"

namespace farshore {

// "orders.example.com A"; the name alone where there is no type. The one key of an entry wherever something
// is kept of it: facts of a run, open ends, the check that no entry is there twice. Also fit for people.
inline std::string record_key(const TrafficConfig& traffic) {
  return traffic.type.empty() ? traffic.name : traffic.name + " " + traffic.type;
}

}  // namespace farshore
