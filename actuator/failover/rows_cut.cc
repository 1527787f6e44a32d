// Rows that make it impossible for the old primary to write or to feed anybody: fence_old_primary,
// cut_streams.
#include <algorithm>

#include "actuator/failover/evidence.h"
#include "actuator/failover/rows.h"
#include "actuator/failover/settings_text.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kPollEvery = 5ms;
constexpr nanoseconds kLookLimit = 1s;
constexpr nanoseconds kAskAgainEvery = 1s;
constexpr nanoseconds kPollSlowFence = 250ms;  // providers limit the rate, and the wait may be minutes

// The standbys whose settings this run has saved, which are the ones it cuts.
std::vector<PostgresServer*> saved_standbys(const RunContext& context) {
  std::vector<PostgresServer*> found;
  for (PostgresServer* server : context.standbys())
    if (context.fact(kSavedPrefix + server->name())) found.push_back(server);
  return found;
}

std::vector<PostgresServer*> candidates(const RunContext& context) {
  std::vector<PostgresServer*> found = saved_standbys(context);
  std::erase_if(found, [&](const PostgresServer* server) {
    return context.fact(kCutOnlyPrefix + server->name()).has_value();
  });
  return found;
}

}  // namespace

// ---- 5 fence_old_primary ----

// A pause ends the run here at the latest: once a fence was asked, going forward is what ends the outage.
StepStatus may_fence(RunContext& context) {
  if (auto fine = may_act(context); !fine) return fine;
  return still_silent(context);
}

StepStatus still_silent(RunContext& context) {
  if (context.fact("sick")) {  // not silent: what counts is whether it commits again
    const auto probe =
        context.server(context.old_primary())
            ->probe_write(std::min(context.row_deadline, context.clock().boot_now() + 2 * kLookLimit));
    if (probe && probe->commits)
      return stop_as(Ending::kRefuse, "{} was sick and commits again", context.old_primary());
    return {};
  }
  const Evidence own = own_evidence(context);
  if (own.life == Life::kAlive) return stop_as(Ending::kRefuse, "the primary came back: {}", own.why);
  return {};
}

StepCheck is_fenced(RunContext& context) { return isolation_proof(context).has_value(); }

namespace {

// Rungs are tried side by side, aside from the row: what they answer proves nothing, fence_holds looks, and
// one that hangs must keep nobody from the proof of another.
void ask_rung(RunContext& context, Fence& rung) {
  context.asked.begin(*context.deps.parallel, rung,
                      [&rung, deadline = context.row_deadline, clock = &context.clock()] {
                        const Status status = rung.isolate(deadline);
                        return RunContext::FenceAnswer{status, clock->boot_now()};
                      });
}

// Those that refused are asked again: what kept them (another job on the machine) passes. Looks first, as
// before the first asking. A pause or a latch since then asks nobody else any more.
void ask_refused_again(RunContext& context) {
  std::vector<Fence*> refused;
  for (Fence* rung : fences_of_old_primary(context)) {
    const auto* answer = context.asked.answer(*rung);
    if (answer && !answer->status && context.clock().boot_now() - answer->at >= kAskAgainEvery)
      refused.push_back(rung);
  }
  if (refused.empty() || !still_silent(context) || !may_act(context)) return;
  for (Fence* rung : refused) ask_rung(context, *rung);
}

}  // namespace

StepStatus fence(RunContext& context) {
  // Again: reading the proof before this may have taken seconds, and the primary may be back since.
  if (auto silent = still_silent(context); !silent) return silent;
  for (Fence* rung : fences_of_old_primary(context)) ask_rung(context, *rung);
  return {};
}

// A machine takes its time to go off; the row waits as long as the slowest fence says.
nanoseconds fence_limit(const RunContext& context) {
  nanoseconds limit{0};
  for (const Fence* fence : fences_of_old_primary(context)) limit = std::max(limit, fence->settles_within());
  return limit;
}

StepStatus fence_holds(RunContext& context) {
  const nanoseconds until_now = exposure(context);
  while (!fences_of_old_primary(context).empty()) {
    const auto proof = isolation_proof(context);
    if (proof) {
      context.set_fact("fence_grade", proof->grade);
      context.set_fact("fence_evidence", proof->evidence);
      context.set_fact(kept_out_fact(context.old_primary()), proof->evidence);
      context.set_fact("exposure_seconds", to_seconds(exposure(context)));
      context.set_fact("fenced_at", format_rfc3339(context.clock().wall_now()));
      context.fenced_since = context.clock().boot_now();
      return {};
    }
    if (auto silent = still_silent(context); !silent) {  // back before a fence took effect
      // A run that ends must not stop it afterwards: what was asked for happens now, or not at all.
      if (!context.asked.is_any_out()) return silent;
      context.asked.wait();
      continue;
    }
    // A look cut short by the deadline would only say so, and not why there is no proof.
    const bool waits = !context.permitted(kPermitProof) || context.asked.is_any_out();
    if (waits && context.clock().boot_now() + kTimeForALook < context.row_deadline) {
      context.clock().sleep_for(fence_limit(context) > 0ns ? kPollSlowFence : kPollEvery);
      ask_refused_again(context);
      continue;
    }
    if (context.permitted(kPermitProof)) break;
    return tl::unexpected<Stop>(
        Stop{fmt::format("no proof that {} cannot write: {}", context.old_primary(), proof.error().said),
             Ending::kHold, std::string(kPermitProof)});
  }
  if (!context.permitted(kPermitProof))
    return tl::unexpected<Stop>(
        Stop{fmt::format("{} has no fence: nothing can prove that it cannot write", context.old_primary()),
             Ending::kHold, std::string(kPermitProof)});
  context.set_fact("fence_grade", "none: approved by " + *context.fact("permit.proof"));
  context.set_fact("exposure_seconds", to_seconds(until_now));
  context.fenced_since = context.clock().boot_now();
  return {};
}

