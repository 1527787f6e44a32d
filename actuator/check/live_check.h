// Everything that a topology names, looked at once: can it be reached with the roles and files that are
// configured, and is it set up so that a failover could succeed? Changes nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/dns/resolver.h"
#include "common/http/client.h"
#include "common/process/command_runner.h"
#include "common/topology/topology.h"

namespace farshore {

enum class CheckState { kOk, kWarn, kFail };
std::string_view to_string(CheckState state);  // "ok", "warn", "fail"

// One line: `subject` is what was looked at ("shop-us", "prometheus eu-west"), `text` what was found.
struct CheckLine {
  CheckState state = CheckState::kOk;
  std::string subject;
  std::string text;
  std::string remedy;  // what to do about it; empty for kOk
};

// All are borrowed for the call.
struct CheckDeps {
  HttpClient& http;
  CommandRunner& commands;
  DnsResolver& dns;
  Clock& clock;
};

// Looks side by side, each within kCheckLimit, and gives the lines in the order of the topology. Never
// throws.
inline constexpr nanoseconds kCheckLimit = 3s;
std::vector<CheckLine> check_live(const Topology& topology, const CheckDeps& deps);

}  // namespace farshore
