// The way to a server and back, and its clock.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_round_trip_seconds", MetricType::Gauge, kServerLabels, "",
     "Time from sending the statement to its answer, the server's work included."},
    {"farshore_pg_clock_offset_seconds", MetricType::Gauge, kServerLabels, "clock_timestamp()",
     "The server's clock minus the vantage's at half the round trip; wrong by half the round trip at most. "
     "Above 0: the server's clock is ahead."},
};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily round_trip(kMetrics[0], view), offset(kMetrics[1], view);
  for (const ServerView& server : view.servers) {
    if (server.facts() == nullptr) continue;
    const ServerObservation& seen = *server.observation;
    round_trip.add(server, to_seconds(seen.round_trip));
    offset.add(server,
               to_seconds(server.facts()->server_time - (seen.last_success_wall - seen.round_trip / 2)));
  }
  MetricFamilies families;
  round_trip.append_to(families);
  offset.append_to(families);
  return families;
}

}  // namespace

const Collector kClockCollector{"clock", kMetrics, collect};

}  // namespace farshore
