// The clients' view of a DNS record: what each of its authoritative servers answers now.
#pragma once

#include "actuator/traffic/traffic_switch.h"
#include "common/dns/resolver.h"
#include "common/topology/topology.h"

namespace farshore {

// Asks all servers at once. One that does not answer is given up after a second and spoils nobody's answer.
// Errors: kUnavailable when no thread can be started.
Result<TrafficView> ask_nameservers(DnsResolver& dns, const Clock& clock, const TrafficConfig& config,
                                    BootTime deadline);

}  // namespace farshore
