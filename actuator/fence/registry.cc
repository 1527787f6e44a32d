#include "actuator/fence/registry.h"

#include <array>

#include "actuator/fence/command_fence.h"
#include "actuator/fence/linode_firewall_fence.h"
#include "actuator/fence/linode_power_fence.h"
#include "actuator/fence/ssh_fence.h"

namespace farshore {
namespace {

struct Kind {
  std::string_view name;
  Result<std::unique_ptr<Fence>> (*make)(const FenceConfig&, const FenceDeps&);
};

// Written out, not registered by static objects: the linker drops those from a static library.
constexpr std::array kKinds{
    Kind{"command", make_command_fence},
    Kind{"ssh", make_ssh_fence},
    Kind{"linode_power", make_linode_power_fence},
    Kind{"linode_firewall", make_linode_firewall_fence},
};

}  // namespace

Result<std::unique_ptr<Fence>> make_fence(const FenceConfig& config, const FenceDeps& deps) {
  for (const Kind& kind : kKinds)
    if (kind.name == config.provider.kind) return kind.make(config, deps);
  return fail(ErrorCode::kInvalidArgument, "line {}: there is no fence of kind '{}'", config.provider.line,
              config.provider.kind);
}

std::vector<std::string> registered_fence_kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

}  // namespace farshore
