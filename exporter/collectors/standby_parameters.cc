// Settings that a standby must not have lower than its primary. Replay of a change that asks for more pauses;
// a resume, or a restart, then stops the server: PostgreSQL documentation, 27.4.3 "Administrator's Overview".
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_standby_parameter_shortfall", MetricType::Gauge, "cluster region server vantage parameter",
     "current_setting()",
     "By how much the standby's setting is below its primary's: max_connections, max_worker_processes, "
     "max_wal_senders, max_prepared_transactions, max_locks_per_transaction. Replay pauses or the standby "
     "stops sooner or later. Standby only; no series for a setting that is not below, nor while the primary "
     "is not known."},
};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily shortfall(kMetrics[0], view);
  for (const ServerView& server : view.servers) {
    if (server.primary == nullptr) continue;
    const StandbyMinimums& own = server.facts()->standby_minimums;
    for (const auto& [parameter, needed] : server.primary->facts->standby_minimums)
      if (const auto found = own.find(parameter); found != own.end() && found->second < needed)
        shortfall.add(server, static_cast<double>(needed - found->second), {{"parameter", parameter}});
  }
  MetricFamilies families;
  shortfall.append_to(families);
  return families;
}

}  // namespace

const Collector kStandbyParametersCollector{"standby_parameters", kMetrics, collect};

}  // namespace farshore
