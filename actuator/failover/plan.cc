#include "actuator/failover/plan.h"

#include <algorithm>

#include "actuator/failover/rehearsal.h"
#include "actuator/failover/rows.h"
#include "actuator/failover/spectator.h"

namespace farshore {
namespace {

// Of one row. A proof that takes longer to read would not be fresh enough for a promotion either.
constexpr nanoseconds kRowLimit = 2s;
constexpr nanoseconds kLookLimit = 1s;

void set_deadline(RunContext& context) {
  context.row_started = context.clock().boot_now();
  context.row_deadline = context.row_started + kRowLimit;
  // An answer within the window counts as one since the "run" began: then "alive" means seen alive just now.
  context.attempt_started = context.row_started - context.deps.cluster->failover.evidence_window;
}

// Every row that a rehearsal would look at, as not looked at.
void list_rows(FailoverPlan& plan, size_t from = 0) {
  const auto table = failover_steps();
  for (size_t i = from; i < table.size(); ++i)
    if (table[i].rehearse)
      plan.steps.push_back({table[i].number, std::string(table[i].name), std::string(table[i].danger),
                            PlanState::kNotLooked, "not looked at"});
}

// What makes looking pointless; nothing = go on.
std::optional<Hindrance> why_not_look(const EngineDeps& deps, std::optional<Reign>& found) {
  const std::string& cluster = deps.cluster->name;
  const auto reign = deps.journal->reign(cluster);
  if (!reign)
    return Hindrance{ObstacleReason::kJournal, "the journal cannot be read: " + reign.error().message};
  if (!*reign) return Hindrance{ObstacleReason::kNoReign, "no primary is known yet: no reign is adopted"};
  found = *reign;
  const auto run = deps.journal->open_run(cluster);
  if (run && *run && (*run)->state == RunState::kRunning)
    return Hindrance{ObstacleReason::kRunOpen,
                     fmt::format("run {} is under way, at {}", (*run)->id, (*run)->step)};
  return std::nullopt;
}

RunContext context_of(const EngineDeps& deps, const Reign& reign) {
  const ServerConfig* primary = deps.cluster->find_server(reign.server);
  RunRecord run;
  run.cluster = deps.cluster->name;
  run.from_epoch = reign.epoch;
  run.old_primary = reign.server;
  run.old_region = primary ? primary->region : "";
  run.accepted_at = run.started_at = deps.clock->wall_now();
  return {deps, run, reign};
}

void walk(const EngineDeps& deps, RunContext& context, Rehearsal& rehearsal, const std::stop_token& stop) {
  const auto table = failover_steps();
  for (size_t i = 0; i < table.size(); ++i) {
    if (!table[i].rehearse) continue;
    std::optional<Reign> reign;
    const auto over = why_not_look(deps, reign);  // a run began meanwhile: leave the field to it
    if (over) rehearsal.plan.obstacles.push_back({std::string(word_of(over->reason)), over->text, false});
    if (over || stop.stop_requested()) {
      list_rows(rehearsal.plan, i);
      return;
    }
    set_deadline(context);
    rehearsal.begin(table[i]);
    table[i].rehearse(context, rehearsal);
  }
}

}  // namespace

void Rehearsal::begin(const Step& step) {
  plan.steps.push_back({step.number, std::string(step.name), std::string(step.danger), PlanState::kFine, ""});
}

void Rehearsal::saw(const std::string& text) {
  std::string& known = plan.steps.back().text;
  known += (known.empty() ? "" : "; ") + text;
}

void Rehearsal::blocked_elsewhere(const std::string& text) {
  plan.steps.back().state = PlanState::kBlocked;
  saw(text);
}

void Rehearsal::blocks(const Hindrance& hindrance, bool approvable) {
  blocked_elsewhere(hindrance.text);
  const int row = plan.steps.back().number;
  if (first_given_.try_emplace(hindrance.reason, row).first->second != row) return;
  plan.obstacles.push_back({std::string(word_of(hindrance.reason)), hindrance.text, approvable});
}

FailoverPlan rehearse_failover(const EngineDeps& deps, const std::stop_token& stop) {
  Rehearsal rehearsal;
  FailoverPlan& plan = rehearsal.plan;
  plan.cluster = deps.cluster->name;
  plan.at = deps.clock->wall_now();
  plan.looked_at = deps.clock->boot_now();
  std::optional<Reign> reign;
  if (const auto why_not = why_not_look(deps, reign)) {
    if (reign) plan.primary = reign->server;
    plan.obstacles.push_back({std::string(word_of(why_not->reason)), why_not->text, false});
    list_rows(plan);
    return plan;
  }
  plan.primary = reign->server;
  const Spectator spectator(deps);
  RunContext context = context_of(spectator.deps(), *reign);
  set_deadline(context);
  rehearsal.looked_at = deps.clock->boot_now();
  rehearsal.looks = look_at(context, context.standbys(), kLookLimit);
  walk(deps, context, rehearsal, stop);
  return plan;
}

}  // namespace farshore
