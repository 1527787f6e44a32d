// A server's clock. Whose is wrong, when the two differ, is told by round_trip.cc.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_clock_offset_seconds", MetricType::Gauge, kServerLabels, "clock_timestamp()",
     "The server's clock minus the vantage's at half the round trip; wrong by half the round trip at most. "
     "Above 0: the server's clock is ahead."},
};

constexpr ReadValue kReaders[] = {&clock_offset};

MetricFamilies collect(const ExporterView& view) {
  return collect_values(view, std::span(kMetrics), kReaders);
}

}  // namespace

const Collector kClockCollector{"clock", kMetrics, collect};

}  // namespace farshore
