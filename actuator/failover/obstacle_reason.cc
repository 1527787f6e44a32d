#include "actuator/failover/obstacle_reason.h"

#include <array>

namespace farshore {
namespace {

using enum ObstacleReason;

constexpr std::array kWords{
    ObstacleWord{kNoReign, "no_reign", "it is not known who is primary"},
    ObstacleWord{kJournal, "journal", "the actuator's journal cannot be read"},
    ObstacleWord{kRunOpen, "run_open", "a run of this cluster is under way or held"},
    ObstacleWord{kModeOff, "mode_off", "failover.mode is off"},
    ObstacleWord{kModeApprove, "mode_approve", "failover.mode is approve: a person is asked"},
    ObstacleWord{kPaused, "paused", "a person paused the cluster"},
    ObstacleWord{kLatched, "latched", "automation is latched for all clusters until a person clears it"},
    ObstacleWord{kCooldown, "cooldown", "the last failover is more recent than failover.cooldown"},
    ObstacleWord{kPrimaryUnknown, "primary_unknown",
                 "the actuator cannot tell whether the primary lives, so it could not tell its loss either"},
    ObstacleWord{kPrometheus, "prometheus",
                 "too few Prometheus servers outside the primary's region answer to make the quorum"},
    ObstacleWord{kNoStandby, "no_standby", "the cluster has no standby"},
    ObstacleWord{kStandbyUnreachable, "standby_unreachable", "a standby could not be looked at"},
    ObstacleWord{kStandbyWritable, "standby_writable", "a server that should be a standby is a primary"},
    ObstacleWord{kStandbyDiverged, "standby_diverged",
                 "a standby did not follow this primary: other system, timeline, or no probe row"},
    ObstacleWord{kStandbyPosition, "standby_position", "a standby does not say which WAL it holds"},
    ObstacleWord{kStandbyDelayed, "standby_delayed", "a standby is delayed by recovery_min_apply_delay"},
    ObstacleWord{kStandbyRestoring, "standby_restoring", "a standby waits in restore_command"},
    ObstacleWord{kStandbyPrivileges, "standby_privileges", "the admin role lacks privileges on a standby"},
    ObstacleWord{kStandbySettings, "standby_settings",
                 "a standby's settings are lower than its primary's, which stops its replay"},
    ObstacleWord{kLossUnknown, "loss_unknown", "it is not known what would be lost"},
    ObstacleWord{kLossLimit, "loss_limit", "more than max_data_loss or max_exposure would be lost"},
    ObstacleWord{kClaim, "claim", "another run holds the claim on the next epoch"},
    ObstacleWord{kFenceMissing, "fence_missing", "the primary has no fence"},
    ObstacleWord{kFenceUnreadable, "fence_unreadable", "no fence of the primary can read its proof"},
    ObstacleWord{kFenceWrong, "fence_wrong", "a fence says that a living primary is isolated"},
    ObstacleWord{kSettings, "settings", "the settings of the standbys cannot be read and saved"},
    ObstacleWord{kTrafficTarget, "traffic_target", "traffic has no target in the candidate's region"},
    ObstacleWord{kTrafficUnreadable, "traffic_unreadable", "a traffic provider does not say where it points"},
    ObstacleWord{kTrafficNameservers, "traffic_nameservers", "no name server of a traffic record answers"},
};

consteval bool words_are_sound() {
  for (size_t i = 0; i < kWords.size(); ++i) {
    if (static_cast<size_t>(kWords[i].reason) != i || kWords[i].word.empty()) return false;
    for (const char c : kWords[i].word)
      if ((c < 'a' || c > 'z') && c != '_') return false;
    for (size_t k = 0; k < i; ++k)
      if (kWords[k].word == kWords[i].word) return false;
  }
  return kWords.size() == static_cast<size_t>(kTrafficNameservers) + 1;
}
static_assert(words_are_sound(), "one word for each reason, in their order, [a-z_]+, none twice");

}  // namespace

std::span<const ObstacleWord> obstacle_words() { return kWords; }

std::string_view word_of(ObstacleReason reason) { return kWords[static_cast<size_t>(reason)].word; }

}  // namespace farshore
