// Where a server's WAL stood and when that was seen: the base of lag in seconds without a heartbeat, without
// writes and without agreeing clocks. At most one point per interval, bounded by age. Not thread-safe.
#pragma once

#include <deque>
#include <vector>

#include "common/postgres/facts.h"

namespace farshore {

class WalHistory {
 public:
  WalHistory(nanoseconds interval, nanoseconds keep) : interval_(interval), keep_(keep) {}

  // Primary: flush; standby: held(). A server whose position is unknown adds nothing.
  void add(BootTime at, const ServerFacts& facts);
  // Begins with what another history held, oldest first.
  void restore(const std::vector<WalPoint>& points) { points_.assign(points.begin(), points.end()); }
  std::vector<WalPoint> points() const { return {points_.begin(), points_.end()}; }

 private:
  nanoseconds interval_, keep_;
  std::deque<WalPoint> points_;
};

}  // namespace farshore
