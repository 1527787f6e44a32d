// When Farshore stops believing its own eyes and ears. Several clusters of one region lost at once are a
// region loss; losses of more than one region at once, or an actuator to which nobody answers, are more
// likely a failure of the monitoring or of this host. Then automation latches, for every cluster: journaled,
// so that it survives a restart, until a person clears it. A run before the point of no return stops; one
// past it goes forward.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actuator/alerts/alert_votes.h"
#include "actuator/journal/journal.h"
#include "common/base/clock.h"
#include "common/postgres/facts.h"

namespace farshore {

// Two regions whose losses are first reported this close together count as lost at once. One cause shows in
// all alerts within a few evaluations, or within 59 s when an Alertmanager had to be told again (measured); a
// second loss that begins later is the cooldown's business.
inline constexpr nanoseconds kAtOnce = std::chrono::seconds(60);

// Remembers when each loss was first reported, by this process' own clock: an alert that is repeated for
// hours is one loss that began hours ago. Thread-safe.
class Latch {
 public:
  // Reads back from the journal what was reported lately: a restart must not make an old loss a new one.
  Latch(Journal& journal, Clock& clock);

  // Firing alerts that survived the judge, before they are written down: by the time a worker can see the
  // second region, the latch is closed. Errors: the journal's (kUnavailable), then nothing may be accepted.
  Status note(const std::vector<AlertRecord>& accepted);

  // Closes the latch, or leaves a closed one as it is. `reason` is one sentence.
  Status close(const std::string& reason);

 private:
  using Loss = std::pair<std::string, WallTime>;  // cluster, startsAt: a repeat has both alike
  struct Report {
    std::string region;
    BootTime first;
  };

  void remember(const AlertRecord& alert, BootTime at);
  void forget_old(BootTime now);
  std::optional<std::string> lost_at_once(const Report& report, const std::string& cluster) const;

  Journal& journal_;
  Clock& clock_;
  std::mutex mutex_;
  std::map<Loss, Report> reports_;
};

// The sentence with which a run or an alert is refused or held.
std::string latched_sentence(const LatchRecord& latch);

// True for an alert that says "this primary is lost, act" and that nothing spoke against when it came.
bool reports_a_loss(const AlertRecord& alert);

// Does anybody answer this process? Asked once a second while a run is open. One thread.
class SelfLook {
 public:
  // Everything that was seen, of every cluster; `votes` are those of the clusters with an open run. Returns
  // the reason for the latch when for kSilence nobody answered at all: no server of any cluster and no
  // Prometheus server.
  std::optional<std::string> judge(const std::vector<ServerObservation>& servers,
                                   const std::vector<AlertVote>& votes, BootTime now);
  // Nothing is at stake: what was seen before does not count.
  void reset() { silent_since_.reset(); }

  // Longer than any single timeout, shorter than the 15 s a run takes to give up.
  static constexpr nanoseconds kSilence = std::chrono::seconds(5);

 private:
  std::optional<BootTime> silent_since_;
};

}  // namespace farshore
