// What the server is. Sources: pg_is_in_recovery(), pg_control_system(), and for the timeline the WAL file
// name on a primary (the control file lags a promotion by seconds), the largest that is known on a standby.
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

std::string version_text_of(uint32_t number) {
  return fmt::format("{}.{}", number / 10000, number % 10000);  // since PostgreSQL 10
}

}  // namespace

MetricFamilies collect_role(const ExporterView& view) {
  FamilyBuilder recovery(
      "farshore_pg_in_recovery",
      "1 if pg_is_in_recovery(): a standby; 0: a primary. Absent while the server does not answer.");
  FamilyBuilder timeline("farshore_pg_timeline_id",
                         "The timeline: of pg_walfile_name() on a primary, the largest known on a standby.");
  FamilyBuilder info(
      "farshore_pg_system_info",
      "Always 1; the labels carry the system identifier of pg_control_system() (too large for a sample) "
      "and the server's version.");
  for (const ServerView& server : view.servers) {
    const ServerFacts* facts = server.facts();
    if (facts == nullptr) continue;
    recovery.add_server(view, server, facts->in_recovery ? 1 : 0);
    timeline.add_server(view, server, facts->timeline);
    info.add_server(view, server, 1,
                    {{"system_identifier", facts->system_identifier},
                     {"version", version_text_of(facts->server_version_num)}});
  }
  MetricFamilies families;
  recovery.append_to(families);
  timeline.append_to(families);
  info.append_to(families);
  return families;
}

}  // namespace farshore
