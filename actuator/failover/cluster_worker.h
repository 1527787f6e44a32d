// One cluster's failover life: adopts the first reign, judges pending alerts, runs the engine, obeys people.
// Everything happens in tick(), on one thread; nothing but the journal outlives it, so a new worker over the
// same journal goes on where a killed one stopped.
#pragma once

#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>

#include "actuator/failover/engine.h"
#include "actuator/failover/old_alert.h"

namespace farshore {

using RunSlots = std::counting_semaphore<4>;  // runs at once

enum class PersonCommand { kApprove, kRetry, kAbandon };

class ClusterWorker {
 public:
  // `stopping` is asked between rows: true = come back later, the process is about to end. A run holds one of
  // `slots` (null: no limit) while it is driven; looking after a cluster without a run needs none.
  explicit ClusterWorker(EngineDeps deps, std::function<bool()> stopping = {}, RunSlots* slots = nullptr);

  // Does what can be done now and returns how long to wait before the next call unless something wakes it.
  nanoseconds tick();

  // Thread-safe. Queued for the next tick; kConflict when the queue is full.
  Status command(PersonCommand command, const std::string& run_id, const std::string& by);

  // Thread-safe. A person names the primary: done by the next tick, within `limit`. Errors: kConflict (a run
  // is at work, or the servers contradict; the message says which), those of reign_named and of the journal.
  Status adopt(const std::string& server, const std::string& by, nanoseconds limit);
  // Called when something waits for the next tick.
  void on_wanted(std::function<void()> wake) { wake_ = std::move(wake); }

  const EngineDeps& deps() const { return deps_; }
  std::string problem() const;  // thread-safe; see ClusterStatus::problem
  const OpenEnds& open_ends() const { return open_ends_; }

 private:
  struct Queued {
    PersonCommand command;
    std::string run_id, by;
  };

  struct Adoption {
    std::string server, by;
    std::promise<Status> done;
  };

  bool ensure_reign();
  bool journal_is_current();
  void refuse_alerts(const std::string& why);
  void tell_adopted(const Reign& reign);
  void obey(Adoption& adoption);
  Status adopt_now(const Adoption& adoption);
  void load_open_run();
  void obey(const Queued& queued);
  void open_again(const RunRecord& run, const std::string& permit);
  void write_outcome();
  void drive();
  void after_end();
  void judge_alerts();
  bool judge_alert(const AlertRecord& alert, const Reign& reign);
  std::optional<std::string> why_not_now(const AlertRecord& alert, const Reign& reign);
  void start_run(const Reign& reign, WallTime accepted_at);
  void try_again();
  void look_after_held();
  void load_reign_run();
  void look_after_reign();
  void set_problem(std::string problem);

  OpenEnds open_ends_;
  const EngineDeps deps_;
  const std::function<bool()> stopping_;
  std::function<void()> wake_;
  RunSlots* const slots_;
  Engine engine_;
  OldAlerts old_alerts_;
  std::optional<RunContext> context_;    // of the open run
  std::optional<RunContext> reign_run_;  // of the run that made the reign in force; absent when none did
  bool loaded_ = false;
  bool waits_ = false;    // the run, in this tick
  bool current_ = false;  // the journal was compared with the servers, and they know no newer reign
  std::optional<BootTime> next_attempt_;  // after a retryable refusal
  std::string last_refusal_;
  BootTime next_care_{};  // of a held run
  nanoseconds care_pause_{0};

  mutable std::mutex mutex_;
  std::deque<Queued> queue_;
  std::shared_ptr<Adoption> adoption_;
  std::string problem_;
};

}  // namespace farshore
