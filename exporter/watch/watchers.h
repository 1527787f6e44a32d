// All that is watched beside PostgreSQL, from one vantage: started together, stopped together, read together.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/topology/topology.h"
#include "exporter/watch/application_watcher.h"
#include "exporter/watch/dns_watcher.h"
#include "exporter/watch/file_watcher.h"

namespace farshore {

// One moment of all watchers, immutable; the lists are null in a view that was made without watchers.
struct WatchView {
  std::shared_ptr<const ApplicationList> applications;
  std::shared_ptr<const DnsList> records;
  std::shared_ptr<const FileTierList> files;
  BootTime now{};
  WallTime wall_now{};
  nanoseconds limit{0};  // an observation older than this claims nothing any more

  // Everything that is watched was looked at once.
  bool is_complete() const;
  bool is_current(const std::optional<BootTime>& finished) const {
    return finished && now - *finished <= limit;
  }
};

// Thread-safe after start(). Destruction stops everything within a moment, whatever hangs.
class Watchers {
 public:
  Watchers(const Topology& topology, const std::string& vantage, Clock& clock);

  // What the watchers of an earlier reading of the topology saw of what is still there. Before start().
  void take_over(const Watchers& previous);
  void start();
  void stop();  // what was seen last stays
  WatchView view() const;

 private:
  Clock& clock_;
  const WatchSettings settings_;
  ApplicationWatcher applications_;
  DnsWatcher records_;
  FileWatcher files_;
};

}  // namespace farshore
