// The clients' view of a DNS record: what each of its authoritative servers answers now.
#pragma once

#include "actuator/traffic/traffic_switch.h"
#include "common/dns/resolver.h"
#include "common/topology/topology.h"

namespace farshore {

// Those that are configured, else those that this host's resolvers know, looked for within a second.
Result<std::vector<std::string>> nameservers_for(DnsResolver& dns, const Clock& clock,
                                                 const TrafficConfig& config, BootTime deadline);

// Asks all servers at once. One that does not answer is given up after a second and spoils nobody's answer.
// Errors: kUnavailable when no thread can be started;
// those of nameservers_for.
Result<TrafficView> ask_nameservers(DnsResolver& dns, const Clock& clock, const TrafficConfig& config,
                                    BootTime deadline);

}  // namespace farshore
