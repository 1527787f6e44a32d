// A standby's positions in the write-ahead log, in bytes since 0/0. What it lacks is told by every vantage
// (replication_lag.cc).
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_wal_receive_lsn_bytes", MetricType::Gauge, kServerLabels, "pg_last_wal_receive_lsn()",
     "Received and durable on the standby, in bytes since 0/0. Rewinds to the start of a segment when the "
     "standby restarts. Standby only."},
    {"farshore_pg_wal_replay_lsn_bytes", MetricType::Gauge, kServerLabels, "pg_last_wal_replay_lsn()",
     "Replayed on the standby, in bytes since 0/0. Standby only."},
};

constexpr ReadValue kReaders[] = {
    [](const ServerView& server) -> std::optional<double> {
      return server.facts() != nullptr ? sample(server.facts()->receive) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      return server.facts() != nullptr ? sample(server.facts()->replay) : std::nullopt;
    },
};

MetricFamilies collect(const ExporterView& view) {
  return collect_values(view, std::span(kMetrics), kReaders);
}

}  // namespace

const Collector kStandbyPositionCollector{"standby_position", kMetrics, collect};

}  // namespace farshore
