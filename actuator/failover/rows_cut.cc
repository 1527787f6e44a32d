// Rows that make it impossible for the old primary to write or to feed anybody: fence_old_primary,
// cut_streams; and the choice that follows, when positions no longer move.
#include <algorithm>

#include "actuator/failover/evidence.h"
#include "actuator/failover/rows.h"
#include "actuator/failover/settings_text.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kPollEvery = 5ms;
constexpr nanoseconds kLookLimit = 1s;
constexpr nanoseconds kAtRest = 1s;

bool is_cut(const ServerLook& look) {
  return look.primary_conninfo.empty() && look.restore_command.empty() && !look.facts.receiver;
}

// The standbys whose settings this run has saved, which are the ones it cuts.
std::vector<PostgresServer*> saved_standbys(const RunContext& context) {
  std::vector<PostgresServer*> found;
  for (PostgresServer* server : context.standbys())
    if (context.fact(kSavedPrefix + server->name())) found.push_back(server);
  return found;
}

}  // namespace

// ---- 5 fence_old_primary ----

StepStatus still_silent(RunContext& context) {
  const Evidence own = own_evidence(context);
  if (own.life == Life::kAlive) return stop_as(Ending::kRefuse, "the primary came back: {}", own.why);
  return {};
}

StepCheck is_fenced(RunContext& context) { return isolation_proof(context).has_value(); }

StepStatus fence(RunContext& context) {
  // Rungs are tried side by side; what they answer proves nothing, fence_holds looks.
  std::vector<std::function<void()>> tasks;
  for (Fence* rung : fences_of_old_primary(context))
    tasks.emplace_back([rung, &context] { (void)rung->isolate(context.row_deadline); });
  context.deps.parallel->run(std::move(tasks));
  return {};
}

StepStatus fence_holds(RunContext& context) {
  const nanoseconds until_now = exposure(context);
  while (!fences_of_old_primary(context).empty()) {
    const auto proof = isolation_proof(context);
    if (proof) {
      context.set_fact("fence_grade", proof->grade);
      context.set_fact("fence_evidence", proof->evidence);
      context.set_fact("exposure_seconds", to_seconds(exposure(context)));
      context.set_fact("fenced_at", format_rfc3339(context.clock().wall_now()));
      return {};
    }
    if (context.clock().boot_now() + kPollEvery < context.row_deadline && !context.permitted(kPermitProof)) {
      context.clock().sleep_for(kPollEvery);
      continue;
    }
    if (context.permitted(kPermitProof)) break;
    return tl::unexpected<Stop>(
        Stop{fmt::format("no proof that {} cannot write: {}", context.old_primary(), proof.error()),
             Ending::kHold, std::string(kPermitProof)});
  }
  if (!context.permitted(kPermitProof))
    return tl::unexpected<Stop>(
        Stop{fmt::format("{} has no fence: nothing can prove that it cannot write", context.old_primary()),
             Ending::kHold, std::string(kPermitProof)});
  context.set_fact("fence_grade", "none: approved by " + *context.fact("permit.proof"));
  context.set_fact("exposure_seconds", to_seconds(until_now));
  return {};
}

// ---- 6 cut_streams ----

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
    if (!read[i])
      context.set_fact("uncut." + standbys[i]->name(), read[i].error().message);
    else if (!read[i]->empty())
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

StepStatus cut_streams(RunContext& context) {
  std::vector<std::function<void()>> tasks;
  for (PostgresServer* server : saved_standbys(context))
    tasks.emplace_back([server, &context] { (void)server->cut_streams(context.row_deadline); });
  context.deps.parallel->run(std::move(tasks));
  return {};
}

StepStatus streams_are_cut(RunContext& context) {
  const std::vector<PostgresServer*> waiting_for = saved_standbys(context);
  std::string open;
  while (true) {
    size_t cut = 0;
    open.clear();
    for (const LookResult& result : look_at(context, waiting_for, kLookLimit)) {
      const bool done = result.look && is_cut(*result.look);
      cut += done;
      context.load_fact("cut." + result.server->name(), done ? "yes" : "");
      if (!done) open += fmt::format("{}{}", open.empty() ? "" : ", ", result.server->name());
    }
    if (open.empty()) break;
    const bool late = context.clock().boot_now() + kPollEvery >= context.row_deadline;
    if (late && cut == 0)
      return stop(
          "the streams of {} could not be cut: primary_conninfo, restore_command or a WAL receiver is still "
          "there",
          open);
    if (late) break;
    context.clock().sleep_for(kPollEvery);
  }
  for (PostgresServer* server : waiting_for)
    context.set_fact("cut." + server->name(), context.fact("cut." + server->name()).value_or(""));
  if (!open.empty()) context.set_fact("not_cut", open);
  return {};
}

