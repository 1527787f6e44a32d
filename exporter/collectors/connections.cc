// Room for sessions, and since when the server runs.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_connections", MetricType::Gauge, kServerLabels, "pg_stat_get_activity()",
     "Client sessions, idle ones too; absent when other roles' sessions are hidden."},
    {"farshore_pg_max_connections", MetricType::Gauge, kServerLabels, "max_connections",
     "The limit of client sessions."},
    {"farshore_pg_reserved_connections", MetricType::Gauge, kServerLabels,
     "superuser_reserved_connections, reserved_connections",
     "How many of these are kept for superusers and, since PostgreSQL 16, for pg_use_reserved_connections."},
    {"farshore_pg_postmaster_start_timestamp_seconds", MetricType::Gauge, kServerLabels,
     "pg_postmaster_start_time()",
     "When the server was started, by its own clock. A crash that it recovered from by itself does not "
     "change it."},
};

constexpr ReadValue kReaders[] = {
    [](const ServerView& server) -> std::optional<double> {
      const FactDetails* details = server.details();
      return details != nullptr && details->sessions ? sample(details->sessions->clients) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      const FactDetails* details = server.details();
      return details != nullptr && details->sessions ? sample(details->sessions->limit) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      const FactDetails* details = server.details();
      return details != nullptr && details->sessions ? sample(details->sessions->reserved) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      return server.details() != nullptr ? sample(server.details()->postmaster_start) : std::nullopt;
    },
};

MetricFamilies collect(const ExporterView& view) {
  return collect_values(view, std::span(kMetrics), kReaders);
}

}  // namespace

const Collector kConnectionsCollector{"connections", kMetrics, collect};

}  // namespace farshore
