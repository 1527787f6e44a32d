// What a failover would cost: the candidate's lag when the primary was last seen (gated by max_data_loss),
// and the exposure, the time from that last sight until the fence held, in which an isolated primary may have
// acknowledged more.
#pragma once

#include <optional>
#include <vector>

#include "common/base/clock.h"
#include "common/base/lsn.h"
#include "common/postgres/facts.h"

namespace farshore {

// Where the primary was when it was last seen, and how fast its WAL grew at most while it was watched.
struct LastSight {
  Lsn lsn;
  std::optional<double> bytes_per_second;  // largest rate between two looks; absent with fewer than two
};

struct PredictedLoss {
  int64_t lower_bytes = 0;             // known to be missing on the candidate
  std::optional<int64_t> upper_bytes;  // lower + exposure at the largest rate seen; absent = unknown
  std::optional<nanoseconds>
      lag_time;  // age, at the last sight, of the oldest missing byte; absent = unknown
};

std::optional<double> largest_rate(const std::vector<WalPoint>& history);

// `exposure`: last sight until now or until the fence held. `interval`: between two looks, in which WAL goes
// unseen.
PredictedLoss predict_loss(const LastSight& sight, const std::vector<WalPoint>& primary_history,
                           Lsn candidate, nanoseconds exposure, nanoseconds interval);

// What promoting the candidate now would lose at most, as far as is known; absent = unknown.
struct LossNow {
  std::optional<int64_t> bytes;
  std::optional<nanoseconds> time;
};

// `silent_for`: since the primary was last seen; absent while it answers, when what it does between two looks
// is left out.
LossNow loss_now(const LastSight& sight, const std::vector<WalPoint>& primary_history, Lsn candidate,
                 std::optional<nanoseconds> silent_for, nanoseconds interval);

}  // namespace farshore