// ---- 7 choose_candidate ----

namespace {

// Replay rests when everything received is replayed, or, with a torn last record, when it has not moved for a
// second while the startup process waits for more WAL (F11).
bool rests(const ServerLook& look, std::optional<Lsn> before, nanoseconds unmoved) {
  const auto& facts = look.facts;
  if (!facts.replay || facts.replay_paused.value_or(false)) return false;
  if (facts.receive && *facts.receive == *facts.replay && look.startup_wait_event != "RestoreCommand")
    return true;
  const bool waits = look.startup_wait_event == "RecoveryWalStream" ||
                     look.startup_wait_event == "RecoveryRetrieveRetryInterval";
  return waits && before == facts.replay && unmoved >= kAtRest;
}

std::vector<PostgresServer*> cut_standbys(const RunContext& context) {
  std::vector<PostgresServer*> found;
  for (PostgresServer* server : context.standbys())
    if (context.fact("cut." + server->name())) found.push_back(server);
  return found;
}

// One look at all candidates: the choice when all eligible ones rest.
std::optional<Choice> choose_at_rest(RunContext& context,
                                     std::map<std::string, std::pair<Lsn, BootTime>>& seen,
                                     std::string& why_not) {
  std::optional<Choice> best;
  bool moving = false;
  why_not.clear();
  for (const LookResult& result : look_at(context, cut_standbys(context), kLookLimit)) {
    const std::string& name = result.server->name();
    const auto unfit = not_eligible(context, result);
    std::string reason = unfit ? unfit->text : "";
    if (!unfit && !is_cut(*result.look)) reason = "its stream is not cut any more";
    if (!reason.empty()) {
      why_not += fmt::format("{}{}: {}", why_not.empty() ? "" : "; ", name, reason);
      continue;
    }
    const Lsn replay = result.look->facts.replay.value_or(Lsn());
    const BootTime now = context.clock().boot_now();
    auto [entry, fresh] = seen.try_emplace(name, replay, now);
    if (entry->second.first != replay) entry->second = {replay, now};
    if (!rests(*result.look, fresh ? std::nullopt : std::optional(replay), now - entry->second.second)) {
      moving = true;
      why_not += fmt::format("{}{}: replay does not rest yet", why_not.empty() ? "" : "; ", name);
      continue;
    }
    const Choice choice = choice_of(context, result.server, replay);
    if (!best || choice.better_than(*best)) best = choice;
  }
  return moving ? std::nullopt : best;
}

}  // namespace

StepStatus choose_candidate(RunContext& context) {
  std::map<std::string, std::pair<Lsn, BootTime>> seen;
  std::string why_not;
  std::optional<Choice> choice;
  while (!(choice = choose_at_rest(context, seen, why_not))) {
    if (context.clock().boot_now() + kPollEvery >= context.row_deadline)
      return stop("no standby can be chosen: {}", why_not.empty() ? "none is cut" : why_not);
    context.clock().sleep_for(kPollEvery);
  }
  const auto loss = loss_for(context, choice->lsn);
  if (loss) record_loss(context, *loss);
  if (auto beyond = loss_beyond_limit(context, loss); beyond && !context.permitted(kPermitLoss))
    return tl::unexpected<Stop>(Stop{beyond->text, Ending::kHold, std::string(kPermitLoss)});
  const ServerConfig* config = context.deps.cluster->find_server(choice->server->name());
  context.run.candidate = choice->server->name();
  context.run.region = config ? config->region : choice->server->region();
  context.set_fact("candidate", context.run.candidate);
  context.set_fact("fork_lsn", choice->lsn.to_string());
  return {};
}

}  // namespace farshore::rows
