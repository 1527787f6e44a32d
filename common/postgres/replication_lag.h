// How far a standby is behind, from what one observer saw. Pure functions.
//
// In bytes: the newest known flush position of the primary minus what the standby holds (received or
// replayed), which is what a promotion now would lose, as far as this observer knows. In seconds: the
// LSN-history method. The observer remembers when it saw the primary at each position; the lag is the time
// since the primary last stood at what the standby holds. No writes, no heartbeat, one clock; right while
// replay is paused or the link is cut, where pg_last_xact_replay_timestamp and replay_lag are not.
//
// Across timelines there is no lag, for positions beyond the point where they part count different WAL. A
// standby that streams has the timeline of its stream at once (pg_stat_wal_receiver, which needs pg_monitor);
// without that it is known only after the standby's next restartpoint, and so is its lag.
#pragma once

#include <optional>
#include <vector>

#include "common/postgres/facts.h"

namespace farshore {

struct ReplicationLag {
  int64_t bytes = 0;                // never negative
  std::optional<nanoseconds> time;  // absent when it cannot be known
};

struct LagOptions {
  nanoseconds fresh_within = 3s;  // a position of the primary seen this long before the standby is "now"
  nanoseconds history = 10min;    // how long the observer remembers
};

// Among the cluster's servers that were not in recovery when last seen, whether they still answer or not: the
// one on the newest timeline, then the one furthest on. Null when none was ever seen.
const ServerObservation* newest_primary(const Snapshot& snapshot, std::string_view cluster,
                                        std::string_view system_identifier);

// Whether positions of these two are points of one line: the same system and the same timeline. Elsewhere the
// smaller number may hold what the larger one lacks.
bool can_be_compared(const ServerFacts& one, const ServerFacts& other);

// Absent when the standby's position is not known or cannot be compared. `history` is the primary's, oldest
// first.
std::optional<ReplicationLag> replication_lag(const ServerObservation& standby,
                                              const ServerObservation& primary,
                                              const std::vector<WalPoint>& history,
                                              const LagOptions& options);

}  // namespace farshore
