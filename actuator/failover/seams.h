// The last narrow interfaces between the engine and what lies outside it; the others stand in
// actuator/postgres, fence, traffic, alerts and journal.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/postgres/facts.h"

namespace farshore {

// What this process' observer sees of one cluster. Thread-safe; never blocks.
class ClusterView {
 public:
  virtual ~ClusterView() = default;
  virtual std::shared_ptr<const Snapshot> snapshot() const = 0;
  virtual std::vector<WalPoint> history(const std::string& server) const = 0;
  virtual void look_now() = 0;
};

// Runs independent looks side by side, so that one frozen server costs one deadline and not one after
// another.
class Parallel {
 public:
  virtual ~Parallel() = default;
  // Returns when all are done; each is bounded by its own deadline.
  virtual void run(std::vector<std::function<void()>> tasks) = 0;

  // What was begun; destroying it waits for its end.
  class Begun {
   public:
    virtual ~Begun() = default;
    virtual bool is_done() const = 0;  // what the task wrote can be read then
  };
  // Returns at once. The task is bounded by its own deadline and throws nothing.
  virtual std::unique_ptr<Begun> begin(std::function<void()> task) = 0;
};

Parallel& thread_parallel();

struct Event {
  std::string cluster, run_id, kind, message;  // kind: held, refused, succeeded, promoted, adopted
};

// Tells people. Never blocks for long, never fails a run.
class Notifier {
 public:
  virtual ~Notifier() = default;
  virtual void tell(const Event& event) = 0;
};

}  // namespace farshore
