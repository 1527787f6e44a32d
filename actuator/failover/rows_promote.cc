// Rows that make the new primary: promote (the point of no return) and prove_writable.
#include "actuator/failover/rows.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kPollEvery = 5ms;
constexpr nanoseconds kAskAgain = 300ms;  // PostgreSQL 15 can lose a promotion's wake-up and sleep 5 s
constexpr nanoseconds kProofFresh = 2s;
constexpr nanoseconds kLooksAgainFor = 8s;  // longer than one lost packet keeps a fence over ssh from knowing
constexpr nanoseconds kLookAgainEvery = 250ms;  // a provider's API that says at once that it knows nothing
constexpr nanoseconds kLookLimit = 1s;
constexpr nanoseconds kCandidateSilent = 10s;   // before it is asked: a hiccup of it is no reason to hold
constexpr nanoseconds kAnswerUnderWay = 100ms;  // sent before the fence, read after it

Result<ServerLook> look_at_candidate(RunContext& context) {
  PostgresServer* server = context.server(context.run.candidate);
  if (!server)
    return fail(ErrorCode::kNotFound, "the candidate '{}' is not in the topology", context.run.candidate);
  return server->look(std::min(context.row_deadline, context.clock().boot_now() + kLookLimit));
}

// The first look that is answered.
Result<ServerLook> look_patiently(RunContext& context) {
  const BootTime end = std::min(context.row_deadline, context.clock().boot_now() + kCandidateSilent);
  while (true) {
    auto look = look_at_candidate(context);
    if (look || context.clock().boot_now() + kPollEvery >= end) return look;
    context.clock().sleep_for(kPollEvery);
  }
}

std::string still_waited_for(const RunContext& context, const std::string& last) {
  return fmt::format(
      "{} was asked to promote and is not a primary yet ({}): bring it up, the run goes on by itself; nobody "
      "else may be promoted before it is fenced",
      context.run.candidate, last);
}

EpochRow probe_row(const RunContext& context) {
  return {context.run.cluster, context.run.epoch, context.run.candidate};
}

// Whatever the proof says: a server that answers is not isolated.
StepStatus silent_since_fenced(RunContext& context) {
  const auto snapshot = context.deps.view->snapshot();
  const ServerObservation* seen =
      snapshot ? snapshot->find(context.run.cluster, context.old_primary()) : nullptr;
  if (!seen || !seen->last_success || !context.fenced_since) return {};
  if (*seen->last_success <= *context.fenced_since + kAnswerUnderWay) return {};
  return stop("{} answered after it was fenced", context.old_primary());
}

// S1: the proof was read at most 2 s ago, or is read again now; or a named person permitted going without. It
// was proven a moment ago, so a look that got no answer, or a late one, is repeated for a while; a "no"
// counts at once.
StepStatus proof_is_fresh(RunContext& context) {
  const auto age = [&] { return context.clock().boot_now() - *context.proof_read_at; };
  if (context.permitted(kPermitProof)) return {};
  if (context.proof_read_at && age() < kProofFresh / 2 && *context.proof_read_at >= context.row_started)
    return {};
  const BootTime until = std::min(context.row_deadline, context.clock().boot_now() + kLooksAgainFor);
  auto proof = isolation_proof(context);
  const auto late_or_silent = [&] { return proof ? age() > kProofFresh : !proof.error().refuted; };
  while (late_or_silent() && context.clock().boot_now() + kTimeForALook < until) {
    context.clock().sleep_for(kLookAgainEvery);
    if (auto silent = silent_since_fenced(context); !silent) return silent;
    proof = isolation_proof(context);
  }
  if (!proof)
    return stop("the fence of {} does not hold any more: {}", context.old_primary(), proof.error().said);
  if (age() > kProofFresh)
    return stop(
        "reading the proof that {} cannot write takes longer than {:.0f} s, so it is never fresh: make it "
        "faster",
        context.old_primary(), to_seconds(kProofFresh));
  return {};
}

}  // namespace

// ---- 8 promote ----

