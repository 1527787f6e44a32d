// How far a standby is behind, from what one observer saw. Pure functions.
//
// In bytes: the newest known flush position of the primary minus what the standby holds (received or
// replayed), which is what a promotion now would lose, as far as this observer knows. In seconds: the
// LSN-history method. The observer remembers when it saw the primary at each position; the lag is the time
// since the primary last stood at what the standby holds. No writes, no heartbeat, one clock; right while
// replay is paused or the link is cut, where pg_last_xact_replay_timestamp and replay_lag are not.
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

// Absent when the standby's position is not known. `history` is the primary's, oldest first.
std::optional<ReplicationLag> replication_lag(const ServerObservation& standby,
                                              const ServerObservation& primary,
                                              const std::vector<WalPoint>& history,
                                              const LagOptions& options);

}  // namespace farshore
