// What the collectors and pages see: one moment of one vantage, immutable. Made anew for each scrape from the
// observer's snapshot, so that ages are those of the answer and not of the last cycle.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/metrics/process.h"
#include "common/postgres/fact_details.h"
#include "common/postgres/facts.h"
#include "common/postgres/loss.h"
#include "common/postgres/replication_lag.h"
#include "common/topology/topology.h"
#include "exporter/heartbeat/write_record.h"
#include "exporter/watch/watchers.h"

namespace farshore {

// What the slow tier found is shown for so long after it stopped answering.
inline constexpr nanoseconds kSlowTierKept = 3min;

struct ServerView {
  const ServerObservation* observation = nullptr;  // inside ExporterView::snapshot
  // False before the first attempt and when the last one is older than three intervals and a timeout: then
  // the observer itself stands still (or the host was suspended), and nothing may be claimed about the
  // server.
  bool current = false;
  int64_t max_loss_bytes = DataLossLimit{}.bytes;  // of its cluster's failover
  // Of a standby that answers: the newest known primary of its system, whether that still answers or not.
  const ServerObservation* primary = nullptr;
  // Of a standby on the primary's timeline.
  std::optional<ReplicationLag> lag;
  std::optional<LossNow> loss;

  // Facts may be shown only while the server answers.
  const ServerFacts* facts() const {
    return current && observation->up && observation->facts ? &*observation->facts : nullptr;
  }
  const FactDetails* details() const { return facts() != nullptr ? facts()->details.get() : nullptr; }

  std::optional<nanoseconds> slow_age;  // since the slow tier was last answered; of a server that answers
  const SlowTier* slow() const { return facts() != nullptr ? observation->slow.get() : nullptr; }
  // Null also when it is too old to be shown.
  const FactDetails* slow_details() const {
    return slow() != nullptr && slow_age && *slow_age <= kSlowTierKept ? slow()->facts.get() : nullptr;
  }
  // A part that is fast or slow according to the version.
  template <typename Part>
  const Part* find(std::optional<Part> FactDetails::* part) const {
    for (const FactDetails* where : {details(), slow_details()})
      if (where != nullptr && where->*part) return &*(where->*part);
    return nullptr;
  }
};

// What became of reading the configuration, at the start and since.
struct ReloadFacts {
  bool successful = true;
  WallTime succeeded_at;
};

struct ExporterView {
  std::string vantage;
  std::shared_ptr<const Snapshot> snapshot;
  nanoseconds snapshot_age{0};
  std::vector<ServerView> servers;  // in the order of the topology
  size_t vantages_expected = 0;
  int vantages_quorum = 0;
  ProcessFacts process;
  std::optional<ReloadFacts> reload;  // absent where nothing is ever reloaded
  BeatStates beats;
  WatchView watch;  // of Watchers::view(); empty as make_view leaves it

  bool observer_alive = false;  // the newest snapshot is young enough
  bool first_cycle_done = false;
};

using HistoryFunction =
    std::function<std::vector<WalPoint>(std::string_view cluster, std::string_view server)>;

// How old the newest attempt at a server may be before nothing is claimed any more.
nanoseconds staleness_limit(const ObserveSettings& observe);

ExporterView make_view(const Topology& topology, const std::string& vantage,
                       std::shared_ptr<const Snapshot> snapshot, const HistoryFunction& history,
                       BootTime now);

}  // namespace farshore
