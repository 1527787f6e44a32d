// What is durable: alerts and their verdicts, epochs and claims, runs and every intent and outcome, pauses,
// approvals. A call that returns success has been written through to the disk. Thread-safe. Errors:
// kUnavailable (full disk, I/O error: nothing was written), kConflict (a compare-and-swap lost), kCorrupt,
// kNotFound.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

// ---- alerts ----

enum class AlertStatus { kFiring, kResolved };

struct AlertRecord {
  int64_t id = 0;  // given by the journal
  WallTime received_at;
  std::string principal;
  AlertStatus status = AlertStatus::kFiring;
  std::string alertname, action, cluster, region, server, fingerprint;
  int64_t epoch = 0;  // 0 when the label is missing or no number
  WallTime starts_at;
  // Empty verdict = pending: the worker of the cluster has to decide. Otherwise "acted_on", "refused",
  // "duplicate", "noted" and the reason in words.
  std::string verdict, reason, run_id;
};

// ---- epochs ----

// One reign: this server is the primary of this epoch.
struct Reign {
  std::string cluster;
  int64_t epoch = 0;
  std::string server;
  uint32_t timeline = 0;
  std::string system_identifier;
  WallTime since;
};

struct Claim {
  std::string cluster;
  int64_t epoch = 0;
  std::string run_id;
};

// ---- runs ----

enum class RunState { kRunning, kSucceeded, kRefused, kHeld };
std::string_view to_string(RunState state);  // "running", ...

struct RunRecord {
  std::string id;  // "<cluster>-<n>", given by the journal
  std::string cluster;
  int64_t from_epoch = 0;  // the reign whose primary is lost
  int64_t epoch = 0;       // claimed; 0 before take_claim
  std::string old_primary, old_region;
  std::string candidate, region;  // empty before choose_candidate
  RunState state = RunState::kRunning;
  std::string step;    // the row it is at, or ended at
  std::string reason;  // one sentence: why refused or held; empty otherwise
  bool retryable = false;
  bool promoting = false;  // past the point of no return
  WallTime accepted_at;    // when the webhook was accepted
  WallTime started_at;
  std::optional<WallTime> ended_at;
};

// How many runs of a cluster are in a state.
using RunCounts = std::map<std::pair<std::string, RunState>, int64_t>;

enum class StepEvent { kIntent, kDone, kAlreadyDone, kFailed, kUndone };
std::string_view to_string(StepEvent event);  // "intent", "done", ...

// Facts are decisions and observations by name; the newest value of a name over all records of a run counts.
// What a run decided is read back from here after a crash, never computed again.
using RunFacts = std::map<std::string, std::string>;

struct StepRecord {
  std::string run_id;
  int64_t sequence = 0;  // given by the journal
  int attempt = 0;       // counts approvals and retries of the run
  std::string step;
  StepEvent event = StepEvent::kIntent;
  WallTime at;
  std::string detail;  // one sentence
  RunFacts facts;
};

// ---- people ----

struct Pause {
  std::string cluster, by, reason;
  WallTime since;
};

struct Approval {
  std::string run_id, by, digest;  // of the facts the person was shown
  WallTime at;                     // lapses 15 minutes later
};

// Automation stopped for all clusters, because what it is told or sees cannot be trusted; until a person
// clears it.
struct LatchRecord {
  std::string reason;  // one sentence
  WallTime since;
};

struct ActionRecord {
  WallTime at;
  std::string by, action, cluster, run_id, outcome;
};

// The newest outcome of a run that a receiver of notifications has taken.
struct ToldRecord {
  std::string receiver, run_id;
  RunState outcome = RunState::kHeld;
  WallTime at;  // of the outcome: a run can be held more than once
};

class Journal {
 public:
  virtual ~Journal() = default;

  // Whether a write would be durable, found out by writing; at most once in a few seconds while all is well,
  // once a second otherwise. kUnavailable with the reason.
  virtual Status check_writable(BootTime now) = 0;

