// How far a standby is behind, and what promoting it would lose; the methods stand in
// common/postgres/replication_lag.h and loss.h.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_replication_lag_bytes", MetricType::Gauge, kServerLabels,
     "pg_current_wal_flush_lsn(), pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()",
     "The newest known flush position of the cluster's primary minus what the standby holds (received or "
     "replayed). The primary's position stays known while it does not answer. Absent when unknown and for "
     "standbys of another timeline."},
    {"farshore_replication_lag_seconds", MetricType::Gauge, kServerLabels,
     "the vantage's history of the primary's flush position",
     "Time since this vantage saw the primary stand where the standby stands now. Absent when unknown: no "
     "history yet, another timeline, or nothing lacking of what is known while the primary is silent."},
    {"farshore_predicted_loss_bytes", MetricType::Gauge, kServerLabels,
     "the vantage's history of the primary's flush position",
     "What promoting this standby now would lose: its lag when the primary was last seen and, while the "
     "primary is silent, what it may have written since at the largest rate seen within ten minutes. Absent "
     "when unknown and for standbys of another timeline."},
    {"farshore_predicted_loss_seconds", MetricType::Gauge, kServerLabels,
     "the vantage's history of the primary's flush position",
     "The same in time: age of the oldest missing byte when the primary was last seen and, while the primary "
     "is silent, the time since. Absent when unknown."},
};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily bytes(kMetrics[0], view), time(kMetrics[1], view), loss(kMetrics[2], view),
      loss_time(kMetrics[3], view);
  for (const ServerView& server : view.servers) {
    if (server.lag) {
      bytes.add(server, static_cast<double>(server.lag->bytes));
      time.add_if(server, sample(server.lag->time));
    }
    if (server.loss) {
      loss.add_if(server, sample(server.loss->bytes));
      loss_time.add_if(server, sample(server.loss->time));
    }
  }
  MetricFamilies families;
  for (ServerFamily* family : {&bytes, &time, &loss, &loss_time}) family->append_to(families);
  return families;
}

}  // namespace

const Collector kReplicationLagCollector{"replication_lag", kMetrics, collect};

}  // namespace farshore
