// Traffic kind "rfc2136": one record set, changed by a signed UPDATE at the primary of its zone. BIND, Knot
// and PowerDNS take them; so do many appliances and hosters.
//
// The old value and the epoch token are requirements of the same message, so the server itself refuses a
// writer that comes too late: the strongest token that any DNS provider here has. Source: RFC 2136, RFC 8945.
#pragma once

#include <memory>

#include "actuator/traffic/record_traffic.h"
#include "actuator/traffic/registry.h"

namespace farshore {

// Fields: server (host:port of the primary), zone, key_file (common/dns/tsig_key.h), epoch_token.
Result<std::unique_ptr<TrafficSwitch>> make_rfc2136_traffic(const TrafficConfig& config,
                                                            const TrafficDeps& deps);

// The record alone.
std::unique_ptr<RecordApi> make_rfc2136_record(const TrafficConfig& config, const TrafficDeps& deps);

}  // namespace farshore
