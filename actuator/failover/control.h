// What the API, the webhook and the metrics page see of the failover: state to read and the few things a
// person may do. Implemented by Supervisor. Thread-safe; nothing here waits for a failover step.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actuator/alerts/alert_votes.h"
#include "actuator/failover/open_ends.h"
#include "actuator/failover/plan.h"
#include "actuator/journal/journal.h"
#include "common/base/result.h"
#include "common/postgres/facts.h"

namespace farshore {

struct ClusterStatus {
  std::string cluster;
  std::string mode;  // off, approve, automatic
  std::optional<Pause> pause;
  std::optional<LatchRecord> latch;  // the same of every cluster: no failover starts anywhere
  std::optional<Reign> reign;        // absent: not adopted yet, see problem
  std::optional<Claim> claim;
  std::optional<RunRecord> open_run;
  std::string problem;  // one sentence when something keeps the cluster from being protected; else empty
  std::string
      approval_digest;  // of the facts an approval of the held run would be bound to; empty when none is held
  std::vector<ServerObservation> servers;
  std::vector<AlertVote> votes;          // one per Prometheus server; known while a run wants to know
  int votes_needed = 0;                  // how many of them must see the alert fire
  std::vector<OpenEnd> traffic_open;     // records, by key, not at the reign's region yet, or any more
  std::vector<OpenEnd> stale_primaries;  // servers that lost the reign and are not known to be kept out
  std::vector<OpenEnd> hooks_open;       // hooks of the reign that are not in force yet
  std::optional<FailoverPlan> plan;      // the newest rehearsal; absent before the first
};

class Control {
 public:
  virtual ~Control() = default;
  virtual std::vector<ClusterStatus> status() = 0;
  // The worker of the cluster looks at its pending alerts now.
  virtual void wake(const std::string& cluster) = 0;
  // Alerts that survived the judge, before they are written down: losses of several regions at once latch
  // automation. kUnavailable: the journal, then nothing of the delivery may be accepted.
  virtual Status note_losses(const std::vector<AlertRecord>& accepted) = 0;
  // Errors: kNotFound (no such cluster or run), kConflict (not in a state for it; the message says which),
  // kUnavailable (the journal). Each is journaled with the name of the person.
  virtual Status pause(const std::string& cluster, const std::string& by, const std::string& reason) = 0;
  virtual Status resume(const std::string& cluster, const std::string& by) = 0;
  virtual Status unlatch(const std::string& by) = 0;  // for all clusters
  // Names `server` as the primary: a new reign, or the newest one that the servers show. Waits for the looks.
  virtual Status adopt(const std::string& cluster, const std::string& by, const std::string& server) = 0;
  virtual Status approve(const std::string& run_id, const std::string& by, const std::string& digest) = 0;
  virtual Status retry(const std::string& run_id, const std::string& by) = 0;
  virtual Status abandon(const std::string& run_id, const std::string& by) = 0;
};

}  // namespace farshore
