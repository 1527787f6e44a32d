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
#include "common/postgres/facts.h"
#include "common/postgres/replication_lag.h"
#include "common/topology/topology.h"
#include "exporter/heartbeat/write_record.h"
#include "exporter/watch/watchers.h"

namespace farshore {

struct ServerView {
  const ServerObservation* observation = nullptr;  // inside ExporterView::snapshot
  // False before the first attempt and when the last one is older than three intervals and a timeout: then
  // the observer itself stands still (or the host was suspended), and nothing may be claimed about the
  // server.
  bool current = false;
  std::optional<ReplicationLag> lag;               // of a standby that answers
  int64_t max_loss_bytes = DataLossLimit{}.bytes;  // of its cluster's failover

  // Facts may be shown only while the server answers.
  const ServerFacts* facts() const {
    return current && observation->up && observation->facts ? &*observation->facts : nullptr;
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
