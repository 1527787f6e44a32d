#include "actuator/traffic/targets.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

#include "actuator/traffic/traffic_switch.h"

namespace farshore {
namespace {

std::string canonical(const std::string& target) {
  unsigned char bytes[sizeof(in6_addr)];
  char text[INET6_ADDRSTRLEN];
  for (const int family : {AF_INET, AF_INET6})
    if (inet_pton(family, target.c_str(), bytes) == 1) return inet_ntop(family, bytes, text, sizeof text);
  std::string name = target;
  if (name.ends_with('.')) name.pop_back();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

}  // namespace

bool same_target(const std::string& a, const std::string& b) { return canonical(a) == canonical(b); }

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
