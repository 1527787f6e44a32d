// What several rows share: who may be promoted, what it would cost, whether the fence holds.
#include <algorithm>
#include <mutex>

#include "actuator/failover/latch.h"
#include "actuator/failover/rows.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kRestoreCommandLimit = 5s;
constexpr nanoseconds kSideBySide = 1700ms;  // of several proofs; a proof is fresh for 2 s
constexpr nanoseconds kPollLooks = 5ms;
constexpr const char* kPrimaryMinimums = "primary_minimums";

// PostgreSQL pauses replay at a change that asks for more than the standby has; it can then not be promoted,
// and a resume stops it. A pause by a person looks the same, so without the primary's settings it is unknown.
std::optional<Hindrance> lower_than_primary(const RunContext& context, const ServerLook& look) {
  const auto primary = primary_minimums(context);
  if (!primary) {
    if (!look.facts.replay_paused.value_or(false)) return std::nullopt;
    return Hindrance{
        ObstacleReason::kStandbySettings,
        fmt::format("has paused replay, and the settings of {} were never seen, so resuming might "
                    "stop it: see its log, and run SELECT pg_wal_replay_resume() there when a "
                    "person paused it",
                    context.old_primary())};
  }
  for (const auto& [name, needed] : *primary) {
    const auto own = look.facts.standby_minimums.find(name);
    if (own != look.facts.standby_minimums.end() && own->second < needed)
      return Hindrance{ObstacleReason::kStandbySettings,
                       fmt::format("has {} = {}, lower than {} on {}, which stops its replay: raise it there "
                                   "and restart it",
                                   name, own->second, needed, context.old_primary())};
  }
  return std::nullopt;
}

// Why its WAL is not what a promotion would need now; nothing = it is.
std::optional<Hindrance> cannot_replay(const RunContext& context, const ServerLook& look) {
  using enum ObstacleReason;
  if (look.apply_delay > 0ns)
    return Hindrance{kStandbyDelayed,
                     fmt::format("is delayed by recovery_min_apply_delay = {:.0f} s: set it to "
                                 "0 there if it is to be promoted",
                                 to_seconds(look.apply_delay))};
  if (look.startup_wait_event == "RestoreCommand" && look.startup_wait_for > kRestoreCommandLimit)
    return Hindrance{
        kStandbyRestoring,
        fmt::format("has waited in restore_command for {:.0f} s, and a promotion would wait with "
                    "it: let the command end, do not kill it",
                    to_seconds(look.startup_wait_for))};
  return lower_than_primary(context, look);
}

}  // namespace

std::optional<StandbyMinimums> primary_minimums(const RunContext& context) {
  const auto text = context.fact(kPrimaryMinimums);
  if (!text) return std::nullopt;
  auto minimums = parse_standby_minimums(*text);
  if (!minimums) return std::nullopt;
  return std::move(*minimums);
}

// The last sight of the primary is written down at once: after a restart this process would not know it any
// more.
void remember_last_sight(RunContext& context) {
  const auto snapshot = context.deps.view->snapshot();
  const ServerObservation* seen =
      snapshot ? snapshot->find(context.run.cluster, context.old_primary()) : nullptr;
  if (!seen || !seen->last_success || !seen->facts || !seen->facts->flush || seen->facts->in_recovery) return;
  if (const std::string minimums = format_standby_minimums(seen->facts->standby_minimums);
      !minimums.empty() && context.fact(kPrimaryMinimums) != minimums)
    context.set_fact(kPrimaryMinimums, minimums);
  const auto known = context.fact("last_sight_lsn");
  const auto known_lsn = known ? Lsn::parse(*known) : Result<Lsn>(Lsn());
  if (known && known_lsn && *known_lsn >= *seen->facts->flush) return;
  const nanoseconds ago = context.clock().boot_now() - *seen->last_success;
  context.set_fact("last_sight_lsn", seen->facts->flush->to_string());
  context.set_fact("last_sight_at", format_rfc3339(context.clock().wall_now() - ago));
  if (const auto rate = largest_rate(context.deps.view->history(context.old_primary())))
    context.set_fact("wal_bytes_per_second", *rate);
}

