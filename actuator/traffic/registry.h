// The kinds of traffic switch there are. A new one is a file here, a row in registry.cc, a test that runs the
// contract suite, an example.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actuator/traffic/traffic_switch.h"
#include "common/base/clock.h"
#include "common/dns/resolver.h"
#include "common/http/client.h"
#include "common/process/command_runner.h"
#include "common/topology/topology.h"

namespace farshore {

// What switches are made of; all must outlive them.
struct TrafficDeps {
  HttpClient& http;
  CommandRunner& commands;
  DnsResolver& dns;
  Clock& clock;
  std::string cluster = {};  // told to commands
};

// Errors: kInvalidArgument, with the line of the configuration.
Result<std::unique_ptr<TrafficSwitch>> make_traffic_switch(const TrafficConfig& config,
                                                           const TrafficDeps& deps);

std::vector<std::string> registered_traffic_kinds();

}  // namespace farshore
