// The user's own commands that tell clients of a new primary, as the engine sees them. They may take minutes,
// in which a lost primary that comes back has to be fenced: so they run in rounds, aside from the worker.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace farshore {

// What a hook is told, of the reign that just began and of the one before it.
struct HookFacts {
  std::string cluster;
  int64_t epoch = 0;
  std::string region;  // of the new primary
  std::string old_primary, old_host, old_port;
  std::string new_primary, new_host, new_port;
};

struct HookOutcome {
  std::string hook;
  bool in_force = false;
  std::string detail;  // how that is known, or why it is not; one sentence
};

struct HookRound {
  bool at_work = false;
  std::vector<HookOutcome> outcomes;  // of the hooks that it is through with, in their order
};

// Of one cluster. begin() is called by one thread at a time, newest() by any. Never throws.
class Hooks {
 public:
  virtual ~Hooks() = default;
  // Begins a round in which each of these hooks (names of the topology) gets its turn, in the order of the
  // topology, and returns; does nothing while a round of this epoch is at work. A round of another epoch is
  // stopped first, within two seconds: it would write the settings of a reign that is over.
  virtual void begin(const HookFacts& facts, const std::vector<std::string>& hooks) = 0;
  // The newest round of this epoch; an empty one when there was none.
  virtual HookRound newest(int64_t epoch) const = 0;
};

}  // namespace farshore
