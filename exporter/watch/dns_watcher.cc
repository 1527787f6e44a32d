#include "exporter/watch/dns_watcher.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "common/base/log.h"
#include "exporter/watch/board.h"

namespace farshore {
namespace {

// One record at one name server: entry `index` of the board.
struct Question {
  size_t index = 0;
  TrafficConfig record;
  std::string nameserver;
};
using Lane = std::vector<Question>;  // asked one after the other by one thread

// In the order of the board. With kUnknownNameserver there is nobody to ask.
template <typename Visit>
void for_each_entry(const Topology& topology, const Visit& visit) {
  for (const ClusterConfig& cluster : topology.clusters)
    for (const TrafficConfig& record : cluster.traffic) {
      if (record.type.empty()) continue;
      for (const std::string& nameserver : record.nameservers) visit(cluster, record, nameserver);
      if (record.nameservers.empty()) visit(cluster, record, std::string(kUnknownNameserver));
    }
}

DnsList first_list(const Topology& topology) {
  DnsList list;
  for_each_entry(topology, [&](const ClusterConfig& cluster, const TrafficConfig& record,
                               const std::string& nameserver) {
    DnsObservation& entry = list.emplace_back();
    entry.cluster = cluster.name;
    entry.record = record.name;
    entry.type = record.type;
    entry.nameserver = nameserver;
    for (const auto& [region, target] : record.targets) entry.regions.push_back(region);
    entry.declared_ttl = record.ttl;
  });
  return list;
}

bool is_about(const DnsObservation& seen, const ClusterConfig& cluster, const TrafficConfig& record) {
  return seen.cluster == cluster.name && seen.record == record.name && seen.type == record.type;
}

std::vector<Lane> make_lanes(const Topology& topology) {
  std::map<std::string, size_t> lane_of;
  std::vector<Lane> lanes;
  size_t index = 0;
  for_each_entry(topology,
                 [&](const ClusterConfig&, const TrafficConfig& record, const std::string& nameserver) {
                   const size_t entry = index++;
                   if (nameserver == kUnknownNameserver) return;
                   const size_t next = lane_of.size() % DnsWatcher::kMaxThreads;
                   const size_t lane = lane_of.try_emplace(nameserver, next).first->second;
                   if (lane >= lanes.size()) lanes.resize(lane + 1);
                   lanes[lane].push_back({entry, record, nameserver});
                 });
  return lanes;
}

}  // namespace

class DnsWatcher::Lanes {
 public:
  Lanes(const Topology& topology, const WatchSettings& settings, Clock& clock,
        const MakeResolver& make_resolver)
      : clock_(clock),
        settings_(settings),
        resolver_(make_resolver(clock, stop_.get_token())),
        board_(first_list(topology)),
        lanes_(make_lanes(topology)) {}

  ~Lanes() { stop(); }

  void take_over(const DnsList& previous) {
    board_.take_over(previous, [](const DnsObservation& a, const DnsObservation& b) {
      return a.cluster == b.cluster && a.record == b.record && a.type == b.type &&
             a.nameserver == b.nameserver && a.regions == b.regions && a.declared_ttl == b.declared_ttl;
    });
  }

  void start() {
    for (const Lane& lane : lanes_) threads_.emplace_back([this, &lane] { run(lane); });
  }

  void stop() {
    stop_.request_stop();
    threads_.clear();
  }

  std::shared_ptr<const DnsList> list() const { return board_.list(); }

  // The name servers of this record were looked for in vain. Does nothing when some are known.
  void put_unknown(const ClusterConfig& cluster, const TrafficConfig& record, const Error& why) {
    const std::shared_ptr<const DnsList> entries = board_.list();
    for (size_t i = 0; i < entries->size(); ++i) {
      DnsObservation seen = (*entries)[i];
      if (!is_about(seen, cluster, record) || seen.nameserver != kUnknownNameserver) continue;
      seen.finished = clock_.boot_now();
      seen.finding = nameserver_unknown(why);
      board_.put(i, std::move(seen));
    }
  }

