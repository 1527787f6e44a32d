#include "exporter/view.h"

#include <algorithm>
#include <map>

namespace farshore {
namespace {

// Each primary's history is fetched once, however many standbys it has.
class Histories {
 public:
  explicit Histories(const HistoryFunction& function) : function_(function) {}
  const std::vector<WalPoint>& of(const ServerObservation& server) {
    auto [entry, is_new] = known_.try_emplace(&server);
    if (is_new) entry->second = function_(server.cluster, server.server);
    return entry->second;
  }

 private:
  const HistoryFunction& function_;
  std::map<const ServerObservation*, std::vector<WalPoint>> known_;
};

std::optional<ReplicationLag> lag_of(const ServerView& view, const Snapshot& snapshot, Histories& histories,
                                     const LagOptions& options) {
  const ServerFacts* facts = view.facts();
  if (facts == nullptr || !facts->in_recovery) return std::nullopt;
  const ServerObservation* primary =
      newest_primary(snapshot, view.observation->cluster, facts->system_identifier);
  if (primary == nullptr) return std::nullopt;
  return replication_lag(*view.observation, *primary, histories.of(*primary), options);
}

}  // namespace

nanoseconds staleness_limit(const ObserveSettings& observe) { return 3 * observe.interval + observe.timeout; }

ExporterView make_view(const Topology& topology, const std::string& vantage,
                       std::shared_ptr<const Snapshot> snapshot, const HistoryFunction& history,
                       BootTime now) {
  ExporterView view;
  view.vantage = vantage;
  view.snapshot = std::move(snapshot);
  view.snapshot_age = std::max<nanoseconds>(0ns, now - view.snapshot->taken);
  view.vantages_expected = topology.vantages.names.size();
  view.vantages_quorum = topology.vantages.quorum.of(view.vantages_expected);
  view.process = read_process_facts();

  const nanoseconds limit = staleness_limit(topology.observe);
  const LagOptions lag_options{.fresh_within = 2 * topology.observe.interval + topology.observe.timeout};
  Histories histories(history);
  view.observer_alive = view.snapshot_age <= limit;
  view.first_cycle_done = true;
  for (const ServerObservation& observation : view.snapshot->servers) {
    ServerView& server = view.servers.emplace_back();
    server.observation = &observation;
    if (const ClusterConfig* cluster = topology.find_cluster(observation.cluster))
      server.max_loss_bytes = cluster->failover.max_data_loss.bytes;
    server.current = observation.attempt_finished && now - *observation.attempt_finished <= limit;
    server.lag = lag_of(server, *view.snapshot, histories, lag_options);
    // A server that can never be looked at (a bad connection string) must not keep the others from being
    // ready.
    if (!observation.attempt_finished && observation.failure == FailureClass::kNone)
      view.first_cycle_done = false;
  }
  return view;
}

}  // namespace farshore
