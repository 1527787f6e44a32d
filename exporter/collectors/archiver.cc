// The archiver fails now when its last failure is newer than its last success; an idle one does neither.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_archiver_archived_total", MetricType::Counter, kServerLabels, "pg_stat_archiver",
     "WAL files that were archived since the statistics were reset."},
    {"farshore_pg_archiver_failed_total", MetricType::Counter, kServerLabels, "pg_stat_archiver",
     "Failed attempts to archive a WAL file since the statistics were reset."},
    {"farshore_pg_archiver_last_archived_timestamp_seconds", MetricType::Gauge, kServerLabels,
     "pg_stat_archiver",
     "When a WAL file was last archived; absent before the first. Its age grows while the server is idle: "
     "compare it with the last failure."},
    {"farshore_pg_archiver_last_failed_timestamp_seconds", MetricType::Gauge, kServerLabels,
     "pg_stat_archiver",
     "When archiving last failed; absent before the first failure. Archiving fails now when this is newer "
     "than the last success."},
};

template <typename Field>
std::optional<double> of(const ServerView& server, Field ArchiverFacts::* field) {
  const ArchiverFacts* archiver = server.find(&FactDetails::archiver);
  return archiver != nullptr ? sample(archiver->*field) : std::nullopt;
}

constexpr ReadValue kReaders[] = {
    [](const ServerView& server) -> std::optional<double> { return of(server, &ArchiverFacts::archived); },
    [](const ServerView& server) -> std::optional<double> { return of(server, &ArchiverFacts::failed); },
    [](const ServerView& server) -> std::optional<double> {
      return of(server, &ArchiverFacts::last_archived);
    },
    [](const ServerView& server) -> std::optional<double> { return of(server, &ArchiverFacts::last_failed); },
};

MetricFamilies collect(const ExporterView& view) {
  return collect_values(view, std::span(kMetrics), kReaders);
}

}  // namespace

const Collector kArchiverCollector{"archiver", kMetrics, collect};

}  // namespace farshore
