// Tells a change of state from its repetition, so that a failure is logged when it begins and not every time
// it is seen.
#pragma once

#include <map>
#include <mutex>
#include <string>

namespace farshore {

// Thread-safe.
class ChangeLog {
 public:
  // True when `state` is not the one last noted under this name; also for the first.
  bool changed(const std::string& name, const std::string& state) {
    const std::lock_guard lock(mutex_);
    std::string& noted = states_[name];
    if (noted == state) return false;
    noted = state;
    return true;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> states_;
};

}  // namespace farshore
