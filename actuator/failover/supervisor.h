// All clusters: one worker thread each, at most four of them in a run at once; and the Control that API,
// webhook and metrics see.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actuator/failover/cluster_worker.h"
#include "actuator/failover/control.h"
#include "actuator/failover/latch.h"
#include "actuator/failover/plan_keeper.h"

namespace farshore {

class Supervisor final : public Control {
 public:
  // Everything in `clusters` is borrowed and outlives this.
  Supervisor(std::vector<EngineDeps> clusters, Journal& journal, Clock& clock);
  ~Supervisor() override;  // ends every worker after the row it is at

  void start();
  void request_stop();  // every worker ends after the row it is at; returns at once

  std::vector<ClusterStatus> status() override;
  void wake(const std::string& cluster) override;
  Status note_losses(const std::vector<AlertRecord>& accepted) override { return latch_.note(accepted); }
  Status pause(const std::string& cluster, const std::string& by, const std::string& reason) override;
  Status resume(const std::string& cluster, const std::string& by) override;
  Status unlatch(const std::string& by) override;
  Status adopt(const std::string& cluster, const std::string& by, const std::string& server) override;
  Status approve(const std::string& run_id, const std::string& by, const std::string& digest) override;
  Status retry(const std::string& run_id, const std::string& by) override;
  Status abandon(const std::string& run_id, const std::string& by) override;

 private:
  struct Member {
    std::unique_ptr<ClusterWorker> worker;
    std::mutex mutex;
    std::condition_variable_any wake;
    bool woken = false;
    std::unique_ptr<PlanKeeper> plan;
    std::jthread thread;
  };

  void work(Member& member, std::stop_token stop);
  void watch_self(const std::stop_token& stop);
  std::optional<std::string> look_at_self();
  Status not_latched();
  Member* find(const std::string& cluster);
  ClusterStatus status_of(Member& member);
  Result<RunRecord> held_run(const std::string& run_id);
  Status command(PersonCommand command, const RunRecord& run, const std::string& by);
  Status journaled(Status done, const std::string& by, const std::string& action, const std::string& cluster,
                   const std::string& run_id);

  Journal& journal_;
  Clock& clock_;
  std::stop_source stopping_;
  RunSlots slots_{4};
  Latch latch_;
  SelfLook self_look_;  // of the thread that watches
  std::vector<std::unique_ptr<Member>> members_;
  std::jthread self_watcher_;
};

}  // namespace farshore
