#include "actuator/failover/old_alert.h"

namespace farshore {

int firing_votes(const EngineDeps& deps) {
  int firing = 0;
  for (const AlertVote& vote : deps.votes->latest(deps.cluster->name)) firing += vote.vote == Vote::kFiring;
  return firing;
}

OldAlerts::Verdict OldAlerts::judge(const AlertRecord& alert, const Reign& reign) {
  if (deps_.clock->wall_now() - alert.starts_at <= kOldAlert) return Verdict::kCounts;
  const BootTime now = deps_.clock->boot_now();
  if (!since_) {
    deps_.votes->watch(deps_.cluster->name, reign.epoch, reign.server);
    since_ = now;
  }
  if (firing_votes(deps_) >= deps_.votes->quorum()) return Verdict::kCounts;
  return now - *since_ < kAskFor ? Verdict::kAsking : Verdict::kTooOld;
}

std::string OldAlerts::why(const AlertRecord& alert) const {
  return fmt::format(
      "the alert began {:.0f} minutes ago, and only {} of the Prometheus servers say that it fires now, {} "
      "are "
      "needed: its next repeat is taken when they do; 'farshorectl status {}' shows what each of them says",
      to_seconds(deps_.clock->wall_now() - alert.starts_at) / 60, firing_votes(deps_), deps_.votes->quorum(),
      deps_.cluster->name);
}

void OldAlerts::round_is_over(bool still_asking) {
  if (!still_asking) since_.reset();
}

}  // namespace farshore
