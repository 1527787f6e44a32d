// Rows that look and decide, before anything is touched: confirm_outage, admit, take_claim.
#include <algorithm>

#include "actuator/failover/adoption.h"
#include "actuator/failover/evidence.h"
#include "actuator/failover/loss.h"
#include "actuator/failover/rows.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kLookEvery = 50ms;
constexpr nanoseconds kLookLimit = 1s;

// What still stands in the way of "the primary is lost"; empty = all agree.
struct Agreement {
  bool alive = false;
  std::string open;
};

Agreement ask_everyone(RunContext& context) {
  const Evidence own = own_evidence(context);
  if (own.life == Life::kAlive) return {true, own.why};
  const VoteEvidence votes =
      vote_evidence(context.deps.votes->latest(context.run.cluster), context.deps.votes->quorum());
  if (votes.quorum && !context.fact("quorum_wait_seconds"))
    context.set_fact("quorum_wait_seconds", to_seconds(context.since_accepted()));
  if (own.life == Life::kUnknown) return {false, own.why};
  if (votes.live_primary) return {false, "a vantage saw the primary alive within the last 3 s"};
  if (!votes.quorum)
    return {
        false,
        fmt::format("the alert fires at {} of the Prometheus servers ({} say no, {} unknown), {} are needed",
                    votes.firing, votes.not_firing, votes.unknown, context.deps.votes->quorum())};
  const BootTime looked_at = context.clock().boot_now();
  const Evidence heard =
      receiver_evidence(context, look_at(context, context.standbys(), kLookLimit), looked_at);
  if (heard.life == Life::kAlive) return {true, heard.why};
  if (heard.life == Life::kUnknown) return {false, heard.why};
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
  remember_last_sight(context);  // again: a later attempt may have seen it since
  context.deps.votes->watch(context.run.cluster, context.run.from_epoch, context.old_primary());
  context.deps.view->look_now();
  while (true) {
    // Again each time: the second region's alert may come while this one is being confirmed.
    if (auto fine = may_act(context); !fine) return fine;
    const Agreement agreement = ask_everyone(context);
    if (agreement.alive) return stop_as(Ending::kRefuse, "the primary is alive: {}", agreement.open);
    if (agreement.open.empty()) return {};
    if (context.clock().boot_now() + kLookEvery > context.row_deadline)
      return stop_as(Ending::kRefuse, "not confirmed within {:.0f} s: {}",
                     to_seconds(context.row_deadline - context.row_started), agreement.open);
    context.clock().sleep_for(kLookEvery);
  }
}

// ---- 2 admit ----

StepStatus admit(RunContext& context) {
  const std::vector<LookResult> looks = look_at(context, context.standbys(), kLookLimit);
  if (const auto behind = why_journal_is_behind(looks, context.reign, std::nullopt))
    return stop_as(Ending::kRefuseFinal, "{}", *behind);
  const Admission found = admission(context, looks);
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
