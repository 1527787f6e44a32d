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
  if (server.details() == nullptr || !server.details()->late.empty()) return false;
  // Without facts: it was refused as a whole, and each part is still to be tried alone.
  const SlowTier* slow = server.slow();
  return slow != nullptr && slow->facts != nullptr && slow->late.empty();
}

bool has_name_server(const DnsObservation& seen) { return seen.nameserver != kUnknownNameserver; }

bool has_everything(const ExporterView& view) {
  return std::ranges::all_of(view.servers, told_everything) && view.watch.is_complete() &&
         std::ranges::all_of(*view.watch.records, has_name_server);
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
    return now.first_cycle_done && (!everything || has_everything(now));
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
