// Fence kind "ssh": stops every process of the instance on its host, over the OpenSSH client, and looks again
// in a new session for the proof. On the host a forced command answers: examples/fences/ssh.
//
// It is no way around a host that does not answer: then it is unknown, and another rung (power) has to prove.
// That rung waits for this one, so a host that was silent is taken to be so for a few seconds, and a proof,
// which counts for 2 s only, is given up after 1.7 s. The host's key must be in `known_hosts_file`; an answer
// counts only when it repeats the number that this very look made up, so neither a shell that ends with 0 nor
// an earlier answer is a proof.
//
// Sources: ssh(1), ssh_config(5), sshd(8) AUTHORIZED_KEYS of OpenSSH 9.2.
#pragma once

#include <memory>

#include "actuator/fence/registry.h"

namespace farshore {

Result<std::unique_ptr<Fence>> make_ssh_fence(const FenceConfig& config, const FenceDeps& deps);

}  // namespace farshore
