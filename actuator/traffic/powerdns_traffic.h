// Traffic kind "powerdns": one record set through the HTTP API of PowerDNS Authoritative Server (4.x).
//
// Source: https://doc.powerdns.com/authoritative/http-api/. Traps: names need the final dot; a PATCH with the
// value it has raises the serial all the same (so it is read first); with SQLite behind it, parallel writers
// get 500 "database is locked" (so 500 is tried again); there is no compare-and-swap.
#pragma once

#include <memory>

#include "actuator/traffic/registry.h"

namespace farshore {

// Fields: zone, api_url, server_id (localhost), api_key_file, ca_file, proxy, epoch_token.
Result<std::unique_ptr<TrafficSwitch>> make_powerdns_traffic(const TrafficConfig& config,
                                                             const TrafficDeps& deps);

}  // namespace farshore