std::optional<Hindrance> why_not_act(const EngineDeps& deps) {
  using enum ObstacleReason;
  const ClusterConfig& cluster = *deps.cluster;
  if (cluster.failover.mode == FailoverMode::kOff)
    return Hindrance{
        kModeOff, fmt::format("failover.mode of {} is off: a person fails over by hand, or sets another mode",
                              cluster.name)};
  const auto pause = deps.journal->paused(cluster.name);
  if (!pause)
    return Hindrance{kJournal, "cannot read whether the cluster is paused: " + pause.error().message};
  if (*pause)
    return Hindrance{
        kPaused, fmt::format("paused by {}: {}; 'farshorectl resume {}' ends it", (*pause)->by,
                             (*pause)->reason.empty() ? "no reason given" : (*pause)->reason, cluster.name)};
  return why_latched(deps);
}

std::optional<Hindrance> why_latched(const EngineDeps& deps) {
  const auto latch = deps.journal->latched();
  if (!latch)
    return Hindrance{ObstacleReason::kJournal,
                     "cannot read whether automation is latched: " + latch.error().message};
  if (*latch) return Hindrance{ObstacleReason::kLatched, latched_sentence(**latch)};
  return std::nullopt;
}

Result<nanoseconds> cooldown_left(const EngineDeps& deps) {
  const auto last = deps.journal->last_succeeded_run(deps.cluster->name);
  if (!last) return tl::unexpected<Error>(last.error());
  if (!*last || !(*last)->ended_at) return 0ns;
  // By the wall clock, which outlives the process. Set back, it makes the wait longer, never shorter.
  const nanoseconds since = std::max<nanoseconds>(deps.clock->wall_now() - *(*last)->ended_at, 0ns);
  return std::max<nanoseconds>(deps.cluster->failover.cooldown - since, 0ns);
}

std::vector<Need> needed_permissions(const RunContext& context, const std::optional<PredictedLoss>& loss) {
  using enum ObstacleReason;
  std::vector<Need> needs;
  if (context.deps.cluster->failover.mode == FailoverMode::kApprove)
    needs.push_back({kPermitMode, {kModeApprove, "failover.mode is approve"}});
  if (fences_of_old_primary(context).empty())
    needs.push_back({kPermitProof,
                     {kFenceMissing, fmt::format("{} has no fence: nothing can prove that it cannot write",
                                                 context.old_primary())}});
  if (const auto left = context.number("cooldown_left_seconds"); left && *left > 0)
    needs.push_back(
        {kPermitCooldown,
         {kCooldown, fmt::format("the last failover is recent: {:.0f} s of the cooldown are left", *left)}});
  if (auto beyond = loss_beyond_limit(context, loss)) needs.push_back({kPermitLoss, std::move(*beyond)});
  return needs;
}

std::optional<Hindrance> not_eligible(const RunContext& context, const LookResult& result) {
  using enum ObstacleReason;
  if (!result.look)
    return Hindrance{kStandbyUnreachable, fmt::format("could not be looked at: {}", result.error)};
  const ServerLook& look = *result.look;
  if (!look.facts.in_recovery)
    return Hindrance{kStandbyWritable, "is not in recovery: it is a primary already"};
  if (look.facts.system_identifier != context.reign.system_identifier)
    return Hindrance{kStandbyDiverged,
                     fmt::format("belongs to another system ({}): it is no copy of {}, rebuild it or take it "
                                 "out of the topology",
                                 look.facts.system_identifier, context.reign.server)};
  // Before the probe row, which such a standby may hold and not yet have replayed.
  if (auto stuck = cannot_replay(context, look)) return stuck;
  if (!look.epoch_row || look.epoch_row->epoch != context.reign.epoch ||
      look.epoch_row->server != context.reign.server)
    return Hindrance{kStandbyDiverged,
                     fmt::format("does not hold the probe row of epoch {}: it did not follow {}, rebuild it",
                                 context.reign.epoch, context.reign.server)};
  if (look.facts.timeline != context.reign.timeline)
    return Hindrance{kStandbyDiverged, fmt::format("is on timeline {}, the reign is on {}: rebuild it",
                                                   look.facts.timeline, context.reign.timeline)};
  if (!look.facts.held()) return Hindrance{kStandbyPosition, "does not say which WAL it holds"};
  if (!look.missing_privileges.empty())
    return Hindrance{kStandbyPrivileges,
                     fmt::format("its admin role lacks: {}", fmt::join(look.missing_privileges, ", "))};
  return std::nullopt;
}

