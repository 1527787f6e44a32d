// Traffic kind "linode_dns": a record of Linode's DNS Manager, changed in place by
// PUT /v4/domains/{domain}/records/{record}. The domain is configured by number or looked up by its name, the
// record by number or looked up by the entry's name and type.
//
//   * There is no compare-and-swap: the epoch token stands apart and is written first.
//   * The token's TXT record is the only thing that is ever made (POST), and only after a look that finds
//   none.
//   * Linode rounds a TTL that is none of its steps, so only its steps are taken.
//   * Accepted is published within about a minute, and not at all five name servers at once.
//
// Token: domains:read_write. https://techdocs.akamai.com/linode-api/reference/put-domain-record
#pragma once

#include <memory>

#include "actuator/traffic/registry.h"

namespace farshore {

Result<std::unique_ptr<TrafficSwitch>> make_linode_dns_traffic(const TrafficConfig& config,
                                                               const TrafficDeps& deps);

}  // namespace farshore
