// The way to a server and back, and the vantage's own clock, which all servers are asked about.
#include <algorithm>
#include <cmath>
#include <vector>

#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_round_trip_seconds", MetricType::Gauge, kServerLabels, "",
     "Time from sending the statement to its answer, the server's work included."},
    {"farshore_vantage_clock_offset_seconds", MetricType::Gauge, "vantage", "clock_timestamp()",
     "The smallest difference, without its sign, between this vantage's clock and that of any server, at "
     "half the round trip. As large, it is the vantage's own clock that is wrong. Absent while fewer than "
     "two servers answer: between two clocks nobody can say which is right."},
};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily round_trip(kMetrics[0], view);
  std::vector<double> offsets;
  for (const ServerView& server : view.servers) {
    const std::optional<double> offset = clock_offset(server);
    if (!offset) continue;
    round_trip.add(server, to_seconds(server.observation->round_trip));
    offsets.push_back(std::abs(*offset));
  }
  FamilyBuilder clock(kMetrics[1]);
  if (offsets.size() > 1) clock.add(*std::ranges::min_element(offsets), {{"vantage", view.vantage}});
  MetricFamilies families;
  round_trip.append_to(families);
  clock.append_to(families);
  return families;
}

}  // namespace

const Collector kRoundTripCollector{"round_trip", kMetrics, collect};

}  // namespace farshore
