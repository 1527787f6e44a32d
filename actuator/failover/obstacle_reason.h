// Why a failover could not run: a closed list. The words are labels of farshore_failover_ready and fields of
// the API, so they are never renamed; docs/failover-steps.md prints the table.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace farshore {

enum class ObstacleReason {
  kNoReign,
  kJournal,
  kRunOpen,
  kModeOff,
  kModeApprove,
  kPaused,
  kLatched,
  kCooldown,
  kPrimaryUnknown,
  kPrometheus,
  kNoStandby,
  kStandbyUnreachable,
  kStandbyWritable,
  kStandbyDiverged,
  kStandbyPosition,
  kStandbyDelayed,
  kStandbyRestoring,
  kStandbyPrivileges,
  kStandbySettings,
  kLossUnknown,
  kLossLimit,
  kClaim,
  kFenceMissing,
  kFenceUnreadable,
  kFenceWrong,
  kSettings,
  kTrafficTarget,
  kTrafficUnreadable,
  kTrafficNameservers,
};

struct ObstacleWord {
  ObstacleReason reason;
  std::string_view word;     // [a-z_]+
  std::string_view meaning;  // for people
};

std::span<const ObstacleWord> obstacle_words();
std::string_view word_of(ObstacleReason reason);

// One reason with what was seen, in a sentence.
struct Hindrance {
  ObstacleReason reason;
  std::string text;
};

}  // namespace farshore
