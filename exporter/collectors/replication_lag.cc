// How far a standby is behind; the method stands in common/postgres/replication_lag.h.
#include "exporter/collectors/collector.h"

namespace farshore {

MetricFamilies collect_replication_lag(const ExporterView& view) {
  FamilyBuilder bytes(
      "farshore_replication_lag_bytes",
      "The newest known flush position of the cluster's primary minus what the standby holds (received "
      "or replayed). The primary's position stays known while it does not answer.");
  FamilyBuilder time(
      "farshore_replication_lag_seconds",
      "Time since this vantage saw the primary stand where the standby stands now. Absent when unknown: "
      "no history yet, or nothing lacking of what is known while the primary is silent.");
  for (const ServerView& server : view.servers) {
    if (!server.lag) continue;
    bytes.add_server(view, server, static_cast<double>(server.lag->bytes));
    if (server.lag->time) time.add_server(view, server, to_seconds(*server.lag->time));
  }
  MetricFamilies families;
  bytes.append_to(families);
  time.append_to(families);
  return families;
}

}  // namespace farshore
