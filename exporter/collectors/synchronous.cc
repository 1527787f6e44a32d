// Whether commits wait for standbys that are not there.
#include <algorithm>

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
    {"farshore_pg_synchronous_standbys_missing", MetricType::Gauge, kServerLabels,
     "synchronous_standby_names, pg_stat_get_wal_senders()",
     "How many more would have to be connected for commits to end; 0 when enough are. Primary only; absent "
     "when hidden."},
};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily configured(kMetrics[0], view), connected(kMetrics[1], view), missing(kMetrics[2], view);
  for (const ServerView& server : view.servers) {
    const FactDetails* details = server.details();
    if (details == nullptr || server.facts()->in_recovery || !details->standbys) continue;
    const std::optional<int64_t>& there = details->standbys->synchronous;
    const std::optional<int64_t> needed =
        details->standbys->sync_names ? synchronous_standbys(*details->standbys->sync_names) : std::nullopt;
    configured.add_if(server, sample(needed));
    connected.add_if(server, sample(there));
    if (needed && there) missing.add(server, static_cast<double>(std::max<int64_t>(0, *needed - *there)));
  }
  MetricFamilies families;
  for (ServerFamily* family : {&configured, &connected, &missing}) family->append_to(families);
  return families;
}

}  // namespace

const Collector kSynchronousCollector{"synchronous", kMetrics, collect};

}  // namespace farshore
