#include "common/postgres/loss.h"

#include <algorithm>

namespace farshore {

std::optional<double> largest_rate(const std::vector<WalPoint>& history) {
  std::optional<double> largest;
  for (size_t i = 1; i < history.size(); ++i) {
    const double elapsed = to_seconds(history[i].at - history[i - 1].at);
    if (elapsed <= 0) continue;
    const double rate =
        static_cast<double>(std::max<int64_t>(0, history[i].lsn - history[i - 1].lsn)) / elapsed;
    largest = std::max(largest.value_or(0), rate);
  }
  return largest;
}

PredictedLoss predict_loss(const LastSight& sight, const std::vector<WalPoint>& primary_history,
                           Lsn candidate, nanoseconds exposure, nanoseconds interval) {
  PredictedLoss loss;
  loss.lower_bytes = std::max<int64_t>(0, sight.lsn - candidate);
  if (sight.bytes_per_second)
    loss.upper_bytes =
        loss.lower_bytes + static_cast<int64_t>(*sight.bytes_per_second * to_seconds(exposure + interval));
  if (loss.lower_bytes == 0) {
    loss.lag_time = 0ns;
    return loss;
  }
  // The newest position the candidate holds: everything after it is missing, and is as old as the next point
  // at most.
  for (auto point = primary_history.rbegin(); point != primary_history.rend(); ++point)
    if (point->lsn <= candidate) {
      loss.lag_time = primary_history.back().at - point->at;
      break;
    }
  return loss;
}

LossNow loss_now(const LastSight& sight, const std::vector<WalPoint>& primary_history, Lsn candidate,
                 std::optional<nanoseconds> silent_for, nanoseconds interval) {
  const PredictedLoss loss =
      predict_loss(sight, primary_history, candidate, silent_for.value_or(0ns), interval);
  if (!silent_for) return {loss.lower_bytes, loss.lag_time};
  return {loss.upper_bytes, loss.lag_time ? std::optional(*loss.lag_time + *silent_for) : std::nullopt};
}

}  // namespace farshore
