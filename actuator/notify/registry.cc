#include "actuator/notify/registry.h"

#include <array>

#include "actuator/notify/alertmanager_sender.h"
#include "actuator/notify/grafana_sender.h"
#include "actuator/notify/webhook_sender.h"

namespace farshore {
namespace {

struct Kind {
  std::string_view name;
  Result<Senders> (*make)(const NotifyConfig&, const SenderDeps&);
};

// Written out, not registered by static objects: the linker drops those from a static library.
constexpr std::array kKinds{
    Kind{"alertmanager", make_alertmanager_senders},
    Kind{"grafana", make_grafana_sender},
    Kind{"webhook", make_webhook_sender},
};

}  // namespace

Result<Senders> make_senders(const NotifyConfig& config, const SenderDeps& deps) {
  for (const Kind& kind : kKinds)
    if (kind.name == config.provider.kind) return kind.make(config, deps);
  return fail(ErrorCode::kInvalidArgument, "line {}: there is no receiver of kind '{}'", config.provider.line,
              config.provider.kind);
}

std::vector<std::string> registered_notify_kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

}  // namespace farshore
