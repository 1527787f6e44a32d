// What the engine does for a reign after its run has done its rows: looks again at what they set right, and
// mends it.
#include <algorithm>

#include "actuator/failover/engine.h"
#include "actuator/failover/rows.h"
#include "common/base/log.h"

namespace farshore {
namespace {

constexpr nanoseconds kMendLimit = 5s;
constexpr nanoseconds kSlowest = 1min;

std::string open_fact(const Step& step) { return fmt::format("care.{}", step.name); }

}  // namespace

void Engine::care_for_reign(RunContext& context, bool urgent_only) {
  const auto table = failover_steps();
  // Also when only the account of it, or that it succeeded, is still to be written.
  const bool over = context.run.state == RunState::kSucceeded || context.row + 1 >= table.size();
  context.row_deadline = deps_.clock->boot_now() + kMendLimit;
  if (!rows::reign_is_ours(context)) return;  // a newer reign superseded this run
  for (size_t row = over ? 0 : context.row + 1; row < table.size(); ++row) {
    if (urgent_only && !table[row].care.urgent) continue;
    if (!table[row].care.holds || deps_.clock->boot_now() < context.care[row].due) continue;
    const bool holds = look_after(context, table[row]);
    // What does not get better is looked at less often: nothing new is learnt of a standby that is gone.
    RunContext::CareTimes& times = context.care[row];
    times.pause = holds ? 0ns : std::min(std::max(times.pause * 2, table[row].care.every), kSlowest);
    if (!table[row].care.slows_down) times.pause = 0ns;
    times.due = deps_.clock->boot_now() + std::max(times.pause, table[row].care.every);
  }
}

// The journal gets a line when it opens and when it holds again, and none in between: it may take days.
bool Engine::look_after(RunContext& context, const Step& step) {
  const bool had_news = context.has_new_facts();
  const StepStatus holds = step.care.holds(context);
  const bool was_open = context.fact(open_fact(step)).has_value();
  if (holds) {
    if (!was_open) {
      if (!had_news && context.has_new_facts())
        (void)record(context, step.name, StepEvent::kDone, "looked at again");
      return true;
    }
    context.set_fact(open_fact(step), std::string());
    (void)record(context, step.name, StepEvent::kDone, "holds again");
    log_info("holds again", {{"cluster", context.run.cluster}, {"run", context.run.id}, {"step", step.name}});
    return true;
  }
  const std::string& why = holds.error().why;
  if (!was_open) {
    context.set_fact(open_fact(step), why);
    if (!record(context, step.name, StepEvent::kIntent, why)) {  // nothing is touched before this
      context.load_fact(open_fact(step), "");
      return false;
    }
    log_warn(
        "does not hold",
        {{"cluster", context.run.cluster}, {"run", context.run.id}, {"step", step.name}, {"reason", why}});
    deps_.notifier->tell({context.run.cluster, context.run.id, "open", why});
  }
  context.row_started = deps_.clock->boot_now();
  context.row_deadline = context.row_started + kMendLimit;
  if (const StepStatus mended = step.care.mend(context); !mended && context.care_said != mended.error().why) {
    context.care_said = mended.error().why;
    log_warn("not mended yet", {{"cluster", context.run.cluster},
                                {"run", context.run.id},
                                {"step", step.name},
                                {"reason", context.care_said}});
  }
  // What was reached meanwhile outlives this process, or a part that is done would be done again.
  if (context.has_new_facts()) (void)record(context, step.name, StepEvent::kFailed, why);
  return false;
}

}  // namespace farshore
