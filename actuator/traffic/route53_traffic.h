// Traffic kind "route53": one simple A, AAAA or CNAME record set in AWS Route 53.
//
// Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html. A change
// is one transactional batch: DELETE of exactly what was read, CREATE of the new, for the record and its
// epoch token together. Whoever changed either in between makes the batch fail as a whole, so this is a
// compare-and-swap. Afterwards GetChange is asked until INSYNC; a change that stays PENDING is never undone.
//
// Traps: the control plane lives in us-east-1 (docs/providers.md); the clock must be right within 15 minutes;
// a batch whose answer was lost answers InvalidChangeBatch the second time, so it is read again first.
#pragma once

#include <memory>

#include "actuator/traffic/registry.h"

namespace farshore {

// Fields: zone, zone_id (looked up when not given), credentials_file (AWS format), profile, region, api_url,
// ca_file, proxy, epoch_token.
Result<std::unique_ptr<TrafficSwitch>> make_route53_traffic(const TrafficConfig& config,
                                                            const TrafficDeps& deps);

}  // namespace farshore
