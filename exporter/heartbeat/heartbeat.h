// The opt-in heartbeat (observe.heartbeat) and the write probe that goes with it, for the primaries of this
// exporter's own region. One thread and non-blocking sessions for all servers: a frozen one delays no other,
// and no scrape waits for any. docs/adr/0007-the-heartbeat-and-the-write-probe.md says why there are two.
#pragma once

#include <memory>

#include "common/postgres/facts.h"
#include "common/postgres/name_resolver.h"
#include "common/topology/topology.h"
#include "exporter/heartbeat/repeated_write.h"

namespace farshore {

struct HeartbeatOptions {
  std::string vantage;
  WriteTimes beat, probe;
  nanoseconds fresh_for = 4s;  // how old a look may be for a write to rest on it
  ResolveFunction resolve = resolve_with_system;
};

// As the topology's observe settings say; the write probe comes with every third beat.
HeartbeatOptions heartbeat_options(const ObserveSettings& observe, const std::string& vantage);

// Thread-safe after start(). Destruction ends the thread and every session.
class Heartbeat {
 public:
  Heartbeat(const Topology& topology, HeartbeatOptions options, Clock& clock);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  void start();
  void stop();  // ends every session; the last states stay
  // What was seen decides who is written to from now on. Does not block: for the observer's thread.
  void note(const Snapshot& snapshot);
  BeatStates states() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace farshore
