#include "actuator/failover/evidence.h"

namespace farshore {

Evidence own_evidence(const RunContext& context) {
  const auto snapshot = context.deps.view->snapshot();
  const ServerObservation* seen =
      snapshot ? snapshot->find(context.run.cluster, context.old_primary()) : nullptr;
  if (!seen) return {Life::kUnknown, fmt::format("{} is not observed", context.old_primary())};

  const BootTime now = context.clock().boot_now();
  const nanoseconds window = context.deps.cluster->failover.evidence_window;
  if (seen->last_success && *seen->last_success > context.attempt_started)
    return {Life::kAlive,
            fmt::format("{} answered {:.1f} s ago", seen->server, to_seconds(now - *seen->last_success))};
  if (seen->last_success && now - *seen->last_success <= window)
    return {Life::kUnknown,
            fmt::format("{} answered {:.1f} s ago, within the window of {:.0f} s", seen->server,
                        to_seconds(now - *seen->last_success), to_seconds(window))};
  if (!seen->attempt_finished || !seen->attempt_started || now - *seen->attempt_finished > window)
    return {Life::kUnknown,
            fmt::format("no look at {} ended within the last {:.0f} s", seen->server, to_seconds(window))};
  if (proves_alive(seen->failure)) {
    const bool since_start = *seen->attempt_finished > context.attempt_started;
    return {since_start ? Life::kAlive : Life::kUnknown,
            fmt::format("{} is alive but refuses us: {}", seen->server, seen->failure_text)};
  }
  if (seen->up || !is_silence(seen->failure))
    return {Life::kUnknown,
            fmt::format("the look at {} proves nothing: {}", seen->server, seen->failure_text)};
  if (!seen->attempt_new_session || (seen->last_success && *seen->attempt_started < *seen->last_success))
    return {Life::kUnknown,
            fmt::format("no new session to {} was tried since it last answered", seen->server)};
  return {Life::kSilent, fmt::format("{}: {}", seen->server, to_string(seen->failure))};
}

Evidence receiver_evidence(const RunContext& context, const std::vector<LookResult>& looks,
                           BootTime looked_at) {
  const nanoseconds window = context.deps.cluster->failover.evidence_window;
  bool readable = false;
  Evidence evidence{Life::kSilent, "no standby heard from the primary"};
  for (const LookResult& result : looks) {
    if (!result.look) continue;
    readable = true;
    const auto& receiver = result.look->facts.receiver;
    if (!receiver || !receiver->last_message_age) continue;
    const nanoseconds age = *receiver->last_message_age;
    if (looked_at - age > context.attempt_started)
      return {Life::kAlive, fmt::format("the WAL receiver of {} heard from the primary {:.1f} s ago",
                                        result.server->name(), to_seconds(age))};
    if (age <= window)
      evidence = {Life::kUnknown,
                  fmt::format("the WAL receiver of {} heard from the primary {:.1f} s ago, within the "
                              "window of {:.0f} s",
                              result.server->name(), to_seconds(age), to_seconds(window))};
  }
  if (!readable) return {Life::kUnknown, "no standby could be looked at"};
  return evidence;
}

VoteEvidence vote_evidence(const std::vector<AlertVote>& votes, int quorum) {
  VoteEvidence evidence;
  for (const AlertVote& vote : votes) {
    evidence.firing += vote.vote == Vote::kFiring;
    evidence.not_firing += vote.vote == Vote::kNotFiring;
    evidence.unknown += vote.vote == Vote::kUnknown;
    evidence.live_primary |= vote.vote != Vote::kUnknown && vote.live_primary;
  }
  evidence.quorum = evidence.firing >= quorum;
  return evidence;
}

}  // namespace farshore
