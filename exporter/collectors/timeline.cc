// On a primary the timeline is that of the WAL file name (the control file lags a promotion by seconds), on a
// standby the largest that is known.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_timeline_id", MetricType::Gauge, kServerLabels,
     "pg_walfile_name(); pg_stat_wal_receiver, pg_control_recovery(), pg_control_checkpoint()",
     "The timeline: that of the WAL file written now on a primary, the largest known on a standby."},
};

constexpr ReadValue kReaders[] = {
    [](const ServerView& server) -> std::optional<double> {
      return server.facts() != nullptr ? std::optional<double>(server.facts()->timeline) : std::nullopt;
    },
};

MetricFamilies collect(const ExporterView& view) {
  return collect_values(view, std::span(kMetrics), kReaders);
}

}  // namespace

const Collector kTimelineCollector{"timeline", kMetrics, collect};

}  // namespace farshore
