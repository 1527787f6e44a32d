// Asks every authoritative server of every traffic record what it answers, each interval, with the settings'
// timeout for one question and at most one question under way per record and server.
//
// The servers of a record that names none are looked up through this host's resolvers, and again every
// kFindAgain; while they are not known, at each interval, and the record has one entry, of the name server
// kUnknownNameserver, which says so. Once found they are kept until others are found, also through a reload.
//
// Each name server has a thread of its own, so that a silent one delays no other; beyond kMaxThreads name
// servers they share. Within a round, a server that was silent once has only kImpatience for its other
// records.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/dns/resolver.h"
#include "common/topology/topology.h"
#include "exporter/change_log.h"
#include "exporter/watch/dns_answer.h"
#include "exporter/watch/watch_settings.h"

namespace farshore {

// In place of a name server while none of the record is known; no name server is called so, since it has a
// port.
inline constexpr std::string_view kUnknownNameserver = "unknown";

// The newest answer of one name server about one record. Of every record there is at least one.
struct DnsObservation {
  std::string cluster, record, type, nameserver;
  std::vector<std::string> regions;  // every region that has a target
  nanoseconds declared_ttl{0};       // what the topology says
  std::optional<BootTime> finished;  // absent before the first
  DnsFinding finding;
  nanoseconds latency{0};  // of what it replied
};
using DnsList = std::vector<DnsObservation>;

// Thread-safe after start(). Destruction waits for no answer: the resolver gives up within a moment.
class DnsWatcher {
 public:
  static constexpr size_t kMaxThreads = 16;
  static constexpr nanoseconds kImpatience = 500ms;
  static constexpr nanoseconds kFindAgain = 60s;

  using MakeResolver = std::function<std::unique_ptr<DnsResolver>(Clock& clock, std::stop_token stop)>;
  DnsWatcher(const Topology& topology, const WatchSettings& settings, Clock& clock,
             const MakeResolver& make_resolver = make_dns_resolver);
  ~DnsWatcher();
  DnsWatcher(const DnsWatcher&) = delete;
  DnsWatcher& operator=(const DnsWatcher&) = delete;

  void take_over(const DnsList& previous);  // before start(): what was seen of the same ones
  void start();                             // no thread when there is no record
  void stop();                              // what was seen last stays
  std::shared_ptr<const DnsList> list() const;

 private:
  class Lanes;
  std::shared_ptr<Lanes> lanes() const;
  std::shared_ptr<Lanes> new_lanes(const Topology& topology) const;
  void find_nameservers();
  bool fill(Topology& topology, DnsResolver& resolver);
  void note_search(const ClusterConfig& cluster, const TrafficConfig& record,
                   const Result<std::vector<std::string>>& found);

  const Topology topology_;
  const WatchSettings settings_;
  Clock& clock_;
  const MakeResolver make_resolver_;
  mutable std::mutex mutex_;
  std::shared_ptr<Lanes> lanes_;  // made anew when other name servers are found
  DnsList inherited_;             // of take_over, for those that are found later
  Topology known_;                // with the name servers that were found; of the finder once it runs
  ChangeLog searches_;
  std::stop_source stop_;
  std::jthread finder_;
};

}  // namespace farshore
