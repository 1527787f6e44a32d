// Runs the failover table: one row at a time, intent journaled before an effect and outcome after it. Knows
// no row by name. A run survives the death of the process between any two instructions: open() reads back
// where it was.
#pragma once

#include <optional>
#include <string>

#include "actuator/failover/run_context.h"
#include "actuator/failover/steps.h"

namespace farshore {

enum class Progress {
  kAdvanced,  // a row is done; call again
  kWaiting,   // nothing can be done now (the journal cannot be written, or forward only): call again in a
              // while
  kEnded,     // succeeded, refused or held; a held run that is promoting goes on when called again
};

// One thread at a time per run. Never throws.
class Engine {
 public:
  explicit Engine(EngineDeps deps);

  // Starts a run for the reign in force. kConflict: another run is open. `before` is the run before it when
  // that has loose ends: this one takes over the settings that are still to be put back.
  Result<RunContext> start(const Reign& reign, WallTime accepted_at, RunContext* before = nullptr);

  // What start() does with `before`, for a run that a process began and died before it could write that down.
  void take_over(RunContext& context, RunContext& before);

  // Opens an unfinished or held run. Before the point of no return it starts again at the first row with new
  // observations, keeping its claim and what it saved; after it, it goes on where it was. `permit` names the
  // person whose approval lets it pass what it was held for; empty for none.
  Result<RunContext> open(const RunRecord& run, const std::string& permit = "");

  // After open() for a person: the journal says that the held run is running again, and with whose
  // permission, before the first look. Else nobody could see it for as long as that takes, and it could be
  // approved twice. An error when the permission could not be written; when only the run could not, it is
  // written with the first row that is done.
  Status begin_again(RunContext& context);

  Progress advance(RunContext& context);

  // Of a run whose outcome (RunContext::unwritten) could not be written when it came to it. kEnded: it has
  // ended, or it is held.
  Progress write_outcome(RunContext& context);

  // Puts saved settings back on every standby and gives the claim back. Only before the point of no return.
  // True when nothing is left to put back.
  bool put_back(RunContext& context);

  // A person gives the run up: put back, then refused. kConflict once it is promoting. An outcome that could
  // not be written (kUnavailable) is left to write_outcome().
  Status abandon(RunContext& context, const std::string& by);

  // Once its run made the reign in force: what the rows set right is looked at again, and mended
  // (Step::care). Also while the run is held on its way forward, then only the rows behind the one it waits
  // at.
  void care_for_reign(RunContext& context, bool urgent_only = false);

 private:
  Progress run_row(RunContext& context, const Step& step);
  StepStatus perform(RunContext& context, const Step& step);
  StepStatus not_latched(RunContext& context);
  Progress settle(RunContext& context, const Step& step, const Stop& stop);
  Progress wait(RunContext& context, const Step& step, const Stop& stop);
  Progress wait_for_journal(RunContext& context);
  Progress hold(RunContext& context, const Stop& stop);
  Progress end(RunContext& context, RunState state, const std::string& reason, bool retryable);
  Progress not_written(RunContext& context);
  Status update(RunContext& context);
  void tell_outcome(const RunContext& context);
  Status record(RunContext& context, std::string_view step, StepEvent event, const std::string& detail);
  bool give_claim_back(RunContext& context);
  bool look_after(RunContext& context, const Step& step);
  void note_cooldown(RunContext& context);

  const EngineDeps deps_;
  std::optional<BootTime> succeeded_at_;  // the newest run that this process saw succeed
};

// What an approval of this held run would be bound to: the run, the attempt and every fact the person is
// shown.
std::string approval_digest(const RunRecord& run, const RunFacts& facts);

}  // namespace farshore
