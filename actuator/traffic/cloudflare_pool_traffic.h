// Traffic kind "cloudflare_pool": the pools of a Cloudflare load balancer, one for each region. Exactly the
// pool of one region is enabled; the others are disabled.
//
// Source: https://developers.cloudflare.com/api/resources/load_balancers/subresources/pools/. Traps: PATCH
// overwrites `origins` whole, so every origin is sent as it was read; the other pools are disabled before the
// region's own is enabled, and in between the load balancer's fallback pool answers; a proxied load balancer
// carries HTTP only, so for PostgreSQL it must be DNS only. Pools have no place for an epoch token and there
// is no compare-and-swap.
#pragma once

#include <memory>

#include "actuator/traffic/registry.h"

namespace farshore {

// Fields: account_id, pools (region: id), api_url, token_file, ca_file, proxy. A target is the address of an
// origin of its region's pool. With type and nameservers, clients' view is what those answer; else the API's
// own word.
Result<std::unique_ptr<TrafficSwitch>> make_cloudflare_pool_traffic(const TrafficConfig& config,
                                                                    const TrafficDeps& deps);

}  // namespace farshore
