// How far a standby is behind; the method stands in common/postgres/replication_lag.h.
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_replication_lag_bytes", MetricType::Gauge, "cluster region server vantage",
     "pg_current_wal_flush_lsn(), pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()",
     "The newest known flush position of the cluster's primary minus what the standby holds (received "
     "or replayed). The primary's position stays known while it does not answer."},
    {"farshore_replication_lag_seconds", MetricType::Gauge, "cluster region server vantage",
     "the vantage's history of the primary's flush position",
     "Time since this vantage saw the primary stand where the standby stands now. Absent when unknown: "
     "no history yet, or nothing lacking of what is known while the primary is silent."},
};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily bytes(kMetrics[0], view), time(kMetrics[1], view);
  for (const ServerView& server : view.servers) {
    if (!server.lag) continue;
    bytes.add(server, static_cast<double>(server.lag->bytes));
    if (server.lag->time) time.add(server, to_seconds(*server.lag->time));
  }
  MetricFamilies families;
  bytes.append_to(families);
  time.append_to(families);
  return families;
}

}  // namespace

const Collector kReplicationLagCollector{"replication_lag", kMetrics, collect};

}  // namespace farshore
