// Rows that look and decide, before anything is touched: confirm_outage, admit, take_claim.
#include <algorithm>

#include "actuator/failover/adoption.h"
#include "actuator/failover/evidence.h"
#include "actuator/failover/rows.h"
#include "common/postgres/loss.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kLookEvery = 50ms;
constexpr nanoseconds kLookLimit = 1s;
constexpr nanoseconds kVotesComeWithin = 2s;  // of a primary that answers
constexpr nanoseconds kProbeLimit = 2s;
constexpr nanoseconds kSickFor = 1s;  // one write that hangs is no sickness

// What still stands in the way of "the primary is lost"; empty = all agree.
struct Agreement {
  bool alive = false;
  std::string open;
  std::string sick;  // it answers, and cannot commit: why
};

// It answers, and yet the alert fires: a write tells a healthy primary, whose monitoring is lost, from one
// that serves nobody.
Agreement alive_or_sick(RunContext& context, const Evidence& own, const VoteEvidence& votes) {
  if (!votes.quorum) {
    const bool may_come = votes.firing + votes.unknown >= context.deps.votes->quorum() &&
                          context.clock().boot_now() - context.row_started < kVotesComeWithin;
    return {!may_come, own.why, ""};
  }
  PostgresServer* primary = context.server(context.old_primary());
  const BootTime deadline = std::min(context.row_deadline, context.clock().boot_now() + kProbeLimit);
  const auto probe = primary ? primary->probe_write(deadline)
                             : Result<WriteProbe>(fail(ErrorCode::kNotFound, "it is not in the topology"));
  if (!probe)
    return {true,
            fmt::format("{} (whether it commits could not be told: {})", own.why, probe.error().message), ""};
  if (probe->commits) return {true, own.why + " and commits", ""};
  return {false, own.why, fmt::format("{} answers but cannot commit: {}", context.old_primary(), probe->why)};
}

// S7 is about a primary that may be healthy. One that is sick, twice, may be fenced when that is configured
// or permitted by a person, who is asked for everything at once.
StepStatus judge_sick(RunContext& context, const std::string& why) {
  context.set_fact("sick", why);
  const bool automatic = context.deps.cluster->failover.on_sick == OnSick::kAutomatic;
  if (automatic || context.permitted(kPermitSick)) {
    context.set_fact("outage_evidence", why);
    return {};
  }
  std::string needs(kPermitSick);
  for (const Need& need : needed_permissions(context, std::nullopt))
    if (need.permit != kPermitLoss) needs += fmt::format(",{}", need.permit);
  return tl::unexpected<Stop>(
      Stop{why + "; mend it there, or approve to fence it and fail over", Ending::kHold, needs});
}

Agreement ask_everyone(RunContext& context) {
  const Evidence own = own_evidence(context);
  const VoteEvidence votes =
      vote_evidence(context.deps.votes->latest(context.run.cluster), context.deps.votes->quorum());
  if (votes.quorum && !context.fact("quorum_wait_seconds")) {
    // Not the time for which the run was held and waited for a person.
    context.set_fact("quorum_wait_seconds", to_seconds(context.fact("was_held") ? context.clock().boot_now() -
                                                                                      context.attempt_started
                                                                                : context.since_accepted()));
  }
  if (own.life == Life::kAlive) return alive_or_sick(context, own, votes);
  if (own.life == Life::kUnknown) return {false, own.why, ""};
  if (votes.live_primary) return {false, "a vantage saw the primary alive within the last 3 s", ""};
  if (!votes.quorum)
    return {
        false,
        fmt::format("the alert fires at {} of the Prometheus servers ({} say no, {} unknown), {} are needed",
                    votes.firing, votes.not_firing, votes.unknown, context.deps.votes->quorum()),
        ""};
  const BootTime looked_at = context.clock().boot_now();
  const Evidence heard =
      receiver_evidence(context, look_at(context, context.standbys(), kLookLimit), looked_at);
  if (heard.life == Life::kAlive) return {true, heard.why, ""};
  if (heard.life == Life::kUnknown) return {false, heard.why, ""};
  context.set_fact("outage_evidence",
                   fmt::format("{}; {} Prometheus servers; {}", own.why, votes.firing, heard.why));
  return {};
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

// Everything a person would have to permit, asked for at once; also voids permissions when the facts got
// worse.
StepStatus check_permissions(RunContext& context, const std::optional<PredictedLoss>& loss) {
  if (context.fact("permit_given")) {
    const auto shown = context.number("shown_loss_bytes");
    const bool worse = !loss || (shown && static_cast<double>(loss->lower_bytes) > *shown);
    if (worse && context.number("shown_loss_bytes")) {
      context.clear_permissions();
      context.set_fact("permit_given", std::string());
    }
  }
  std::vector<std::string> needs, why;
  for (const Need& need : needed_permissions(context, loss)) {
    if (context.permitted(need.permit)) continue;
    needs.emplace_back(need.permit);
    why.push_back(need.hindrance.text);
  }
  if (needs.empty()) return {};
  return tl::unexpected<Stop>(
      Stop{"a person must approve: " + join(why, "; "), Ending::kHold, join(needs, ",")});
}

}  // namespace

// ---- 1 confirm_outage ----

