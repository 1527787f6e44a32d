// What the server is. On a primary the timeline is that of the WAL file name (the control file lags a
// promotion by seconds), on a standby the largest that is known.
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_in_recovery", MetricType::Gauge, kServerLabels, "pg_is_in_recovery()",
     "1: a standby; 0: a primary. Absent while the server does not answer."},
    {"farshore_pg_timeline_id", MetricType::Gauge, kServerLabels,
     "pg_walfile_name(); pg_stat_wal_receiver, pg_control_recovery(), pg_control_checkpoint()",
     "The timeline: that of the WAL file written now on a primary, the largest known on a standby."},
    {"farshore_pg_system_info", MetricType::Gauge, "cluster region server vantage system_identifier version",
     "pg_control_system()",
     "Always 1; the labels carry the system identifier (too large for a sample) and the server's version."},
};

std::string version_text_of(uint32_t number) {
  return fmt::format("{}.{}", number / 10000, number % 10000);  // since PostgreSQL 10
}

MetricFamilies collect(const ExporterView& view) {
  ServerFamily recovery(kMetrics[0], view), timeline(kMetrics[1], view), info(kMetrics[2], view);
  for (const ServerView& server : view.servers) {
    const ServerFacts* facts = server.facts();
    if (facts == nullptr) continue;
    recovery.add(server, facts->in_recovery ? 1 : 0);
    timeline.add(server, facts->timeline);
    info.add(server, 1,
             {{"system_identifier", facts->system_identifier},
              {"version", version_text_of(facts->server_version_num)}});
  }
  MetricFamilies families;
  recovery.append_to(families);
  timeline.append_to(families);
  info.append_to(families);
  return families;
}

}  // namespace

const Collector kRoleCollector{"role", kMetrics, collect};

}  // namespace farshore
