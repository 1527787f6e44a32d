// Traffic kind "cloudflare_dns": one A, AAAA or CNAME record at Cloudflare, DNS only (not proxied).
//
// Source: https://developers.cloudflare.com/api/resources/dns/subresources/records/. Traps: a proxied record
// answers with Cloudflare's own addresses and carries HTTP only, so `proxied` is looked at on each read and
// set to false on each write; PUT resets what is left out, so PATCH; a record made again right after it was
// deleted is refused, so it is changed in place; TTL 1 is "automatic", 300 s; there is no compare-and-swap.
#pragma once

#include <memory>

#include "actuator/traffic/registry.h"

namespace farshore {

// Fields: zone, zone_id and record_id (looked up when not given), enterprise (allows a TTL of 30 to 59 s),
// api_url, token_file, ca_file, proxy, epoch_token.
Result<std::unique_ptr<TrafficSwitch>> make_cloudflare_dns_traffic(const TrafficConfig& config,
                                                                   const TrafficDeps& deps);

}  // namespace farshore
