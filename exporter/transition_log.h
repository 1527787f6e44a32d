// Logs what changes, not what is: a server that stops or begins to answer, fails in another way, or changes
// its role, once each. One thread.
#pragma once

#include "common/postgres/facts.h"
#include "exporter/change_log.h"

namespace farshore {

class TransitionLog {
 public:
  void note(const Snapshot& snapshot);

 private:
  ChangeLog changes_;
};

}  // namespace farshore
