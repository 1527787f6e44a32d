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

const ServerObservation* primary_of(const ServerView& view, const Snapshot& snapshot) {
  const ServerFacts* facts = view.facts();
  if (facts == nullptr || !facts->in_recovery) return nullptr;
  return newest_primary(snapshot, view.observation->cluster, facts->system_identifier);
}

std::optional<LossNow> loss_of(const ServerView& view, const std::vector<WalPoint>& history, BootTime now,
                               const ObserveSettings& observe) {
  const ServerObservation& primary = *view.primary;
  const std::optional<Lsn> held = view.facts()->held();
  if (!held || !can_be_compared(*view.facts(), *primary.facts) || !primary.last_success) return std::nullopt;
  const nanoseconds since = now - *primary.last_success;
  const bool silent = !primary.up || since > staleness_limit(observe);
  return loss_now({*primary.facts->flush, largest_rate(history)}, history, *held,
                  silent ? std::optional(since) : std::nullopt, observe.interval);
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
    if (server.slow() != nullptr && server.slow()->last_success)
      server.slow_age = std::max<nanoseconds>(0ns, now - *server.slow()->last_success);
    server.primary = primary_of(server, *view.snapshot);
    if (server.primary != nullptr) {
      const std::vector<WalPoint>& points = histories.of(*server.primary);
      server.lag = replication_lag(observation, *server.primary, points, lag_options);
      server.loss = loss_of(server, points, now, topology.observe);
    }
    // A server that can never be looked at (a bad connection string) must not keep the others from being
    // ready.
    if (!observation.attempt_finished && observation.failure == FailureClass::kNone)
      view.first_cycle_done = false;
  }
  return view;
}

}  // namespace farshore
