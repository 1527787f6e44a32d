// From what is known of a server to the value of a sample; what is absent stays absent.
#pragma once

#include <optional>
#include <span>

#include "exporter/collectors/collector.h"

namespace farshore {

inline std::optional<double> sample(const std::optional<int64_t>& number) {
  return number ? std::optional(static_cast<double>(*number)) : std::nullopt;
}
inline std::optional<double> sample(const std::optional<bool>& flag) {
  return flag ? std::optional(*flag ? 1.0 : 0.0) : std::nullopt;
}
inline std::optional<double> sample(const std::optional<Lsn>& lsn) {
  return lsn ? std::optional(static_cast<double>(lsn->bytes())) : std::nullopt;
}
inline std::optional<double> sample(const std::optional<nanoseconds>& duration) {
  return duration ? std::optional(to_seconds(*duration)) : std::nullopt;
}
// Unix seconds.
inline std::optional<double> sample(const std::optional<WallTime>& time) {
  return time ? std::optional(to_seconds(time->time_since_epoch())) : std::nullopt;
}

// The server's clock minus the vantage's at half the round trip, in seconds.
inline std::optional<double> clock_offset(const ServerView& server) {
  if (server.facts() == nullptr) return std::nullopt;
  const ServerObservation& seen = *server.observation;
  return to_seconds(server.facts()->server_time - (seen.last_success_wall - seen.round_trip / 2));
}

inline FamilyBuilder::Labels application_labels(const ApplicationObservation& seen,
                                                const ExporterView& view) {
  return {{"cluster", seen.cluster},
          {"application", seen.application},
          {"region", seen.region},
          {"vantage", view.vantage}};
}

using ReadValue = std::optional<double> (*)(const ServerView& server);

// A family per metric with at most one sample per server: readers[i] gives the value of metrics[i].
template <size_t kCount>
MetricFamilies collect_values(const ExporterView& view, std::span<const Metric, kCount> metrics,
                              const ReadValue (&readers)[kCount]) {
  MetricFamilies families;
  for (size_t i = 0; i < kCount; ++i) {
    ServerFamily family(metrics[i], view);
    for (const ServerView& server : view.servers) family.add_if(server, readers[i](server));
    family.append_to(families);
  }
  return families;
}

}  // namespace farshore
