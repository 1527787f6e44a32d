#include "common/postgres/wal_history.h"

namespace farshore {

void WalHistory::add(BootTime at, const ServerFacts& facts) {
  const std::optional<Lsn> lsn = facts.in_recovery ? facts.held() : facts.flush;
  if (!lsn) return;
  // Attempts drift by a little against the interval: half of it still counts as the next point.
  if (points_.empty() || at - points_.back().at >= interval_ / 2) points_.push_back({at, *lsn});
  while (!points_.empty() && at - points_.front().at > keep_) points_.pop_front();
}

}  // namespace farshore
