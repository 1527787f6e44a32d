// What the rows of the failover table see: the run, what it decided so far, and the seams. One thread at a
// time.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actuator/alerts/alert_votes.h"
#include "actuator/failover/aside.h"
#include "actuator/failover/open_ends.h"
#include "actuator/failover/seams.h"
#include "actuator/fence/fence.h"
#include "actuator/hooks/hooks.h"
#include "actuator/journal/journal.h"
#include "actuator/postgres/postgres_server.h"
#include "actuator/traffic/traffic_switch.h"
#include "common/base/clock.h"
#include "common/topology/topology.h"

namespace farshore {

// Everything is borrowed and must outlive the engine.
struct EngineDeps {
  const ClusterConfig* cluster = nullptr;
  nanoseconds observe_interval = 1s;
  Clock* clock = nullptr;
  Journal* journal = nullptr;
  ClusterView* view = nullptr;
  AlertVotes* votes = nullptr;
  std::vector<PostgresServer*> servers;
  std::vector<Fence*> fences;
  std::vector<TrafficSwitch*> traffic;
  Parallel* parallel = nullptr;
  Notifier* notifier = nullptr;
  Hooks* hooks = nullptr;         // null: none runs
  OpenEnds* open_ends = nullptr;  // null: nobody reads them
};

// How a run ends when a row cannot go on.
enum class Ending {
  kRefuse,       // nothing was done; may be tried again while the alert fires
  kRefuseFinal,  // nothing was done; trying again cannot help
  kHold,         // a person decides
  kWait,         // past the point of no return: tried again by itself, and nobody has to be told yet
};

// Why a row stops. Without an ending the row's own on_failure counts.
struct Stop {
  std::string why;  // one sentence
  std::optional<Ending> ending;
  std::string needs;  // what an approval would have to permit: words of kPermit*, comma separated; empty =
                      // nothing can
};

using StepStatus = tl::expected<void, Stop>;
using StepCheck = tl::expected<bool, Stop>;

template <typename... Args>
tl::unexpected<Stop> stop(fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Stop>(Stop{fmt::format(format, std::forward<Args>(args)...), std::nullopt, {}});
}
template <typename... Args>
tl::unexpected<Stop> stop_as(Ending ending, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Stop>(Stop{fmt::format(format, std::forward<Args>(args)...), ending, {}});
}

// What a named person can permit. An approval permits what the held run was shown to need and nothing else.
inline constexpr std::string_view kPermitMode = "mode";          // failover.mode is approve
inline constexpr std::string_view kPermitProof = "proof";        // no proof that the old primary cannot write
inline constexpr std::string_view kPermitLoss = "loss";          // more loss than max_data_loss, or unknown
inline constexpr std::string_view kPermitCooldown = "cooldown";  // the last failover was a short time ago
inline constexpr std::string_view kPermitSick = "sick";          // the primary answers, and cannot commit

inline constexpr std::array kEveryPermit{kPermitMode, kPermitProof, kPermitLoss, kPermitCooldown,
                                         kPermitSick};

class RunContext {
 public:
  RunContext(const EngineDeps& deps, RunRecord run, Reign reign);

  const EngineDeps& deps;
  RunRecord run;
  const Reign reign;  // of run.from_epoch: whose primary is lost
  int attempt = 0;
  size_t row = 0;  // next row of the table
  BootTime attempt_started;
  nanoseconds accepted_before{0};  // how long before attempt_started, never negative
  BootTime row_began;              // tried for the first time
  BootTime row_started, row_deadline;
  // What a fence answers to isolate(), and when; until it does, that it did not.
  struct FenceAnswer {
    Status status = fail(ErrorCode::kTimeout, "no answer");
    BootTime at{};
  };
  Aside<FenceAnswer> asked;              // by row 5
  Aside<FenceProof> looked_at;           // for a proof
  Aside<FenceProof> watched;             // for a proof that was read before
  std::optional<BootTime> fenced_since;  // since when the fence is known to hold, or goes without proof
  // The row on the way forward that failed last, and why: repeating it needs no new lines in the journal.
  std::optional<size_t> tried_row;
  std::string tried_why;
  bool told_waiting = false;  // that the journal cannot be written, in the log
  RunRecord written;          // the run as the journal has it
  // What became of the run and is not in the journal yet. Until it is, a run that is over goes on existing,
  // and nobody is told; one that is held is held already.
  struct Outcome {
    RunState state = RunState::kRunning;
    std::string reason;
    bool retryable = false;
    WallTime at;
    bool in_steps = false;  // the step that says so is written, the run is not
  };
  std::optional<Outcome> unwritten;
  std::optional<BootTime> proof_read_at;  // when the last positive proof was read

  // Since the alert was accepted: by the boot-time clock from here on, by the wall clock only before.
  nanoseconds since_accepted() const;

  const std::string& old_primary() const { return run.old_primary; }
  Clock& clock() const { return *deps.clock; }
  PostgresServer* server(std::string_view name) const;
  std::vector<PostgresServer*> standbys() const;  // every server but the old primary

  // Facts: read back after a crash, recorded with the row that learnt them.
  std::optional<std::string> fact(std::string_view name) const;  // absent when unset or empty
  void set_fact(const std::string& name, std::string value);
  void set_fact(const std::string& name, double value);
  std::optional<double> number(std::string_view name) const;
  RunFacts take_new_facts();
  bool has_new_facts() const { return !new_facts_.empty(); }
  void load_fact(const std::string& name, std::string value) { facts_[name] = std::move(value); }
  const RunFacts& facts() const { return facts_; }

  // Into deps.open_ends; an empty `why` closes it.
  void report(OpenEnds::Kind kind, const std::string& name, const std::string& why) const;

  // Of the care after success (Step::care), by row; and by server or record key: when it was last seen stale,
  // or pointed again.
  struct CareTimes {
    BootTime due{};
    nanoseconds pause{0};
  };
  std::map<size_t, CareTimes> care;
  std::string care_said;  // of the last attempt to mend, so that it is logged once
  std::map<std::string, BootTime> last_stale, last_pointed, last_settled;
  // Of a server that is kept out: when its proof is looked at next, what was seen when it did not hold any
  // more; whether the last look could tell nothing, or not for certain.
  std::map<std::string, BootTime> watch_due;
  std::map<std::string, std::string> lost_proofs;
  std::set<std::string> unread_proofs, doubted_proofs;
  std::map<std::string, std::string> traffic_astray;  // record key -> why, as last seen after success
  std::map<std::string, BootTime>
      traffic_taken;  // record key -> when its provider said yes first in this run

  bool permitted(std::string_view what) const;  // by an approval of this attempt
  void clear_permissions();

 private:
  RunFacts facts_;
  RunFacts new_facts_;
};

// The looks of one round, side by side. `look` is absent when it failed; `failure` and `error` then say why.
struct LookResult {
  PostgresServer* server = nullptr;
  std::optional<ServerLook> look;
  FailureClass failure = FailureClass::kNone;
  std::string error;
};
std::vector<LookResult> look_at(RunContext& context, const std::vector<PostgresServer*>& servers,
                                nanoseconds limit);

}  // namespace farshore
