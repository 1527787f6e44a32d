// What becomes of a run, and that it is written before anybody hears of it.
#include "actuator/failover/engine.h"
#include "common/base/log.h"

namespace farshore {

Progress Engine::end(RunContext& context, RunState state, const std::string& reason, bool retryable) {
  const bool changed = context.run.state != state || context.run.reason != reason;
  // Held for the same as before, it is held since then.
  if (changed || !context.run.ended_at)
    context.unwritten = RunContext::Outcome{state, reason, retryable, deps_.clock->wall_now(), false};
  return context.unwritten ? write_outcome(context) : Progress::kEnded;
}

Progress Engine::not_written(RunContext& context) {
  const Progress waiting = wait_for_journal(context);
  return context.unwritten->state == RunState::kHeld ? Progress::kEnded : waiting;
}

Progress Engine::write_outcome(RunContext& context) {
  RunContext::Outcome& outcome = *context.unwritten;
  RunRecord run = context.run;
  run.state = outcome.state;
  run.reason = outcome.reason;
  run.retryable = outcome.retryable;
  run.ended_at = outcome.at;
  // What is put back or tried again while it is held does not wait for the disk.
  if (outcome.state == RunState::kHeld) context.run = run;
  if (!outcome.in_steps) {
    const std::string detail =
        fmt::format("{}{}{}", to_string(outcome.state), outcome.reason.empty() ? "" : ": ", outcome.reason);
    if (!record(context, "end", StepEvent::kDone, detail)) return not_written(context);
    outcome.in_steps = true;
  }
  if (!deps_.journal->update_run(run)) return not_written(context);
  context.told_waiting = false;
  context.run = context.written = std::move(run);
  context.unwritten.reset();
  if (context.run.state == RunState::kSucceeded) succeeded_at_ = deps_.clock->boot_now();
  tell_outcome(context);
  return Progress::kEnded;
}

// Once it is in the journal: told before, it would be told again for every write that fails.
void Engine::tell_outcome(const RunContext& context) {
  const RunRecord& run = context.run;
  log_info("run ended", {{"cluster", run.cluster},
                         {"run", run.id},
                         {"state", to_string(run.state)},
                         {"reason", run.reason},
                         {"retryable", run.retryable}});
  const std::string message =
      run.state == RunState::kSucceeded ? context.fact("report").value_or("") : run.reason;
  deps_.notifier->tell({run.cluster, run.id, std::string(to_string(run.state)), message});
}

Status Engine::update(RunContext& context) {
  Status updated = deps_.journal->update_run(context.run);
  if (updated) context.written = context.run;
  return updated;
}

Progress Engine::wait_for_journal(RunContext& context) {
  if (!std::exchange(context.told_waiting, true))  // once, not at every try
    log_error("waiting, the journal cannot be written",
              {{"cluster", context.run.cluster}, {"run", context.run.id}, {"step", context.run.step}});
  return Progress::kWaiting;
}

}  // namespace farshore
