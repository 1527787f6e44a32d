#include "actuator/failover/open_ends.h"

namespace farshore {

void OpenEnds::report(Kind kind, const std::string& name, const std::string& why, WallTime now) {
  const std::lock_guard lock(mutex_);
  if (why.empty()) {
    open_.erase({kind, name});
    return;
  }
  auto [entry, fresh] = open_.try_emplace({kind, name}, OpenEnd{name, why, now});
  if (!fresh) entry->second.why = why;
}

std::vector<OpenEnd> OpenEnds::open(Kind kind) const {
  const std::lock_guard lock(mutex_);
  std::vector<OpenEnd> found;
  for (const auto& [key, end] : open_)
    if (key.first == kind) found.push_back(end);
  return found;
}

}  // namespace farshore
