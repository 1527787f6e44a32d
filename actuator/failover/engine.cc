#include "actuator/failover/engine.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "actuator/failover/rows.h"
#include "actuator/failover/settings_text.h"
#include "actuator/journal/journal_rules.h"
#include "common/base/log.h"

namespace farshore {
namespace {

constexpr nanoseconds kPutBackLimit = 5s;
constexpr nanoseconds kTryAgainLimit = 5s;
constexpr std::string_view kJournalGone = "the journal cannot be written";

bool passed_no_return(const std::vector<StepRecord>& steps) {
  const std::string_view name = failover_steps()[point_of_no_return_row()].name;
  return std::any_of(steps.begin(), steps.end(), [&](const StepRecord& step) {
    return step.step == name && step.event == StepEvent::kIntent;
  });
}

// The first row from the point of no return on that is not done.
size_t row_to_go_on_with(const std::vector<StepRecord>& steps) {
  const auto table = failover_steps();
  for (size_t row = point_of_no_return_row(); row < table.size(); ++row) {
    const bool done = std::any_of(steps.begin(), steps.end(), [&](const StepRecord& step) {
      return step.step == table[row].name &&
             (step.event == StepEvent::kDone || step.event == StepEvent::kAlreadyDone);
    });
    if (!done) return row;
  }
  return table.size();
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= text.size() && !text.empty()) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

std::string approval_digest(const RunRecord& run, const RunFacts& facts) {
  std::string shown = run.id + "\n" + run.reason + "\n";
  for (const char* name : {"attempt", "needs", "shown_loss_bytes", "best_candidate"}) {
    const auto found = facts.find(name);
    shown += found == facts.end() ? "-\n" : found->second + "\n";
  }
  uint64_t hash =
      0xcbf29ce484222325u;  // FNV-1a: tells texts apart; who may approve is the access file's business
  for (const unsigned char c : shown) hash = (hash ^ c) * 0x100000001b3u;
  return fmt::format("{:016x}", hash);
}

Engine::Engine(EngineDeps deps) : deps_(std::move(deps)) {}

Result<RunContext> Engine::start(const Reign& reign, WallTime accepted_at, RunContext* before) {
  const ServerConfig* primary = deps_.cluster->find_server(reign.server);
  RunRecord run;
  run.cluster = reign.cluster;
  run.from_epoch = reign.epoch;
  run.old_primary = reign.server;
  run.old_region = primary ? primary->region : "";
  run.accepted_at = accepted_at;
  run.started_at = deps_.clock->wall_now();
  if (auto created = deps_.journal->create_run(run); !created) return wrap("starting a run", created.error());
  log_info("run started", {{"cluster", run.cluster},
                           {"run", run.id},
                           {"epoch", run.from_epoch},
                           {"old_primary", run.old_primary}});
  RunContext context(deps_, run, reign);
  context.accepted_before = std::max<nanoseconds>(0ns, run.started_at - accepted_at);
  context.attempt = 1;
  context.set_fact("attempt", std::string("1"));
  note_cooldown(context);
  // At once: a process that starts after this one has died knows the lost primary only from here.
  rows::remember_last_sight(context);
  if (before) take_over(context, *before);
  // When it cannot be written its facts go with the next record, and nothing is touched before one. The run
  // is open: whoever gave it up here could start no other.
  (void)record(context, "start", StepEvent::kDone, "the run is open");
  return context;
}

void Engine::take_over(RunContext& context, RunContext& before) {
  for (auto& [name, value] : rows::settings_still_to_put_back(before)) context.set_fact(name, value);
  for (auto& [name, value] : rows::proofs_to_watch(before))
    if (name != rows::kept_out_fact(context.old_primary())) context.set_fact(name, value);
}

Result<RunContext> Engine::open(const RunRecord& run, const std::string& permit) {
  const auto steps = deps_.journal->steps(run.id);
  if (!steps) return wrap("reading the steps of " + run.id, steps.error());
  const auto reigns = deps_.journal->reigns(run.cluster);
  if (!reigns) return wrap("reading the reigns", reigns.error());
  const auto reign = std::find_if(reigns->begin(), reigns->end(),
                                  [&](const Reign& candidate) { return candidate.epoch == run.from_epoch; });
  if (reign == reigns->end())
    return fail(ErrorCode::kCorrupt, "run {} is about epoch {}, which is not in the journal", run.id,
                run.from_epoch);

  RunContext context(deps_, run, *reign);
  for (auto& [name, value] : merge_facts(*steps)) context.load_fact(name, value);
  rows::read_left_open_by_name(context);
  for (const StepRecord& step : *steps) context.attempt = std::max(context.attempt, step.attempt);
  context.run.state = RunState::kRunning;
  context.run.reason.clear();
  context.run.ended_at.reset();
  if (const auto epoch = context.number("claimed_epoch")) context.run.epoch = static_cast<int64_t>(*epoch);
  if (passed_no_return(*steps)) {
    context.run.promoting = true;
    // The run may have been written last before it had one.
    context.run.candidate = context.fact("candidate").value_or(context.run.candidate);
    if (const ServerConfig* candidate = deps_.cluster->find_server(context.run.candidate))
      context.run.region = candidate->region;
    context.row = row_to_go_on_with(*steps);
    return context;
  }
  ++context.attempt;
  context.set_fact("attempt", std::to_string(context.attempt));
  context.set_fact("quorum_wait_seconds", std::string());
  if (run.state == RunState::kHeld) {
    context.set_fact("was_held", std::string("yes"));
    // Of an attempt that was approved and never began: an approval counts once.
    context.clear_permissions();
    context.set_fact("permit_given", std::string());
  }
  if (!permit.empty()) {  // after a crash the approval of the attempt that was cut short goes on
    context.set_fact("permit_given", permit);
    for (const std::string& what : split(context.fact("needs").value_or(""), ','))
      context.set_fact("permit." + what, permit);
  }
  note_cooldown(context);
  return context;
}

Status Engine::begin_again(RunContext& context) {
  const auto by = context.fact("permit_given");
  const std::string how = by ? "opened again, approved by " + *by : "opened again";
  if (auto written = record(context, "start", StepEvent::kDone, how); !written) return written;
  // When it cannot be written the run goes on all the same: its approval is taken, and the first row that is
  // done writes it before any other.
  (void)update(context);
  return {};
}

void Engine::note_cooldown(RunContext& context) {
  context.set_fact("cooldown_left_seconds", std::string());
  const nanoseconds cooldown = deps_.cluster->failover.cooldown;
  nanoseconds left = rows::cooldown_left(deps_).value_or(cooldown);  // unknown is not over
  // What this process saw itself it knows by the boot-time clock: a step of the wall clock shortens nothing.
  if (succeeded_at_) left = std::max(left, cooldown - (deps_.clock->boot_now() - *succeeded_at_));
  if (left > 0ns) context.set_fact("cooldown_left_seconds", to_seconds(left));
}

Progress Engine::advance(RunContext& context) {
  if (context.unwritten && context.unwritten->state != RunState::kHeld) return write_outcome(context);
  const auto table = failover_steps();
  if (context.row >= table.size()) return end(context, RunState::kSucceeded, "", false);
  const Step& step = table[context.row];
  context.row_started = deps_.clock->boot_now();
  if (context.tried_row != context.row) context.row_began = context.row_started;
  nanoseconds limit = context.row == 0 ? deps_.cluster->failover.confirm_for : step.deadline;
  if (step.longer != nullptr) limit = std::max(limit, step.longer(context));
  // Tried again while it waits for a provider: the old primary must not come back unseen meanwhile.
  if (context.tried_row == context.row && step.care.holds) limit = std::min(limit, kTryAgainLimit);
  context.row_deadline = context.row_started + limit;
  context.run.step = step.name;
  return run_row(context, step);
}

Progress Engine::run_row(RunContext& context, const Step& step) {
  const StepStatus status = perform(context, step);
  if (!status) return settle(context, step, status.error());
  context.set_fact(fmt::format("seconds.{}", step.name),
                   to_seconds(deps_.clock->boot_now() - context.row_began));
  context.told_waiting = false;
  context.run.state = RunState::kRunning;  // a run that was held on its way forward moves again
  context.unwritten.reset();
  if (!record(context, step.name, StepEvent::kDone, "verified")) return Progress::kWaiting;
  log_info("step done", {{"cluster", context.run.cluster},
                         {"run", context.run.id},
                         {"step", step.name},
                         {"seconds", to_seconds(deps_.clock->boot_now() - context.row_began)}});
  // Each write waits for the disk while the service is down, so the run is written when its own fields
  // changed.
  const RunRecord& known = context.written;
  const bool changed = known.epoch != context.run.epoch || known.candidate != context.run.candidate ||
                       known.promoting != context.run.promoting || known.state != context.run.state;
  if (changed && !update(context)) return Progress::kWaiting;
  ++context.row;
  return context.row < failover_steps().size() ? Progress::kAdvanced
                                               : end(context, RunState::kSucceeded, "", false);
}

// Asked before every row and before every effect up to the point of no return. Before the claim nothing was
// done, so the run may be tried again by itself when a person has cleared the latch.
StepStatus Engine::not_latched(RunContext& context) {
  if (context.run.promoting) return {};
  const auto latched = rows::why_latched(deps_);
  if (!latched) return {};
  if (latched->reason != ObstacleReason::kLatched) return stop("{}", kJournalGone);
  return stop_as(context.run.epoch == 0 ? Ending::kRefuse : Ending::kHold, "{}", latched->text);
}

StepStatus Engine::perform(RunContext& context, const Step& step) {
  if (auto free = not_latched(context); !free) return free;
  if (step.precondition)
    if (auto fine = step.precondition(context); !fine) return fine;
  if (step.already_done) {
    const StepCheck done = step.already_done(context);
    if (!done) return tl::unexpected<Stop>(done.error());
    if (*done) {
      if (!record(context, step.name, StepEvent::kAlreadyDone, std::string(step.done_when)))
        return stop("{}", kJournalGone);
      return step.verify(context);
    }
  }
  if (step.act) {
    if (auto free = not_latched(context); !free) return free;
    // Nothing is touched before its intent is on the disk. It is there already when a row on the way forward
    // is tried again and again, for days perhaps.
    if (context.tried_row != context.row &&
        !record(context, step.name, StepEvent::kIntent, std::string(step.effect)))
      return stop("{}", kJournalGone);
    if (step.point_of_no_return) context.run.promoting = true;
    if (auto acted = step.act(context); !acted) return acted;
  }
  return step.verify(context);
}

// A row could not go on: what becomes of the run is said by the row, or by the stop itself.
Progress Engine::settle(RunContext& context, const Step& step, const Stop& stop) {
  if (stop.why == kJournalGone) return wait_for_journal(context);
  if (stop.ending == Ending::kWait && context.run.promoting && context.run.state == RunState::kRunning)
    return wait(context, step, stop);
  const bool again = context.tried_row == context.row && context.tried_why == stop.why;
  if (!again)
    log_warn("step cannot go on", {{"cluster", context.run.cluster},
                                   {"run", context.run.id},
                                   {"step", step.name},
                                   {"reason", stop.why}});
  if (!again && !record(context, step.name, StepEvent::kFailed, stop.why)) return Progress::kWaiting;
  if (step.on_failure == OnFailure::kNote) {
    ++context.row;
    return Progress::kAdvanced;
  }
  if (context.run.promoting) {
    context.tried_row = context.row;
    context.tried_why = stop.why;
    return hold(context, stop);
  }
  const Ending ending =
      stop.ending.value_or(step.on_failure == OnFailure::kRefuse ? Ending::kRefuse : Ending::kHold);
  if (!put_back(context))
    return hold(context, {stop.why + "; not everything could be put back yet", Ending::kHold, stop.needs});
  if (ending == Ending::kHold) return hold(context, stop);
  return end(context, RunState::kRefused, stop.why, ending == Ending::kRefuse);
}

// What takes its time is neither a failure nor held: nobody is called for it. Written down once.
Progress Engine::wait(RunContext& context, const Step& step, const Stop& stop) {
  if (context.tried_row != context.row) {
    log_info("step waits", {{"cluster", context.run.cluster},
                            {"run", context.run.id},
                            {"step", step.name},
                            {"reason", stop.why}});
    if (!record(context, step.name, StepEvent::kIntent, stop.why)) return Progress::kWaiting;
  }
  context.tried_row = context.row;
  context.tried_why.clear();  // once it waited long enough, the same is told as a failure
  return Progress::kWaiting;
}

Progress Engine::hold(RunContext& context, const Stop& stop) {
  // What a person permitted already is asked for again with what came up since: the next approval must carry
  // both, or each would be held for the other.
  std::string needs = stop.needs;
  for (const std::string_view what : kEveryPermit)
    if (!needs.empty() && context.permitted(what) && needs.find(what) == std::string::npos)
      needs += fmt::format(",{}", what);
  context.set_fact("needs", needs);
  context.set_fact("shown_loss_bytes", context.fact("predicted_loss_lower_bytes").value_or(""));
  if (!context.run.promoting) {
    context.clear_permissions();
    context.set_fact("permit_given", std::string());
  }
  return end(context, RunState::kHeld, stop.why, false);
}

bool Engine::put_back(RunContext& context) {
  bool complete = true;
  const BootTime deadline = deps_.clock->boot_now() + kPutBackLimit;
  for (PostgresServer* server : context.deps.servers) {
    const std::string name = rows::kSavedPrefix + server->name();
    const auto saved = context.fact(name);
    if (!saved) continue;
    const auto settings = settings_from_text(*saved);
    const Status restored =
        settings ? server->restore_settings(*settings, deadline) : Status(tl::unexpect, settings.error());
    if (!restored) {
      complete = false;
      continue;
    }
    context.set_fact(name, std::string());
    context.set_fact("cut." + server->name(), std::string());
    complete &= record(context, "put_back", StepEvent::kUndone, "settings of " + server->name() + " are back")
                    .has_value();
  }
  return complete && give_claim_back(context);
}

bool Engine::give_claim_back(RunContext& context) {
  // Asked of the journal: a crash can lie between taking the claim and writing down its number.
  const auto claim = deps_.journal->claim(context.run.cluster);
  if (!claim) return false;
  if (!*claim || (*claim)->run_id != context.run.id) return true;
  if (!deps_.journal->release_claim(context.run.cluster, context.run.id)) return false;
  context.run.epoch = 0;
  context.set_fact("claimed_epoch", std::string());
  return record(context, "put_back", StepEvent::kUndone, "the claim is given back").has_value();
}

Status Engine::abandon(RunContext& context, const std::string& by) {
  if (context.run.promoting)
    return fail(ErrorCode::kConflict,
                "run {} is past the point of no return: it only goes forward (retry it)", context.run.id);
  if (!put_back(context))
    return fail(ErrorCode::kUnavailable, "not everything could be put back yet; the run stays held");
  if (end(context, RunState::kRefused, "abandoned by " + by, false) != Progress::kEnded)
    return fail(ErrorCode::kUnavailable, "{}", kJournalGone);
  return {};
}

Status Engine::record(RunContext& context, std::string_view step, StepEvent event,
                      const std::string& detail) {
  StepRecord entry;
  entry.run_id = context.run.id;
  entry.attempt = context.attempt;
  entry.step = step;
  entry.event = event;
  entry.at = deps_.clock->wall_now();
  entry.detail = detail;
  entry.facts = context.take_new_facts();
  Status written = deps_.journal->record_step(entry);
  if (!written)  // the facts stay to be written with the next record
    for (auto& [name, value] : entry.facts) context.set_fact(name, value);
  return written;
}

}  // namespace farshore
