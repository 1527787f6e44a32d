// Hooks as commands, which is the only kind there is.
//
//   act:   tells clients of the new primary. It may be run again while it is in force, and while an earlier
//   one
//          that nobody waits for any more is still at work. Exit 0 means done, and is no proof.
//   check: looks, without changing anything. Exit 0: it is in force. Anything else: not, or not known.
//
// A turn: check, and when it holds nothing else is run; act; check until it holds or it is time to act again.
// The whole turn ends at the hook's timeout. Without a check exit 0 of act is taken for the end.
//
// Both get FARSHORE_CLUSTER, FARSHORE_EPOCH, FARSHORE_REGION, FARSHORE_OLD_PRIMARY, FARSHORE_OLD_HOST,
// FARSHORE_OLD_PORT, FARSHORE_NEW_PRIMARY, FARSHORE_NEW_HOST, FARSHORE_NEW_PORT and FARSHORE_HOOK.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "actuator/hooks/hooks.h"
#include "common/base/clock.h"
#include "common/process/command_runner.h"
#include "common/topology/topology.h"

namespace farshore {

// One turn of one hook. Returns at most a second and a half after the hook's timeout or a request to stop.
// Thread-safe.
HookOutcome run_hook(const HookConfig& hook, const HookFacts& facts, CommandRunner& commands, Clock& clock,
                     const std::stop_token& stop);

// Rounds on a thread of their own. `commands` and `clock` must outlive it; its end stops the round at work.
std::unique_ptr<Hooks> make_command_hooks(std::vector<HookConfig> hooks, CommandRunner& commands,
                                          Clock& clock);

}  // namespace farshore
