#include "exporter/world.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace farshore {
namespace {

ObserverOptions observer_options(const Topology& topology) {
  ObserverOptions options;
  options.interval = topology.observe.interval;
  options.timeout = topology.observe.timeout;
  options.scope = FactScope::kAll;
  return options;
}

bool told_everything(const ServerView& server) {
  if (server.facts() == nullptr) return true;  // there is no more to come
  return server.details() != nullptr && server.details()->late.empty() && server.slow() != nullptr;
}

// The list knows nothing of a record whose name servers are still searched.
bool lists_every_record(const Topology& topology, const DnsList& list) {
  const auto is_listed = [&](const ClusterConfig& cluster, const TrafficConfig& record) {
    return record.type.empty() || std::ranges::any_of(list, [&](const DnsObservation& seen) {
             return seen.cluster == cluster.name && seen.record == record.name && seen.type == record.type;
           });
  };
  return std::ranges::all_of(topology.clusters, [&](const ClusterConfig& cluster) {
    return std::ranges::all_of(cluster.traffic,
                               [&](const TrafficConfig& record) { return is_listed(cluster, record); });
  });
}

bool has_everything(const Topology& topology, const ExporterView& view) {
  return std::ranges::all_of(view.servers, told_everything) && view.watch.is_complete() &&
         lists_every_record(topology, *view.watch.records);
}

}  // namespace

World::World(Topology topology, std::string vantage, Clock& clock)
    : topology_(std::move(topology)),
      vantage_(std::move(vantage)),
      clock_(clock),
      heartbeat_(
          topology_.observe.heartbeat
              ? std::make_unique<Heartbeat>(topology_, heartbeat_options(topology_.observe, vantage_), clock)
              : nullptr),
      observer_(topology_, observer_options(topology_), clock),
      watchers_(topology_, vantage_, clock) {}

Result<std::shared_ptr<World>> World::make(Topology topology, std::string vantage, Clock& clock) {
  const std::vector<std::string>& known = topology.vantages.names;
  if (std::ranges::find(known, vantage) == known.end())
    return fail(ErrorCode::kInvalidArgument,
                "vantage '{}' is not in {}, which has {}; start with --vantage of this host's region",
                vantage, topology.source, fmt::join(known, ", "));
  return std::shared_ptr<World>(new World(std::move(topology), std::move(vantage), clock));
}

void World::take_over(const World& previous) {
  observer_.take_over(previous.observer_);
  watchers_.take_over(previous.watchers_);
}

void World::start(Purpose purpose) {
  if (purpose == Purpose::kOneLook) heartbeat_.reset();
  observer_.on_snapshot([this](const Snapshot& snapshot) {
    transitions_.note(snapshot);
    if (heartbeat_) heartbeat_->note(snapshot);
  });
  if (heartbeat_) heartbeat_->start();
  observer_.start();
  watchers_.start();
}

void World::stop_heartbeat() {
  if (heartbeat_) heartbeat_->stop();
}

void World::stop() {
  stop_heartbeat();
  observer_.stop();
  watchers_.stop();
}

bool World::wait_first_cycle(FirstCycle of) const {
  const bool everything = of == FirstCycle::kEverything;
  const nanoseconds patience =
      everything ? WatchSettings::of(topology_.observe).limit() : 2 * topology_.observe.timeout;
  const BootTime limit = clock_.boot_now() + patience + 1s;
  const auto is_done = [&] {
    const ExporterView now = view();
    return now.first_cycle_done && (!everything || has_everything(topology_, now));
  };
  while (!is_done()) {
    if (clock_.boot_now() >= limit) return false;
    clock_.sleep_for(5ms);
  }
  return true;
}

ExporterView World::view() const {
  ExporterView view = make_view(
      topology_, vantage_, observer_.snapshot(),
      [this](std::string_view cluster, std::string_view server) {
        return observer_.history(cluster, server);
      },
      clock_.boot_now());
  if (heartbeat_) view.beats = heartbeat_->states();
  view.watch = watchers_.view();
  return view;
}

}  // namespace farshore
