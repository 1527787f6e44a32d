// Rehearses the failover of one cluster again and again, on a thread of its own: the thread that judges
// alerts never waits for a rehearsal, however many servers are frozen.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "actuator/failover/plan.h"
#include "actuator/failover/run_context.h"

namespace farshore {

class PlanKeeper {
 public:
  // `deps` is borrowed and must outlive it.
  explicit PlanKeeper(const EngineDeps& deps) : deps_(deps) {}
  ~PlanKeeper();  // waits for the row at hand

  void start();
  void request_stop() { thread_.request_stop(); }

  // Thread-safe; these two never wait for a rehearsal.
  void wake();  // something changed that a person did: rehearse now
  std::optional<FailoverPlan> newest() const;

 private:
  void work(const std::stop_token& stop);
  void wait(nanoseconds limit, const std::stop_token& stop);

  const EngineDeps& deps_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;
  std::optional<FailoverPlan> newest_;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace farshore