StepStatus may_promote(RunContext& context) {
  if (auto ours = claim_is_ours(context); !ours) {
    // A promotion that was asked for goes on: after begin_reign the claim is gone because the reign is ours.
    const auto reign = context.deps.journal->reign(context.run.cluster);
    if (!reign || !*reign || (*reign)->epoch != context.run.epoch) return ours;
  }
  const auto look = look_patiently(context);
  if (look && promoted_on_new_timeline(context, *look) && context.run.promoting) return {};
  if (!look && context.run.promoting) return stop("{}", still_waited_for(context, look.error().message));
  if (!look)
    return stop(
        "the candidate {} was lost before it was asked to promote ({}): retry the run, and it chooses anew",
        context.run.candidate, look.error().message);
  if (!look->facts.in_recovery)
    return stop(
        "{} is a primary already, and not by us: somebody else promoted it, find out who before anything "
        "else",
        context.run.candidate);
  if (const std::string open = why_not_cut(*look); !open.empty())
    return stop("{} is not cut any more: {}", context.run.candidate, open);
  if (auto silent = silent_since_fenced(context); !silent) return silent;
  return proof_is_fresh(context);  // last, so that it is as fresh as can be when the promotion is asked for
}

StepCheck is_promoted(RunContext& context) {
  if (!context.run.promoting) return false;
  const auto look = look_at_candidate(context);
  return look && promoted_on_new_timeline(context, *look);
}

StepStatus promote(RunContext& context) {
  if (auto fresh = proof_is_fresh(context); !fresh) return fresh;
  context.set_fact("promote_asked_at", format_rfc3339(context.clock().wall_now()));
  const auto asked = context.server(context.run.candidate)->promote(context.row_deadline);
  // No answer is not "no": promotion_shows looks, and asks again when nothing moves.
  if (!asked && !asked.error().retryable())
    return stop("{} refuses to be promoted: {}", context.run.candidate, asked.error().message);
  return {};
}

StepStatus promotion_shows(RunContext& context) {
  BootTime asked = context.clock().boot_now();
  std::string last = "no look was answered", not_again;
  while (true) {
    const auto look = look_at_candidate(context);
    if (look && promoted_on_new_timeline(context, *look)) {
      context.set_fact("timeline", std::to_string(look->facts.timeline));
      context.set_fact("promoted_at", format_rfc3339(context.clock().wall_now()));
      return {};
    }
    last = look ? "still in recovery" + (look->startup_wait_event.empty()
                                             ? std::string()
                                             : ", waiting for " + look->startup_wait_event)
                : look.error().message;
    const BootTime now = context.clock().boot_now();
    if (now + kTimeForALook >= context.row_deadline)
      return stop("{}", still_waited_for(context, last + not_again));
    // Only after proof and cut were read again: minutes may have passed.
    if (look && now - asked >= kAskAgain) {
      const StepStatus may = may_promote(context);
      if (may) (void)context.server(context.run.candidate)->promote(context.row_deadline);
      not_again = may ? "" : "; not asked again: " + may.error().why;
      asked = now;
    }
    context.clock().sleep_for(kPollEvery);
  }
}

// ---- 9 prove_writable ----

StepCheck has_probe_row(RunContext& context) {
  const auto look = look_at_candidate(context);
  if (look && !look->synchronous_standby_names.empty() && !context.fact(kStandbyNames))
    context.set_fact(kStandbyNames, look->synchronous_standby_names);
  return look && promoted_on_new_timeline(context, *look) && look->epoch_row == probe_row(context);
}

StepStatus commit_probe_row(RunContext& context) {
  const auto committed =
      context.server(context.run.candidate)->commit_epoch_row(probe_row(context), context.row_deadline);
  if (!committed && !committed.error().retryable())
    return stop("{} does not take the probe row: {}", context.run.candidate, committed.error().message);
  return {};
}

StepStatus reign_begins(RunContext& context) {
  std::string last;
  uint32_t timeline = 0;
  while (true) {
    const auto look = look_at_candidate(context);
    if (look && promoted_on_new_timeline(context, *look) && look->epoch_row == probe_row(context) &&
        !look->read_only) {
      timeline = look->facts.timeline;
      break;
    }
    last = !look             ? look.error().message
           : look->read_only ? "new sessions are read-only"
                             : "the probe row is not there";
    if (context.clock().boot_now() + kTimeForALook >= context.row_deadline)
      return stop("a write on {} could not be proven: {}", context.run.candidate, last);
    context.clock().sleep_for(kPollEvery);
    if (look) (void)commit_probe_row(context);
  }
  const Reign reign{context.run.cluster,
                    context.run.epoch,
                    context.run.candidate,
                    timeline,
                    context.reign.system_identifier,
                    context.clock().wall_now()};
  if (const auto begun = context.deps.journal->begin_reign(reign, context.run.id); !begun)
    return stop("the new reign could not be written down: {}", begun.error().message);
  context.set_fact("writable_at", format_rfc3339(context.clock().wall_now()));
  return {};
}

}  // namespace farshore::rows
