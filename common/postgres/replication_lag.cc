#include "common/postgres/replication_lag.h"

#include <algorithm>

namespace farshore {
namespace {

std::optional<nanoseconds> lag_in_time(Lsn held, BootTime seen, bool primary_up,
                                       std::vector<WalPoint> history, const LagOptions& options) {
  // What the primary did after the standby was looked at is not yet the standby's lag.
  std::erase_if(history, [&](const WalPoint& point) { return point.at > seen; });
  if (history.empty()) return std::nullopt;
  const WalPoint& newest = history.back();
  if (held >= newest.lsn) {
    // It holds all that is known; whether there is more, nobody knows once the primary is silent.
    const bool now = primary_up && seen - newest.at <= options.fresh_within;
    return now ? std::optional(nanoseconds(0)) : std::nullopt;
  }
  const auto reached = std::ranges::find_if(history.rbegin(), history.rend(),
                                            [&](const WalPoint& point) { return point.lsn <= held; });
  if (reached != history.rend()) return seen - reached->at;
  // Behind everything that is remembered: at least this much, which says something only once much is
  // remembered.
  const nanoseconds remembered = seen - history.front().at;
  return remembered * 10 >= options.history * 9 ? std::optional(remembered) : std::nullopt;
}

}  // namespace

const ServerObservation* newest_primary(const Snapshot& snapshot, std::string_view cluster,
                                        std::string_view system_identifier) {
  const ServerObservation* best = nullptr;
  for (const ServerObservation& server : snapshot.servers) {
    if (server.cluster != cluster || !server.facts || server.facts->in_recovery || !server.facts->flush ||
        server.facts->system_identifier != system_identifier)
      continue;
    const auto rank = [](const ServerObservation& one) {
      return std::pair(one.facts->timeline, *one.facts->flush);
    };
    if (best == nullptr || rank(server) > rank(*best)) best = &server;
  }
  return best;
}

bool can_be_compared(const ServerFacts& one, const ServerFacts& other) {
  return one.system_identifier == other.system_identifier && one.timeline == other.timeline;
}

std::optional<ReplicationLag> replication_lag(const ServerObservation& standby,
                                              const ServerObservation& primary,
                                              const std::vector<WalPoint>& history,
                                              const LagOptions& options) {
  if (!standby.facts || !standby.last_success || !primary.facts || !primary.facts->flush) return std::nullopt;
  const std::optional<Lsn> held = standby.facts->held();
  if (!held || !can_be_compared(*standby.facts, *primary.facts)) return std::nullopt;
  return ReplicationLag{std::max<int64_t>(0, *primary.facts->flush - *held),
                        lag_in_time(*held, *standby.last_success, primary.up, history, options)};
}

}  // namespace farshore
