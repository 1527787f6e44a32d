// A Control that shows what it is told to and remembers what it was asked. Thread-safe once set up.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "actuator/failover/control.h"

namespace farshore {

class RecordingControl : public Control {
 public:
  std::vector<ClusterStatus> clusters;  // what status() gives
  Status answer = {};                   // of every action
  Status note_losses_answer = {};

  std::vector<ClusterStatus> status() override { return clusters; }
  void wake(const std::string& cluster) override { note("wake " + cluster); }
  // Not among asked(): every delivery asks it.
  Status note_losses(const std::vector<AlertRecord>& accepted) override {
    const std::lock_guard lock(mutex_);
    noted_ += accepted.size();
    return note_losses_answer;
  }
  Status pause(const std::string& cluster, const std::string& by, const std::string& reason) override {
    return note("pause " + cluster + " by " + by + ": " + reason);
  }
  Status resume(const std::string& cluster, const std::string& by) override {
    return note("resume " + cluster + " by " + by);
  }
  Status unlatch(const std::string& by) override { return note("unlatch by " + by); }
  Status adopt(const std::string& cluster, const std::string& by, const std::string& server) override {
    return note("adopt " + server + " for " + cluster + " by " + by);
  }
  Status approve(const std::string& run_id, const std::string& by, const std::string& digest) override {
    return note("approve " + run_id + " by " + by + ": " + digest);
  }
  Status retry(const std::string& run_id, const std::string& by) override {
    return note("retry " + run_id + " by " + by);
  }
  Status abandon(const std::string& run_id, const std::string& by) override {
    return note("abandon " + run_id + " by " + by);
  }

  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  size_t losses_noted() {
    const std::lock_guard lock(mutex_);
    return noted_;
  }

 private:
  Status note(std::string what) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(what));
    return answer;
  }

  std::mutex mutex_;
  size_t noted_ = 0;
  std::vector<std::string> asked_;
};

}  // namespace farshore
