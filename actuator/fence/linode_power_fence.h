// Fence kind "linode_power": powers a Linode off through the API. Grade "power".
//
//   isolate: the shutdown watchdog (Lassie, which boots a Linode that went off without a shutdown job) is
//            turned off, then a shutdown is asked for. Both are looked at before, so that repeating does
//            nothing twice. A shutdown is a job: it is refused while another one runs ("Linode busy."), and
//            200 only means that it waits in the queue.
//   proof:   a fresh look. Only the status "offline" with the watchdog off is a proof. "stopped" (the host is
//            maintained) and every other status are none; what could not be looked at is unknown.
//   release: boots it and turns the watchdog on again. Nothing calls it until there is a rejoin.
//
// A machine is named by linode_id, label, or both; when the two disagree nothing is done to it. Nothing keeps
// a person from booting it, so the proof is read again before the promotion and watched after it. When the
// API is down the machine cannot be fenced: another fence, or a person.
// Token: linodes:read_write.
// https://techdocs.akamai.com/linode-api/reference/post-shutdown-linode-instance
#pragma once

#include <memory>

#include "actuator/fence/registry.h"

namespace farshore {

Result<std::unique_ptr<Fence>> make_linode_power_fence(const FenceConfig& config, const FenceDeps& deps);

}  // namespace farshore
