// The seams of one cluster as a spectator has them: everything can be looked at, and whatever would change a
// server, a fence or traffic is refused here, before it reaches anybody.
#pragma once

#include <memory>
#include <vector>

#include "actuator/failover/run_context.h"

namespace farshore {

// Thread-safe as far as `deps` are, which must outlive it.
class Spectator {
 public:
  explicit Spectator(const EngineDeps& deps);
  ~Spectator();
  Spectator(const Spectator&) = delete;
  Spectator& operator=(const Spectator&) = delete;

  const EngineDeps& deps() const { return deps_; }

 private:
  EngineDeps deps_;  // without hooks
  std::vector<std::unique_ptr<PostgresServer>> servers_;
  std::vector<std::unique_ptr<Fence>> fences_;
  std::vector<std::unique_ptr<TrafficSwitch>> traffic_;
};

}  // namespace farshore