  // All alerts of one delivery in one transaction; ids are filled in. A firing alert equal to one already
  // recorded in (cluster, epoch, fingerprint, starts_at) whose verdict is not a retryable refusal is stored
  // as "duplicate" (journal_rules.h, makes_duplicate: also a refusal before there was a run can be repeated).
  virtual Status record_alerts(std::vector<AlertRecord>& alerts) = 0;
  virtual Status set_verdict(int64_t alert_id, const std::string& verdict, const std::string& reason,
                             const std::string& run_id) = 0;
  virtual Result<std::vector<AlertRecord>> pending_alerts(const std::string& cluster) = 0;
  virtual Result<std::vector<AlertRecord>> recent_alerts(size_t limit) = 0;  // newest first
  virtual Result<AlertRecord> alert(int64_t alert_id) = 0;

  virtual Result<std::optional<Reign>> reign(const std::string& cluster) = 0;
  virtual Result<std::vector<Reign>> reigns(const std::string& cluster) = 0;  // oldest first
  virtual Result<std::optional<Claim>> claim(const std::string& cluster) = 0;
  // The first reign; kConflict when there is one.
  virtual Status adopt(const Reign& reign) = 0;
  // A person names the reign: its epoch is larger than the reign's in force, kConflict otherwise. An open run
  // and its claim end with it, as refused for `reason`; nothing that such a run saved is put back.
  virtual Status adopt_named(const Reign& reign, const std::string& reason) = 0;
  virtual Result<int64_t> largest_epoch(const std::string& cluster) = 0;  // ever used; 0 = none
  // Compare-and-swap: the reign is still `expected_epoch` and no other run holds a claim. Returns the claimed
  // number: larger than every number ever used. Taking it again for the same run returns the same number.
  virtual Result<int64_t> take_claim(const std::string& cluster, int64_t expected_epoch,
                                     const std::string& run_id) = 0;
  virtual Status release_claim(const std::string& cluster,
                               const std::string& run_id) = 0;  // its number is used up
  // The claim of this run becomes the reign. Repeating it is harmless.
  virtual Status begin_reign(const Reign& reign, const std::string& run_id) = 0;

  // At most one run per cluster is running or held: kConflict otherwise. Fills in the id.
  virtual Status create_run(RunRecord& run) = 0;
  virtual Status update_run(const RunRecord& run) = 0;
  virtual Result<RunRecord> run(const std::string& run_id) = 0;
  virtual Result<std::vector<RunRecord>> runs(size_t limit) = 0;                      // newest first
  virtual Result<std::optional<RunRecord>> open_run(const std::string& cluster) = 0;  // running or held
  virtual Result<std::optional<RunRecord>> last_succeeded_run(const std::string& cluster) = 0;
  // Every state of every cluster that has runs; for the metrics page. The default reads all runs.
  virtual Result<RunCounts> count_runs();
  virtual Status record_step(const StepRecord& step) = 0;
  virtual Result<std::vector<StepRecord>> steps(const std::string& run_id) = 0;  // in order

  // Replaces what was told of this run to this receiver.
  virtual Status record_told(const ToldRecord& told) = 0;
  virtual Result<std::vector<ToldRecord>> told(const std::string& receiver) = 0;

  virtual Status pause(const Pause& pause) = 0;
  virtual Status resume(const std::string& cluster) = 0;
  virtual Result<std::optional<Pause>> paused(const std::string& cluster) = 0;
  // One latch for all clusters; latching again changes nothing: the first reason counts.
  virtual Status latch(const LatchRecord& latch) = 0;
  virtual Status unlatch() = 0;
  virtual Result<std::optional<LatchRecord>> latched() = 0;
  virtual Status approve(const Approval& approval) = 0;
  // Single use: returns it at most once, and never when it is older than 15 minutes at `now`.
  virtual Result<std::optional<Approval>> take_approval(const std::string& run_id, WallTime now) = 0;
  virtual Status record_action(const ActionRecord& action) = 0;
  virtual Result<std::vector<ActionRecord>> recent_actions(size_t limit) = 0;
};

}  // namespace farshore
