// Fence kind "command": the user's own STONITH as two programs.
//
//   act:   isolates the server (power off, cut the network, stop every process of the instance). It may be
//          run again while it is in force. Exit 0 means asked for, and is no proof.
//   proof: looks, without changing anything. Exit 0: the server cannot write and no client can reach it.
//          Exit 1: it still could. Every other exit, a signal, no answer in time: unknown.
//
// Both get FARSHORE_CLUSTER, FARSHORE_SERVER and FARSHORE_REGION. What `proof` prints first becomes the
// evidence in the journal.
#pragma once

#include <memory>

#include "actuator/fence/registry.h"

namespace farshore {

Result<std::unique_ptr<Fence>> make_command_fence(const FenceConfig& config, const FenceDeps& deps);

}  // namespace farshore
