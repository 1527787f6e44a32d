// choose_candidate: who is promoted, when no position moves any more.
#include <algorithm>

#include "actuator/failover/rows.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kPollEvery = 5ms;
constexpr nanoseconds kLookLimit = 1s;
constexpr nanoseconds kAtRest = 1s;
constexpr nanoseconds kPushAgain = 500ms;

// What is remembered of a standby from look to look.
struct Watched {
  Lsn replay;
  BootTime since;   // when replay got there
  BootTime pushed;  // when it was last helped on
};

// One look at all that are cut.
struct Round {
  std::optional<Choice> best;  // of those at rest
  std::vector<Choice> moving;  // the others that may be promoted, by all the WAL they hold
  std::string why_not;         // what is open, for people

  // Waiting for those that still move can only help while one of them may turn out better.
  bool decided() const {
    return best && std::none_of(moving.begin(), moving.end(),
                                [&](const Choice& other) { return other.better_than(*best); });
  }
};

// Replay rests when everything received is replayed, or, with a torn last record, when it has not moved for a
// second while the startup process waits for more WAL (F11).
bool rests(const ServerLook& look, nanoseconds unmoved) {
  const auto& facts = look.facts;
  if (!facts.replay || facts.replay_paused.value_or(false)) return false;
  if (facts.receive && *facts.receive == *facts.replay && look.startup_wait_event != "RestoreCommand")
    return true;
  const bool waits = look.startup_wait_event == "RecoveryWalStream" ||
                     look.startup_wait_event == "RecoveryRetrieveRetryInterval";
  return waits && unmoved >= kAtRest;
}

std::string why_not_at_rest(const ServerLook& look) {
  if (!look.replay_blockers.empty())
    return fmt::format("replay waits for {}: end it there (pg_terminate_backend), then retry the run",
                       look.replay_blockers);
  if (look.facts.replay_paused.value_or(false))
    return "replay is paused: resume it with SELECT pg_wal_replay_resume(), then retry the run";
  if (look.startup_wait_event == "RestoreCommand")
    return "waits in restore_command, and a promotion would wait with it: let the command end, do not kill "
           "it";
  return fmt::format("still replays what it received, at {} of {}: retry the run when it has caught up",
                     look.facts.replay.value_or(Lsn()).to_string(),
                     look.facts.held().value_or(Lsn()).to_string());
}

std::vector<PostgresServer*> cut_standbys(const RunContext& context) {
  std::vector<PostgresServer*> found;
  for (PostgresServer* server : context.standbys())
    if (context.fact("cut." + server->name())) found.push_back(server);
  return found;
}

class Watch {
 public:
  explicit Watch(RunContext& context) : context_(context) {}

  Round look() {
    Round round;
    for (const LookResult& result : look_at(context_, cut_standbys(context_), kLookLimit)) {
      const std::string open = weigh(result, round);
      if (!open.empty())
        round.why_not +=
            fmt::format("{}{}: {}", round.why_not.empty() ? "" : "; ", result.server->name(), open);
    }
    return round;
  }

 private:
  // Puts one standby where it belongs; what is open of it, or empty.
  std::string weigh(const LookResult& result, Round& round) {
    if (const auto unfit = not_eligible(context_, result)) return unfit->text;
    const ServerLook& look = *result.look;
    if (const std::string open = why_not_cut(look); !open.empty()) return open;
    const std::string& name = result.server->name();
    const Lsn replay = look.facts.replay.value_or(Lsn());
    const BootTime now = context_.clock().boot_now();
    Watched& watched = seen_.try_emplace(name, Watched{replay, now, now}).first->second;
    if (watched.replay != replay) watched = {replay, now, watched.pushed};
    const Choice choice = choice_of(context_, result.server, replay);
    if (rests(look, now - watched.since)) {
      if (!round.best || choice.better_than(*round.best)) round.best = choice;
      return {};
    }
    round.moving.push_back(choice_of(context_, result.server, look.facts.held().value_or(replay)));
    if (now - watched.pushed >= kPushAgain && primary_minimums(context_)) {
      watched.pushed = now;  // a query may have come in its way only after the cut
      (void)result.server->push_replay(std::min(context_.row_deadline, now + kLookLimit));
    }
    return why_not_at_rest(look);
  }

  RunContext& context_;
  std::map<std::string, Watched> seen_;
};

}  // namespace

// ---- 7 choose_candidate ----

StepStatus choose_candidate(RunContext& context) {
  Watch watch(context);
  Round round = watch.look();
  while (!round.decided()) {
    if (context.clock().boot_now() + kTimeForALook >= context.row_deadline) break;
    context.clock().sleep_for(kPollEvery);
    round = watch.look();
  }
  if (!round.best)
    return stop("no standby can be chosen: {}", round.why_not.empty() ? "none is cut" : round.why_not);
  const Choice& choice = *round.best;
  // One that holds more and cannot replay it is passed over; what that costs has to be within the limit.
  context.set_fact("passed_over", round.why_not);
  const auto loss = loss_for(context, choice.lsn);
  if (loss) record_loss(context, *loss);
  if (auto beyond = loss_beyond_limit(context, loss); beyond && !context.permitted(kPermitLoss))
    return tl::unexpected<Stop>(
        Stop{beyond->text + (round.why_not.empty() ? "" : "; passed over: " + round.why_not), Ending::kHold,
             std::string(kPermitLoss)});
  const ServerConfig* config = context.deps.cluster->find_server(choice.server->name());
  context.run.candidate = choice.server->name();
  context.run.region = config ? config->region : choice.server->region();
  context.set_fact("candidate", context.run.candidate);
  context.set_fact("fork_lsn", choice.lsn.to_string());
  return {};
}

}  // namespace farshore::rows
