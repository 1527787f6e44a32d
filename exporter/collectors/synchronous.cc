// Whether commits wait for standbys that are not there.
#include "common/postgres/synchronous_standbys.h"
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_synchronous_standbys_configured", MetricType::Gauge, kServerLabels,
     "synchronous_standby_names", "How many standbys a commit waits for; 0 for none. Primary only."},
    {"farshore_pg_synchronous_standbys_connected", MetricType::Gauge, kServerLabels,
     "pg_stat_get_wal_senders()",
     "How many connected standbys are synchronous or of the quorum. Below the configured number commits "
     "hang: the primary answers and accepts no write. Primary only; absent when hidden."},
};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily configured(kMetrics[0], view), connected(kMetrics[1], view);
  for (const ServerView& server : view.servers) {
    const FactDetails* details = server.details();
    if (details == nullptr || server.facts()->in_recovery || !details->standbys) continue;
    if (details->standbys->sync_names)
      configured.add_if(server, sample(synchronous_standbys(*details->standbys->sync_names)));
    connected.add_if(server, sample(details->standbys->synchronous));
  }
  MetricFamilies families;
  configured.append_to(families);
  connected.append_to(families);
  return families;
}

}  // namespace

const Collector kSynchronousCollector{"synchronous", kMetrics, collect};

}  // namespace farshore
