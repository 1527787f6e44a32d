// The primary's positions in the write-ahead log, in bytes since 0/0; exact in a sample up to 8 PiB of WAL.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_wal_insert_lsn_bytes", MetricType::Gauge, kServerLabels, "pg_current_wal_insert_lsn()",
     "Inserted on the primary, not yet written, in bytes since 0/0. Primary only."},
    {"farshore_pg_wal_current_lsn_bytes", MetricType::Gauge, kServerLabels, "pg_current_wal_lsn()",
     "Written by the primary, in bytes since 0/0. Primary only."},
    {"farshore_pg_wal_flush_lsn_bytes", MetricType::Gauge, kServerLabels, "pg_current_wal_flush_lsn()",
     "Durable on the primary, may be acknowledged to clients, in bytes since 0/0. Primary only."},
};

constexpr ReadValue kReaders[] = {
    [](const ServerView& server) -> std::optional<double> {
      return server.details() != nullptr ? sample(server.details()->insert) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      return server.facts() != nullptr ? sample(server.facts()->current) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      return server.facts() != nullptr ? sample(server.facts()->flush) : std::nullopt;
    },
};

MetricFamilies collect(const ExporterView& view) {
  return collect_values(view, std::span(kMetrics), kReaders);
}

}  // namespace

const Collector kWalPositionCollector{"wal_position", kMetrics, collect};

}  // namespace farshore
