// The clients' view of a DNS record: what each of its authoritative servers answers now.
#pragma once

#include "actuator/traffic/traffic_switch.h"
#include "common/dns/resolver.h"
#include "common/topology/topology.h"

namespace farshore {

// Asks all servers at once; one that does not answer takes the deadline and spoils nobody's answer. Errors:
// kUnavailable when no thread can be started.
Result<TrafficView> ask_nameservers(DnsResolver& dns, const TrafficConfig& config, BootTime deadline);

}  // namespace farshore
