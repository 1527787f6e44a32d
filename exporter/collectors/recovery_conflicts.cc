// Queries on a standby that were cancelled because replay needed what they held.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_recovery_conflicts_total", MetricType::Counter, "cluster region server vantage kind",
     "pg_stat_database_conflicts",
     "Queries cancelled by recovery since the statistics were reset, of all databases, by kind: tablespace, "
     "lock, snapshot, bufferpin, deadlock, since PostgreSQL 16 logicalslot. Standby only."},
};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily conflicts(kMetrics[0], view);
  for (const ServerView& server : view.servers) {
    const auto* counts = server.find(&FactDetails::conflicts);
    if (counts == nullptr) continue;
    for (const auto& [kind, count] : *counts)
      conflicts.add(server, static_cast<double>(count), {{"kind", kind}});
  }
  MetricFamilies families;
  conflicts.append_to(families);
  return families;
}

}  // namespace

const Collector kRecoveryConflictsCollector{"recovery_conflicts", kMetrics, collect};

}  // namespace farshore