 private:
  void run(const Lane& lane) {
    BootTime due = clock_.boot_now();
    do {
      std::set<std::string> silent;
      for (const Question& question : lane) {
        if (stop_.stop_requested()) return;
        ask(question, silent);
      }
      due = std::max(due + settings_.interval, clock_.boot_now());
    } while (clock_.sleep_until(due, stop_.get_token()));
  }

  void ask(const Question& question, std::set<std::string>& silent) {
    const BootTime begin = clock_.boot_now();
    const nanoseconds patience = silent.contains(question.nameserver)
                                     ? std::min(settings_.timeout, DnsWatcher::kImpatience)
                                     : settings_.timeout;
    const Result<DnsAnswer> answer =
        resolver_->ask(question.nameserver, question.record.name, question.record.type, begin + patience);
    if (stop_.stop_requested()) return;
    DnsObservation seen = (*board_.list())[question.index];
    seen.finished = clock_.boot_now();
    seen.latency = *seen.finished - begin;
    seen.finding = judge_answer(question.record, answer);
    if (seen.finding.failure == DnsFailure::kTimeout) silent.insert(question.nameserver);
    note(seen);
    board_.put(question.index, std::move(seen));
  }

  void note(const DnsObservation& seen) {
    const DnsFinding& finding = seen.finding;
    std::string points_to = finding.other ? "other" : "";
    for (const std::string& region : finding.regions) points_to += (points_to.empty() ? "" : ",") + region;
    const std::string name = seen.cluster + "/" + seen.record + "/" + seen.type + "/" + seen.nameserver;
    if (!changes_.changed(name, fmt::format("{} {}", to_string(finding.failure), points_to))) return;
    const bool well = finding.failure == DnsFailure::kNone;
    log(well ? LogLevel::kInfo : LogLevel::kWarn,
        well ? "record points to" : "name server does not answer the record",
        {{"cluster", seen.cluster},
         {"record", seen.record},
         {"type", seen.type},
         {"nameserver", seen.nameserver},
         {"region", points_to},
         {"class", to_string(finding.failure)},
         {"why", finding.failure_text}});
  }