StepStatus may_act(RunContext& context) {
  const auto why_not = why_not_act(context.deps);
  if (!why_not) return {};
  return stop_as(why_not->reason == ObstacleReason::kModeOff ? Ending::kRefuseFinal : Ending::kRefuse, "{}",
                 why_not->text);
}

StepStatus confirm_outage(RunContext& context) {
  context.set_fact("sick", std::string());
  remember_last_sight(context);  // again: a later attempt may have seen it since
  context.deps.votes->watch(context.run.cluster, context.run.from_epoch, context.old_primary());
  context.deps.view->look_now();
  BootTime well_at = context.clock().boot_now();  // when it was last not seen sick
  while (true) {
    // Again each time: the second region's alert may come while this one is being confirmed.
    if (auto fine = may_act(context); !fine) return fine;
    const Agreement agreement = ask_everyone(context);
    const BootTime now = context.clock().boot_now();
    if (agreement.sick.empty()) well_at = now;
    if (now - well_at >= kSickFor) return judge_sick(context, agreement.sick);
    if (agreement.alive) return stop_as(Ending::kRefuse, "the primary is alive: {}", agreement.open);
    if (agreement.open.empty()) return {};
    if (context.clock().boot_now() + kLookEvery > context.row_deadline)
      return stop_as(Ending::kRefuse, "not confirmed within {:.0f} s: {}",
                     to_seconds(context.row_deadline - context.row_started), agreement.open);
    context.clock().sleep_for(kLookEvery);
  }
}

// ---- 2 admit ----

namespace {

bool has_time_to_look(const RunContext& context) {
  return context.deps.clock->boot_now() + kLookLimit + kLookEvery <= context.row_deadline;
}

// One that did not answer row 1 may do so now, and have heard the primary (S7).
Evidence heard_by(const RunContext& context, const std::vector<LookResult>& looks, BootTime looked_at) {
  const bool readable =
      std::ranges::any_of(looks, [](const LookResult& each) { return each.look.has_value(); });
  if (!readable || context.fact("sick")) return {Life::kSilent, ""};
  return receiver_evidence(context, looks, looked_at);
}

bool one_did_not_answer(const Admission& found) {
  return std::ranges::any_of(found.unfit, [](const auto& each) {
    return each.second.reason == ObstacleReason::kStandbyUnreachable;
  });
}

// Looks until a standby is fit and none has heard the primary. One may only be slow to answer: before none is
// said to be fit, those that did not are asked again.
StepStatus look_for_candidates(RunContext& context, Admission& found) {
  while (true) {
    const BootTime looked_at = context.clock().boot_now();
    const std::vector<LookResult> looks = look_at(context, context.standbys(), kLookLimit);
    if (const auto behind = why_journal_is_behind(looks, context.reign, std::nullopt))
      return stop_as(Ending::kRefuseFinal, "{}", *behind);
    const Evidence heard = heard_by(context, looks, looked_at);
    if (heard.life == Life::kAlive) return stop_as(Ending::kRefuse, "the primary is alive: {}", heard.why);
    found = admission(context, looks);
    const bool doubted = heard.life == Life::kUnknown;
    if (!doubted && (!found.best.empty() || !one_did_not_answer(found))) return {};
    if (!has_time_to_look(context))
      return doubted ? stop_as(Ending::kRefuse, "not confirmed: {}", heard.why) : StepStatus();
    context.clock().sleep_for(kLookEvery);
  }
}

}  // namespace

StepStatus admit(RunContext& context) {
  Admission found;
  if (auto looked = look_for_candidates(context, found); !looked) return looked;
  std::vector<std::string> reasons;
  for (const auto& [name, why_not] : found.unfit) {
    reasons.push_back(fmt::format("{}: {}", name, why_not.text));
    context.set_fact("not_eligible." + name, why_not.text);
  }
  if (found.best.empty())
    return stop("no standby can be promoted: {}", reasons.empty() ? "there is none" : join(reasons, "; "));
  context.set_fact("best_candidate", found.best);
  if (found.best_loss) record_loss(context, *found.best_loss);
  return check_permissions(context, found.best_loss);
}

// ---- 3 take_claim ----

StepStatus take_claim(RunContext& context) {
  const auto epoch =
      context.deps.journal->take_claim(context.run.cluster, context.run.from_epoch, context.run.id);
  if (!epoch) {
    if (epoch.error().code == ErrorCode::kConflict)
      return stop_as(Ending::kRefuse, "the claim is not to be had: {}", epoch.error().message);
    return stop("the claim could not be written: {}", epoch.error().message);
  }
  context.run.epoch = *epoch;
  context.set_fact("claimed_epoch", std::to_string(*epoch));
  return {};
}

StepStatus claim_is_ours(RunContext& context) {
  const auto claim = context.deps.journal->claim(context.run.cluster);
  if (!claim) return stop("the claim could not be read back: {}", claim.error().message);
  if (!*claim || (*claim)->run_id != context.run.id || (*claim)->epoch != context.run.epoch)
    return stop(
        "the claim on epoch {} is not ours any more: another run or actuator took it, see 'farshorectl runs'",
        context.run.epoch);
  return {};
}

}  // namespace farshore::rows
