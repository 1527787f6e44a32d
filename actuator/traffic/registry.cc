#include "actuator/traffic/registry.h"

#include <array>

#include "actuator/traffic/cloudflare_dns_traffic.h"
#include "actuator/traffic/cloudflare_pool_traffic.h"
#include "actuator/traffic/command_traffic.h"
#include "actuator/traffic/linode_dns_traffic.h"
#include "actuator/traffic/linode_nodebalancer_traffic.h"
#include "actuator/traffic/powerdns_traffic.h"
#include "actuator/traffic/rfc2136_traffic.h"
#include "actuator/traffic/route53_traffic.h"

namespace farshore {
namespace {

struct Kind {
  std::string_view name;
  Result<std::unique_ptr<TrafficSwitch>> (*make)(const TrafficConfig&, const TrafficDeps&);
};

// Written out, not registered by static objects: the linker drops those from a static library.
constexpr std::array kKinds{
    Kind{"powerdns", make_powerdns_traffic},
    Kind{"linode_dns", make_linode_dns_traffic},
    Kind{"linode_nodebalancer", make_linode_nodebalancer_traffic},
    Kind{"cloudflare_dns", make_cloudflare_dns_traffic},
    Kind{"cloudflare_pool", make_cloudflare_pool_traffic},
    Kind{"route53", make_route53_traffic},
    Kind{"rfc2136", make_rfc2136_traffic},
    Kind{"command", make_command_traffic},
};

}  // namespace

Result<std::unique_ptr<TrafficSwitch>> make_traffic_switch(const TrafficConfig& config,
                                                           const TrafficDeps& deps) {
  for (const Kind& kind : kKinds)
    if (kind.name == config.provider.kind) return kind.make(config, deps);
  return fail(ErrorCode::kInvalidArgument, "line {}: there is no traffic switch of kind '{}'",
              config.provider.line, config.provider.kind);
}

std::vector<std::string> registered_traffic_kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

}  // namespace farshore
