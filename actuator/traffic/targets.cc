#include "actuator/traffic/targets.h"

#include "actuator/traffic/traffic_switch.h"
#include "common/topology/address.h"

namespace farshore {

Result<std::string> target_for(const TrafficConfig& config, const std::string& region) {
  const auto target = config.targets.find(region);
  if (target == config.targets.end())
    return fail(ErrorCode::kNotFound, "{} has no target for region {}", config.name, region);
  return target->second;
}

bool TrafficView::all_answer_only(const std::string& address) const {
  bool answered = false;
  for (const NameServerAnswer& answer : answers) {
    if (!answer.failure.empty()) continue;
    if (answer.addresses.size() != 1 || !same_target(answer.addresses.front(), address)) return false;
    answered = true;
  }
  return answered;
}

}  // namespace farshore
