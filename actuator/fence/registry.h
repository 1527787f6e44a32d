// The kinds of fence there are. A new one is a file here, a row in registry.cc, a test and an example.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actuator/fence/fence.h"
#include "common/base/clock.h"
#include "common/http/client.h"
#include "common/process/command_runner.h"
#include "common/topology/topology.h"

namespace farshore {

// What fences are made of; all must outlive them.
struct FenceDeps {
  HttpClient& http;
  CommandRunner& commands;
  Clock& clock;
  std::string cluster = {}, region = {};  // told to commands
};

// Errors: kInvalidArgument, with the line of the configuration.
Result<std::unique_ptr<Fence>> make_fence(const FenceConfig& config, const FenceDeps& deps);

std::vector<std::string> registered_fence_kinds();

}  // namespace farshore
