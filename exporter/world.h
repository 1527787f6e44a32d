// Everything that hangs on one reading of the topology: the observer, and whatever else looks at the world it
// names. Built anew for each reading, and swapped as a whole (exporter/exporter.h): nothing in here ever sees
// two topologies.
#pragma once

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/postgres/observer.h"
#include "common/topology/topology.h"
#include "exporter/heartbeat/heartbeat.h"
#include "exporter/transition_log.h"
#include "exporter/view.h"
#include "exporter/watch/watchers.h"

namespace farshore {

// Life: make(), perhaps take_over(), start(); then any thread may call the rest. Destruction stops it.
class World {
 public:
  // kInvalidArgument: the vantage is none of the topology's.
  static Result<std::shared_ptr<World>> make(Topology topology, std::string vantage, Clock& clock);

  // What the world before this one remembers of servers that stay the same: last known positions and the
  // history that lag in seconds is read from. Before start().
  void take_over(const World& previous);
  // kOneLook writes nowhere: it may be there beside the running service, whose heartbeat it must not double.
  enum class Purpose { kService, kOneLook };
  void start(Purpose purpose = Purpose::kService);
  void stop_heartbeat();  // before another world starts: two must not beat at one server
  void stop();            // ends every session; what was seen last stays

  // Until every server was looked at once; with kEverything also until those that answer gave their details
  // and their slow tier had a turn, and until whatever is watched beside them was looked at, name servers
  // that have to be found first among it. False when that took longer than looks are allowed to take.
  enum class FirstCycle { kServers, kEverything };
  bool wait_first_cycle(FirstCycle of = FirstCycle::kServers) const;

  const Topology& topology() const { return topology_; }
  ExporterView view() const;

 private:
  World(Topology topology, std::string vantage, Clock& clock);

  const Topology topology_;
  const std::string vantage_;
  Clock& clock_;
  TransitionLog transitions_;             // used by the observer's thread: must outlive it
  std::unique_ptr<Heartbeat> heartbeat_;  // null unless opted in, and for one look; likewise
  Observer observer_;
  Watchers watchers_;
};

}  // namespace farshore
