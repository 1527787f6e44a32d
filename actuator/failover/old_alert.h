// An alert that began long ago says little by itself: it may have been on its way while the region came back
// (measured: a firing alert delivered 34 s after the recovery). But one that fires on, while the cluster was
// paused or the latch closed, keeps its startsAt and must not be refused for ever. So an old alert counts
// while a quorum of the Prometheus servers, asked now, says that it fires.
#pragma once

#include <optional>
#include <string>

#include "actuator/failover/run_context.h"

namespace farshore {

inline constexpr nanoseconds kOldAlert = std::chrono::minutes(10);

// How many Prometheus servers say now that the watched alert of the cluster fires.
int firing_votes(const EngineDeps& deps);

// One thread.
class OldAlerts {
 public:
  explicit OldAlerts(const EngineDeps& deps) : deps_(deps) {}

  enum class Verdict { kCounts, kAsking, kTooOld };
  // kAsking: the votes are not in yet; ask again in a while, at most for kAskFor.
  Verdict judge(const AlertRecord& alert, const Reign& reign);
  // For kTooOld; one sentence.
  std::string why(const AlertRecord& alert) const;
  // All alerts of one round had their verdict: the next round asks anew.
  void round_is_over(bool still_asking);
  bool asking() const { return since_.has_value(); }

  static constexpr nanoseconds kAskFor = std::chrono::seconds(3);  // longer than a vote may be late

 private:
  const EngineDeps& deps_;
  std::optional<BootTime> since_;
};

}  // namespace farshore
