// Fence kind "linode_firewall": the Cloud Firewall of a Linode drops everything, in and out. A second rung
// beside linode_power: it takes effect while a shutdown still waits in the queue.
//
// What it cannot promise: whether sessions that are open when its rules change are cut is nowhere documented.
// A client that goes on writing over one is exactly what a fence is for, so by itself this is no proof. It
// becomes one with `open_sessions: cut`, which is the word of somebody who has measured it; grade and
// evidence say so.
//
//   isolate: rules that drop all protocols are put before those that are there, which stay, in one call. The
//            firewall must be enabled and guard this Linode alone, or others would be cut off with it.
//            Refused while the Linode migrates to another host.
//   proof:   a fresh look at the firewalls of the Linode.
//   release: takes those rules away again; the others were kept. Nothing calls it until there is a rejoin.
//
// Token: linodes:read_only, firewall:read_write.
// https://techdocs.akamai.com/linode-api/reference/put-firewall-rules
#pragma once

#include <memory>

#include "actuator/fence/registry.h"

namespace farshore {

Result<std::unique_ptr<Fence>> make_linode_firewall_fence(const FenceConfig& config, const FenceDeps& deps);

}  // namespace farshore
