// What several rows share: who may be promoted, what it would cost, whether the fence holds.
#include <algorithm>
#include <mutex>

#include "actuator/failover/rows.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kRestoreCommandLimit = 5s;

}  // namespace

// The last sight of the primary is written down at once: after a restart this process would not know it any
// more.
void remember_last_sight(RunContext& context) {
  const auto snapshot = context.deps.view->snapshot();
  const ServerObservation* seen =
      snapshot ? snapshot->find(context.run.cluster, context.old_primary()) : nullptr;
  if (!seen || !seen->last_success || !seen->facts || !seen->facts->flush || seen->facts->in_recovery) return;
  const auto known = context.fact("last_sight_lsn");
  const auto known_lsn = known ? Lsn::parse(*known) : Result<Lsn>(Lsn());
  if (known && known_lsn && *known_lsn >= *seen->facts->flush) return;
  const nanoseconds ago = context.clock().boot_now() - *seen->last_success;
  context.set_fact("last_sight_lsn", seen->facts->flush->to_string());
  context.set_fact("last_sight_at", format_rfc3339(context.clock().wall_now() - ago));
  if (const auto rate = largest_rate(context.deps.view->history(context.old_primary())))
    context.set_fact("wal_bytes_per_second", *rate);
}

std::optional<std::string> not_eligible(const RunContext& context, const LookResult& result) {
  if (!result.look) return fmt::format("could not be looked at: {}", result.error);
  const ServerLook& look = *result.look;
  if (!look.facts.in_recovery) return "is not in recovery: it is a primary already";
  if (look.facts.system_identifier != context.reign.system_identifier)
    return fmt::format("belongs to another system ({})", look.facts.system_identifier);
  if (!look.epoch_row || look.epoch_row->epoch != context.reign.epoch ||
      look.epoch_row->server != context.reign.server)
    return fmt::format("does not hold the probe row of epoch {}: it did not follow {}", context.reign.epoch,
                       context.reign.server);
  if (look.facts.timeline != context.reign.timeline)
    return fmt::format("is on timeline {}, the reign is on {}", look.facts.timeline, context.reign.timeline);
  if (!look.facts.held()) return "does not say which WAL it holds";
  if (!context.fact(kSavedPrefix + result.server->name()) && look.apply_delay > 0ns)
    return fmt::format("is delayed by recovery_min_apply_delay = {:.0f} s", to_seconds(look.apply_delay));
  if (look.startup_wait_event == "RestoreCommand" && look.startup_wait_for > kRestoreCommandLimit)
    return fmt::format("has waited in restore_command for {:.0f} s", to_seconds(look.startup_wait_for));
  if (!look.missing_privileges.empty())
    return fmt::format("its admin role lacks: {}", fmt::join(look.missing_privileges, ", "));
  return std::nullopt;
}

nanoseconds exposure(const RunContext& context) {
  if (const auto known = context.number("exposure_seconds"); known && context.fact("fenced_at"))
    return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(*known));
  const auto snapshot = context.deps.view->snapshot();
  const ServerObservation* seen =
      snapshot ? snapshot->find(context.run.cluster, context.old_primary()) : nullptr;
  if (seen && seen->last_success) return context.clock().boot_now() - *seen->last_success;
  // After a restart only the journal knows, and only by the wall clock.
  const auto text = context.fact("last_sight_at");
  const auto at = text ? parse_rfc3339(*text) : Result<WallTime>(tl::unexpected<Error>(Error{}));
  return at ? std::max<nanoseconds>(0ns, context.clock().wall_now() - *at) : 0ns;
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

std::optional<std::string> loss_beyond_limit(const RunContext& context,
                                             const std::optional<PredictedLoss>& loss) {
  if (!loss) return "the primary was never seen by this actuator, so the loss is unknown";
  const FailoverSettings& settings = context.deps.cluster->failover;
  if (loss->lower_bytes > settings.max_data_loss.bytes)
    return fmt::format("{} bytes were missing when the primary was last seen, {} are allowed",
                       loss->lower_bytes, settings.max_data_loss.bytes);
  if (!loss->lag_time)
    return fmt::format(
        "{} bytes were missing when the primary was last seen, and how old they are is unknown",
        loss->lower_bytes);
  if (*loss->lag_time > settings.max_data_loss.time)
    return fmt::format(
        "the candidate was {:.1f} s behind when the primary was last seen, {:.0f} s are allowed",
        to_seconds(*loss->lag_time), to_seconds(settings.max_data_loss.time));
  if (settings.max_exposure && exposure(context) > *settings.max_exposure)
    return fmt::format("the primary has not been seen for {:.1f} s, max_exposure is {:.0f} s",
                       to_seconds(exposure(context)), to_seconds(*settings.max_exposure));
  return std::nullopt;
}

std::vector<Fence*> fences_of_old_primary(const RunContext& context) {
  std::vector<Fence*> found;
  for (Fence* fence : context.deps.fences)
    if (fence->server() == context.old_primary()) found.push_back(fence);
  return found;
}

tl::expected<FenceProof, std::string> isolation_proof(RunContext& context) {
  const std::vector<Fence*> fences = fences_of_old_primary(context);
  std::vector<FenceProof> proofs(fences.size());
  std::vector<std::function<void()>> tasks;
  for (size_t i = 0; i < fences.size(); ++i)
    tasks.emplace_back([&, i] { proofs[i] = fences[i]->proof(context.row_deadline); });
  context.deps.parallel->run(std::move(tasks));
  std::string said = fences.empty() ? "there is no fence" : "";
  for (const FenceProof& proof : proofs) {
    if (proof.state == FenceState::kIsolated) {
      context.proof_read_at = proof.read_at;
      return proof;
    }
    said += fmt::format("{}{}: {}", said.empty() ? "" : "; ",
                        proof.state == FenceState::kUnknown ? "unknown" : "not isolated", proof.evidence);
  }
  return tl::unexpected<std::string>(said);
}

bool promoted_on_new_timeline(const RunContext& context, const ServerLook& look) {
  return !look.facts.in_recovery && look.facts.timeline > context.reign.timeline;
}

}  // namespace farshore::rows