  Clock& clock_;
  const WatchSettings settings_;
  std::stop_source stop_;
  const std::unique_ptr<DnsResolver> resolver_;
  Board<DnsObservation> board_;
  ChangeLog changes_;
  const std::vector<Lane> lanes_;
  std::vector<std::jthread> threads_;  // use all of the above: go first
};

namespace {

bool has_to_be_found(const TrafficConfig& record) {
  return !record.type.empty() && record.nameservers.empty();
}

bool any_to_find(const Topology& topology) {
  return std::ranges::any_of(topology.clusters, [](const ClusterConfig& cluster) {
    return std::ranges::any_of(cluster.traffic, has_to_be_found);
  });
}

// With the name servers that were asked before, so that a reload does not end what is seen of a record.
Topology with_known(Topology topology, const DnsList& previous) {
  for (ClusterConfig& cluster : topology.clusters)
    for (TrafficConfig& record : cluster.traffic) {
      if (!has_to_be_found(record)) continue;
      for (const DnsObservation& seen : previous)
        if (is_about(seen, cluster, record) && seen.nameserver != kUnknownNameserver &&
            std::ranges::find(record.nameservers, seen.nameserver) == record.nameservers.end())
          record.nameservers.push_back(seen.nameserver);
    }
  return topology;
}

}  // namespace

DnsWatcher::DnsWatcher(const Topology& topology, const WatchSettings& settings, Clock& clock,
                       const MakeResolver& make_resolver)
    : topology_(topology),
      settings_(settings),
      clock_(clock),
      make_resolver_(make_resolver),
      lanes_(new_lanes(topology)),
      known_(topology) {}
DnsWatcher::~DnsWatcher() { stop(); }

std::shared_ptr<DnsWatcher::Lanes> DnsWatcher::new_lanes(const Topology& topology) const {
  return std::make_shared<Lanes>(topology, settings_, clock_, make_resolver_);
}

std::shared_ptr<DnsWatcher::Lanes> DnsWatcher::lanes() const {
  const std::lock_guard lock(mutex_);
  return lanes_;
}

void DnsWatcher::take_over(const DnsList& previous) {
  inherited_ = previous;
  known_ = with_known(topology_, previous);
  const std::shared_ptr<Lanes> next = new_lanes(known_);
  next->take_over(previous);
  const std::lock_guard lock(mutex_);
  lanes_ = next;
}

void DnsWatcher::start() {
  lanes()->start();
  if (any_to_find(topology_)) finder_ = std::jthread([this] { find_nameservers(); });
}

void DnsWatcher::stop() {
  stop_.request_stop();
  if (finder_.joinable()) finder_.join();
  lanes()->stop();
}

std::shared_ptr<const DnsList> DnsWatcher::list() const { return lanes()->list(); }

// Once per change: why name servers are not found, and that they are found after all. By its kind, because
// the words change with the resolver that was asked last.
void DnsWatcher::note_search(const ClusterConfig& cluster, const TrafficConfig& record,
                             const Result<std::vector<std::string>>& found) {
  const std::string name = cluster.name + "/" + record.name + "/" + record.type;
  if (!searches_.changed(name, found ? "" : std::string(to_string(found.error().code)))) return;
  log(found ? LogLevel::kInfo : LogLevel::kWarn,
      found ? "the record's name servers are found" : "the record's name servers are not found",
      {{"cluster", cluster.name},
       {"record", record.name},
       {"type", record.type},
       {"nameservers", found ? fmt::format("{}", fmt::join(*found, ",")) : ""},
       {"why", found ? "" : found.error().message}});
}

// Puts in what is found, and leaves what was found before. True when every record has name servers.
bool DnsWatcher::fill(Topology& topology, DnsResolver& resolver) {
  bool all = true, silent = false;
  for (size_t c = 0; c < topology.clusters.size(); ++c)
    for (size_t t = 0; t < topology.clusters[c].traffic.size(); ++t) {
      TrafficConfig& record = topology.clusters[c].traffic[t];
      if (!has_to_be_found(topology_.clusters[c].traffic[t])) continue;
      const nanoseconds patience = silent ? std::min(settings_.timeout, kImpatience) : settings_.timeout;
      auto found = resolver.nameservers_of(record.name, clock_.boot_now() + patience);
      if (stop_.stop_requested()) return false;
      silent = silent || (!found && found.error().code == ErrorCode::kTimeout);
      note_search(topology.clusters[c], record, found);
      if (found)
        record.nameservers = *std::move(found);
      else
        lanes()->put_unknown(topology.clusters[c], record, found.error());
      all = all && !record.nameservers.empty();
    }
  return all;
}

void DnsWatcher::find_nameservers() {
  const std::unique_ptr<DnsResolver> resolver = make_resolver_(clock_, stop_.get_token());
  nanoseconds pause{};
  do {
    Topology filled = known_;
    pause = fill(filled, *resolver) ? kFindAgain : settings_.interval;
    if (stop_.stop_requested()) return;
    if (std::ranges::equal(first_list(filled), first_list(known_), {}, &DnsObservation::nameserver,
                           &DnsObservation::nameserver))
      continue;
    known_ = std::move(filled);
    std::shared_ptr<Lanes> next = new_lanes(known_), before = lanes();
    next->take_over(inherited_);
    next->take_over(*before->list());
    next->start();
    const std::lock_guard lock(mutex_);
    lanes_.swap(next);
  } while (clock_.sleep_for(pause, stop_.get_token()));
}

}  // namespace farshore
