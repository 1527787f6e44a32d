// Logs what changes, not what is: a server that stops or begins to answer, fails in another way, or changes
// its role, once each. One thread.
#pragma once

#include <map>
#include <string>

#include "common/postgres/facts.h"

namespace farshore {

class TransitionLog {
 public:
  void note(const Snapshot& snapshot);

 private:
  std::map<std::string, std::string> states_;  // "cluster/server" -> the state last logged
};

}  // namespace farshore