// ---- 6 cut_streams ----

std::string why_not_cut(const ServerLook& look) {
  if (!look.primary_conninfo.empty()) return "its primary_conninfo is still in effect";
  if (!look.restore_command.empty())
    return "its restore_command is still in effect (before PostgreSQL 14 only a restart changes it)";
  if (!look.facts.receiver) return {};
  if (!look.replay_blockers.empty())
    return fmt::format("its WAL receiver goes on while replay waits for {}: end it there",
                       look.replay_blockers);
  return "its WAL receiver goes on";
}

std::vector<Result<SavedSettings>> read_settings_of(const RunContext& context,
                                                    const std::vector<PostgresServer*>& servers) {
  std::vector<Result<SavedSettings>> read(servers.size(), Result<SavedSettings>(SavedSettings()));
  std::vector<std::function<void()>> tasks;
  const BootTime deadline = std::min(context.row_deadline, context.clock().boot_now() + kLookLimit);
  for (size_t i = 0; i < servers.size(); ++i)
    tasks.emplace_back([&, i] { read[i] = servers[i]->read_settings(deadline); });
  context.deps.parallel->run(std::move(tasks));
  return read;
}

StepStatus save_settings(RunContext& context) {
  std::vector<PostgresServer*> standbys;
  for (PostgresServer* server : context.standbys())  // what an earlier attempt saved is cut now
    if (!context.fact(kSavedPrefix + server->name())) standbys.push_back(server);
  const auto read = read_settings_of(context, standbys);
  for (size_t i = 0; i < standbys.size(); ++i) {
    const std::string uncut = kUncutPrefix + standbys[i]->name();
    if (!read[i])
      context.set_fact(uncut, read[i].error().message);
    else if (context.fact(uncut))  // by an earlier attempt
      context.set_fact(uncut, std::string());
    if (read[i] && !read[i]->empty())
      context.set_fact(kSavedPrefix + standbys[i]->name(), settings_to_text(*read[i]));
  }
  if (!saved_standbys(context).empty()) return {};
  std::string why;
  for (size_t i = 0; i < standbys.size(); ++i)
    if (!read[i])
      why += fmt::format("{}{}: {}", why.empty() ? "" : "; ", standbys[i]->name(), read[i].error().message);
  return stop("no standby's settings could be read, so none can be cut: {}",
              why.empty() ? "none has any to save" : why);
}

// Every standby is cut; only those that may be promoted are made to replay all they hold. A delayed one keeps
// its delay, and one whose settings are too low for its WAL would be stopped by a resume.
StepStatus cut_streams(RunContext& context) {
  std::vector<std::function<void()>> tasks;
  std::string unfit;
  for (const LookResult& result : look_at(context, saved_standbys(context), kLookLimit)) {
    const std::string& name = result.server->name();
    const auto why_not = not_eligible(context, result);
    context.set_fact(kCutOnlyPrefix + name, why_not ? why_not->text : "");
    if (why_not) unfit += fmt::format("{}{} {}", unfit.empty() ? "" : "; ", name, why_not->text);
    const bool push = !why_not && primary_minimums(context).has_value();
    // Not paused again when the run is held: a paused standby would not even begin to stream again.
    if (push && result.look->facts.replay_paused.value_or(false))
      context.set_fact("resumed." + name, std::string("its replay was paused"));
    tasks.emplace_back([server = result.server, push, &context] {
      const Status cut = server->cut_streams(context.row_deadline);
      if (cut && push) (void)server->push_replay(context.row_deadline);
    });
  }
  if (candidates(context).empty()) return stop("no standby can be promoted any more: {}", unfit);
  context.deps.parallel->run(std::move(tasks));
  return {};
}

namespace {

struct CutLook {
  size_t cut = 0;            // of those that may be promoted
  std::string waits, noted;  // who is not cut, and why: may be promoted; may not
};

CutLook look_for_cuts(RunContext& context, const std::vector<PostgresServer*>& saved) {
  CutLook found;
  for (const LookResult& result : look_at(context, saved, kLookLimit)) {
    const std::string& name = result.server->name();
    const std::string why_not = result.look ? why_not_cut(*result.look) : result.error;
    context.load_fact("cut." + name, why_not.empty() ? "yes" : "");
    const bool candidate = !context.fact(kCutOnlyPrefix + name);
    found.cut += candidate && why_not.empty();
    std::string& open = candidate ? found.waits : found.noted;
    if (!why_not.empty()) open += fmt::format("{}{}: {}", open.empty() ? "" : "; ", name, why_not);
  }
  return found;
}

}  // namespace

// Waits for those that may be promoted; another one that is not cut is noted.
StepStatus streams_are_cut(RunContext& context) {
  const std::vector<PostgresServer*> saved = saved_standbys(context);
  const size_t hoped_for = candidates(context).size();
  CutLook found = look_for_cuts(context, saved);
  while (found.cut < hoped_for && context.clock().boot_now() + kTimeForALook < context.row_deadline) {
    context.clock().sleep_for(kPollEvery);
    found = look_for_cuts(context, saved);
  }
  if (found.cut == 0) return stop("no stream could be cut: {}", found.waits);
  for (PostgresServer* server : saved)
    context.set_fact("cut." + server->name(), context.fact("cut." + server->name()).value_or(""));
  const std::string between = found.waits.empty() || found.noted.empty() ? "" : "; ";
  if (!found.waits.empty() || !found.noted.empty())
    context.set_fact("not_cut", found.waits + between + found.noted);
  return {};
}

}  // namespace farshore::rows
