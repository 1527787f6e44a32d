// Who does not follow. Every vantage that sees both tells it: the server's own may be cut off from the newer.
#include <algorithm>

#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_timelines_behind", MetricType::Gauge, kServerLabels, "farshore_pg_timeline_id",
     "By how many timelines the server is behind the newest of its cluster and system that answers this "
     "vantage: it does not follow the primary. No series while it is not behind."},
};

uint32_t newest_timeline(const ExporterView& view, const ServerView& of) {
  uint32_t newest = 0;
  for (const ServerView& other : view.servers)
    if (other.facts() != nullptr && other.observation->cluster == of.observation->cluster &&
        other.facts()->system_identifier == of.facts()->system_identifier)
      newest = std::max(newest, other.facts()->timeline);
  return newest;
}

MetricFamilies collect(const ExporterView& view) {
  ServerFamily behind(kMetrics[0], view);
  for (const ServerView& server : view.servers)
    if (server.facts() != nullptr)
      if (const uint32_t newest = newest_timeline(view, server); server.facts()->timeline < newest)
        behind.add(server, newest - server.facts()->timeline);
  MetricFamilies families;
  behind.append_to(families);
  return families;
}

}  // namespace

const Collector kTimelinesBehindCollector{"timelines_behind", kMetrics, collect};

}  // namespace farshore
