// The kinds of receivers there are. A new one is a file here, a row in registry.cc, a test and a paragraph in
// docs/notifications.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actuator/notify/sender.h"
#include "common/base/clock.h"
#include "common/http/client.h"
#include "common/topology/topology.h"

namespace farshore {

// What senders are made of; all must outlive them.
struct SenderDeps {
  HttpClient& http;
  Clock& clock;
  const std::vector<RegionUrl>& alertmanagers;  // of the topology
};

using Senders = std::vector<std::unique_ptr<Sender>>;

// One entry of `notify`. Errors: kInvalidArgument, with the line of the configuration.
Result<Senders> make_senders(const NotifyConfig& config, const SenderDeps& deps);

std::vector<std::string> registered_notify_kinds();

}  // namespace farshore