namespace {

// By the wall clock; negative when that was set back meanwhile.
std::optional<nanoseconds> since_journaled_sight(const RunContext& context) {
  const auto text = context.fact("last_sight_at");
  if (!text) return std::nullopt;
  const auto at = parse_rfc3339(*text);
  if (!at) return std::nullopt;
  return context.clock().wall_now() - *at;
}

// The clock was set back between the process that saw the primary last and this one.
bool exposure_is_unknown(const RunContext& context) {
  if (context.fact("fenced_at")) return false;
  const auto snapshot = context.deps.view->snapshot();
  const ServerObservation* seen =
      snapshot ? snapshot->find(context.run.cluster, context.old_primary()) : nullptr;
  if (seen && seen->last_success) return false;
  const auto since = since_journaled_sight(context);
  return !since || *since < 0ns;
}

}  // namespace

nanoseconds exposure(const RunContext& context) {
  if (const auto known = context.number("exposure_seconds"); known && context.fact("fenced_at"))
    return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(*known));
  const auto snapshot = context.deps.view->snapshot();
  const ServerObservation* seen =
      snapshot ? snapshot->find(context.run.cluster, context.old_primary()) : nullptr;
  if (seen && seen->last_success) return context.clock().boot_now() - *seen->last_success;
  // After a restart only the journal knows, and only by the wall clock; this process' own time is the least.
  const nanoseconds least = context.clock().boot_now() - context.attempt_started;
  return std::max(least, since_journaled_sight(context).value_or(0ns));
}

Admission admission(const RunContext& context, const std::vector<LookResult>& looks) {
  Admission found;
  for (const LookResult& result : looks) {
    const std::string& name = result.server->name();
    if (auto why_not = not_eligible(context, result)) {
      found.unfit.emplace_back(name, std::move(*why_not));
      continue;
    }
    found.fit.push_back(name);
    const auto held = result.look->facts.held();
    const auto loss = held ? loss_for(context, *held) : std::nullopt;
    const bool better = found.best.empty() ||
                        (loss && (!found.best_loss || loss->lower_bytes < found.best_loss->lower_bytes));
    if (!better) continue;
    found.best_loss = loss;
    found.best = name;
  }
  return found;
}

Choice choice_of(const RunContext& context, PostgresServer* server, Lsn lsn) {
  const ServerConfig* config = context.deps.cluster->find_server(server->name());
  return {server, lsn, config ? config->priority : 0};
}

std::optional<PredictedLoss> loss_for(const RunContext& context, Lsn candidate) {
  const auto text = context.fact("last_sight_lsn");
  const auto lsn = text ? Lsn::parse(*text) : Result<Lsn>(tl::unexpected<Error>(Error{}));
  if (!lsn) return std::nullopt;
  return predict_loss({*lsn, context.number("wal_bytes_per_second")},
                      context.deps.view->history(context.old_primary()), candidate, exposure(context),
                      context.deps.observe_interval);
}

void record_loss(RunContext& context, const PredictedLoss& loss) {
  context.set_fact("predicted_loss_lower_bytes", std::to_string(loss.lower_bytes));
  context.set_fact("predicted_loss_upper_bytes", loss.upper_bytes ? std::to_string(*loss.upper_bytes) : "");
  if (loss.lag_time) context.set_fact("lag_at_last_sight_seconds", to_seconds(*loss.lag_time));
  context.set_fact("exposure_seconds", to_seconds(exposure(context)));
}

