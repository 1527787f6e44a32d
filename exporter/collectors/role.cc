// What the server is, and of which database system: a vantage whose name service leads it to another server
// sees another one.
#include <map>
#include <set>

#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_in_recovery", MetricType::Gauge, kServerLabels, "pg_is_in_recovery()",
     "1: a standby; 0: a primary. Absent while the server does not answer."},
    {"farshore_pg_system_info", MetricType::Gauge, "cluster region server vantage system_identifier version",
     "pg_control_system()",
     "Always 1; the labels carry the system identifier (too large for a sample) and the server's version."},
    {"farshore_cluster_system_info", MetricType::Gauge, "cluster vantage system_identifier",
     "pg_control_system()",
     "Always 1, for each system identifier that the vantage finds among the servers of the cluster that "
     "answer it. More than one, of one vantage or of all, is a server of another database or a name that "
     "leads to one."},
};

std::string version_text_of(uint32_t number) {
  return fmt::format("{}.{}", number / 10000, number % 10000);  // since PostgreSQL 10
}

MetricFamilies collect(const ExporterView& view) {
  ServerFamily recovery(kMetrics[0], view), info(kMetrics[1], view);
  std::map<std::string, std::set<std::string>> systems;  // by cluster
  for (const ServerView& server : view.servers) {
    const ServerFacts* facts = server.facts();
    if (facts == nullptr) continue;
    recovery.add(server, facts->in_recovery ? 1 : 0);
    info.add(server, 1,
             {{"system_identifier", facts->system_identifier},
              {"version", version_text_of(facts->server_version_num)}});
    systems[server.observation->cluster].insert(facts->system_identifier);
  }
  FamilyBuilder of_cluster(kMetrics[2]);
  for (const auto& [cluster, found] : systems)
    for (const std::string& identifier : found)
      of_cluster.add(1, {{"cluster", cluster}, {"vantage", view.vantage}, {"system_identifier", identifier}});
  MetricFamilies families;
  recovery.append_to(families);
  info.append_to(families);
  of_cluster.append_to(families);
  return families;
}

}  // namespace

const Collector kRoleCollector{"role", kMetrics, collect};

}  // namespace farshore
