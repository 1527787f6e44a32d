// Looks at every server of a topology, once an interval and at once when a kept session closes, from one
// thread and without ever blocking on a server: non-blocking libpq, one kept session and one prepared
// statement per server, a hard deadline per attempt. A frozen server costs one abandoned socket.
//
// Name look-ups run in at most four helper threads, one per name at a time; a look-up that hangs is
// FailureClass::kDns. Sources: pg_stat_wal_receiver, pg_control_system, the recovery information functions
// (PostgreSQL 13 to 17).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/postgres/fact_parts.h"
#include "common/postgres/facts.h"
#include "common/postgres/name_resolver.h"
#include "common/topology/topology.h"

namespace farshore {

struct ObserverOptions {
  nanoseconds interval = 1s;
  nanoseconds timeout = 1s;
  nanoseconds history = 10min;  // how long WalPoints are kept
  std::string application_name = "farshore-exporter";
  FactScope scope = FactScope::kSpine;
  nanoseconds slow_interval = 30s;                // between two turns of the slow tier; with FactScope::kAll
  ResolveFunction resolve = resolve_with_system;  // host names of connection strings
};

// Thread-safe after start(). Destruction stops the thread within one poll.
class Observer {
 public:
  Observer(const Topology& topology, ObserverOptions options, Clock& clock);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  // What another observer knows of servers with the same name and connection string: their last facts and
  // histories, but none of its attempts: each is "not looked at yet". Before start().
  void take_over(const Observer& previous);

  void start();
  void stop();  // also ends every session; the last snapshot stays

  // Never null after construction; before the first cycle every server is "not looked at yet" (no attempt
  // times).
  std::shared_ptr<const Snapshot> snapshot() const;

  // Oldest first, at most one point per interval, at most options.history old.
  std::vector<WalPoint> history(std::string_view cluster, std::string_view server) const;

  // Begins a new attempt at every server of the cluster now instead of at the next interval, or at once after
  // the attempt that is under way.
  void look_now(std::string_view cluster);

  // Called on the observer's thread after each new snapshot; must not block. Set before start().
  void on_snapshot(std::function<void(const Snapshot&)> callback);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace farshore