std::optional<Hindrance> loss_beyond_limit(const RunContext& context,
                                           const std::optional<PredictedLoss>& loss) {
  using enum ObstacleReason;
  if (!loss)
    return Hindrance{kLossUnknown, "the primary was never seen by this actuator, so the loss is unknown"};
  const FailoverSettings& settings = context.deps.cluster->failover;
  if (loss->lower_bytes > settings.max_data_loss.bytes)
    return Hindrance{kLossLimit,
                     fmt::format("{} bytes were missing when the primary was last seen, {} are allowed",
                                 loss->lower_bytes, settings.max_data_loss.bytes)};
  if (!loss->lag_time)
    return Hindrance{
        kLossUnknown,
        fmt::format("{} bytes were missing when the primary was last seen, and how old they are is unknown",
                    loss->lower_bytes)};
  if (*loss->lag_time > settings.max_data_loss.time)
    return Hindrance{
        kLossLimit,
        fmt::format("the candidate was {:.1f} s behind when the primary was last seen, {:.0f} s are allowed",
                    to_seconds(*loss->lag_time), to_seconds(settings.max_data_loss.time))};
  if (settings.max_exposure && exposure_is_unknown(context))
    return Hindrance{kLossUnknown,
                     "how long the primary has not been seen is unknown (the clock was set back), and "
                     "max_exposure is set"};
  if (settings.max_exposure && exposure(context) > *settings.max_exposure)
    return Hindrance{kLossLimit,
                     fmt::format("the primary has not been seen for {:.1f} s, max_exposure is {:.0f} s",
                                 to_seconds(exposure(context)), to_seconds(*settings.max_exposure))};
  return std::nullopt;
}

std::vector<Fence*> fences_of(const RunContext& context, const std::string& server) {
  std::vector<Fence*> found;
  for (Fence* fence : context.deps.fences)
    if (fence->server() == server) found.push_back(fence);
  return found;
}

std::vector<Fence*> fences_of_old_primary(const RunContext& context) {
  return fences_of(context, context.old_primary());
}

namespace {

// A rung that hangs must not make the proof of another one too old to be used.
BootTime deadline_of_proofs(const RunContext& context, size_t fences) {
  if (fences < 2) return context.row_deadline;
  return std::min(context.row_deadline, context.clock().boot_now() + kSideBySide);
}

}  // namespace

std::vector<FenceProof> read_proofs(const RunContext& context, const std::string& server) {
  const std::vector<Fence*> fences = fences_of(context, server);
  const BootTime deadline = deadline_of_proofs(context, fences.size());
  std::vector<FenceProof> proofs(fences.size());
  std::vector<std::function<void()>> tasks;
  for (size_t i = 0; i < fences.size(); ++i)
    tasks.emplace_back([&, i] { proofs[i] = fences[i]->proof(deadline); });
  context.deps.parallel->run(std::move(tasks));
  return proofs;
}

tl::expected<FenceProof, NoProof> isolation_proof(RunContext& context) {
  const std::vector<Fence*> fences = fences_of_old_primary(context);
  if (fences.empty()) return tl::unexpected<NoProof>(NoProof{.said = "there is no fence"});
  const BootTime deadline = deadline_of_proofs(context, fences.size());
  for (Fence* fence : fences)
    context.looked_at.begin(*context.deps.parallel, *fence,
                            [fence, deadline] { return fence->proof(deadline); });
  while (true) {
    bool all = true;
    for (const Fence* fence : fences) {
      const FenceProof* proof = context.looked_at.answer(*fence);
      all &= proof != nullptr;
      if (!proof || proof->state != FenceState::kIsolated) continue;
      context.proof_read_at = proof->read_at;
      return *proof;
    }
    if (all) break;
    context.clock().sleep_for(kPollLooks);
  }
  NoProof none;
  for (const Fence* fence : fences) {
    const FenceProof& proof = *context.looked_at.answer(*fence);
    const bool unknown = proof.state == FenceState::kUnknown;
    none.refuted |= !unknown;
    none.said += fmt::format("{}{}{}", none.said.empty() ? "" : "; ", unknown ? "" : "not isolated, ",
                             proof.evidence.empty() ? "no answer" : proof.evidence);
  }
  return tl::unexpected<NoProof>(std::move(none));
}

bool promoted_on_new_timeline(const RunContext& context, const ServerLook& look) {
  return !look.facts.in_recovery && look.facts.timeline > context.reign.timeline;
}

}  // namespace farshore::rows
