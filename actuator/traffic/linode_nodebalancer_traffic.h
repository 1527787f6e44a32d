// Traffic kind "linode_nodebalancer": the modes of the back ends of one port of a NodeBalancer. A target is
// the address of a back end as the NodeBalancer knows it (ip:port); it takes all traffic, every other one
// rejects.
//
//   * A NodeBalancer reaches back ends of its own data centre only. It switches between back ends there (two
//     servers, or poolers of which one leads to the other region); between regions DNS switches.
//   * Every other back end rejects, and that is read back, before the target accepts: never two at once.
//   "drain"
//     and "backup" are not used: the one leaves open sessions on the old primary, the other sends writes to a
//     standby when a check fails.
//   * Back ends are changed one by one. The call that replaces all of them is never made.
//   * Nothing at a NodeBalancer can hold an epoch: a writer of an older epoch is kept away by the claim
//   alone.
//
// Token: nodebalancers:read_write. https://techdocs.akamai.com/linode-api/reference/put-node-balancer-node
#pragma once

#include <memory>

#include "actuator/traffic/registry.h"

namespace farshore {

Result<std::unique_ptr<TrafficSwitch>> make_linode_nodebalancer_traffic(const TrafficConfig& config,
                                                                        const TrafficDeps& deps);

}  // namespace farshore
