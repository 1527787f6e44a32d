// The server's own end of each stream, by application_name. Two standbys that share a name make one series
// with the position of the one that is further behind, and the number of connections says so.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr const char* kLabels = "cluster region server vantage application_name";

constexpr Metric kMetrics[] = {
    {"farshore_pg_replication_connections", MetricType::Gauge, kLabels, "pg_stat_get_wal_senders()",
     "Connections of standbys, backups and logical subscribers under this application_name."},
    {"farshore_pg_replication_sync_priority", MetricType::Gauge, kLabels, "pg_stat_get_wal_senders()",
     "Place in synchronous_standby_names, 1 the first; 0 for asynchronous ones, 1 for all of a quorum."},
    {"farshore_pg_replication_sent_lsn_bytes", MetricType::Gauge, kLabels, "pg_stat_get_wal_senders()",
     "Sent to the standby, in bytes since 0/0."},
    {"farshore_pg_replication_write_lsn_bytes", MetricType::Gauge, kLabels, "pg_stat_get_wal_senders()",
     "Written by the standby as it last replied, in bytes since 0/0."},
    {"farshore_pg_replication_flush_lsn_bytes", MetricType::Gauge, kLabels, "pg_stat_get_wal_senders()",
     "Durable on the standby as it last replied, in bytes since 0/0."},
    {"farshore_pg_replication_replay_lsn_bytes", MetricType::Gauge, kLabels, "pg_stat_get_wal_senders()",
     "Replayed by the standby as it last replied, in bytes since 0/0."},
    {"farshore_pg_replication_write_lag_seconds", MetricType::Gauge, kLabels, "pg_stat_get_wal_senders()",
     "Time between local flush and the standby's write, of recent WAL; absent while idle."},
    {"farshore_pg_replication_flush_lag_seconds", MetricType::Gauge, kLabels, "pg_stat_get_wal_senders()",
     "Time between local flush and the standby's flush, of recent WAL; absent while idle."},
    {"farshore_pg_replication_replay_lag_seconds", MetricType::Gauge, kLabels, "pg_stat_get_wal_senders()",
     "Time between local flush and the standby's replay, of recent WAL; absent while idle. Stands still at "
     "its last small value while replay is paused: farshore_replication_lag_seconds does not."},
    {"farshore_pg_replication_reply_timestamp_seconds", MetricType::Gauge, kLabels,
     "pg_stat_get_wal_senders()", "When the standby sent its last reply, by the standby's clock."},
    {"farshore_pg_replication_state_info", MetricType::Gauge,
     "cluster region server vantage application_name state sync_state", "pg_stat_get_wal_senders()",
     "Always 1; the labels carry startup, catchup, streaming, backup or stopping, and async, potential, sync "
     "or quorum. Absent when hidden."},
};

using ReadRow = std::optional<double> (*)(const StandbyConnections& row);
constexpr ReadRow kReaders[] = {
    [](const StandbyConnections& row) { return sample(std::optional(row.connections)); },
    [](const StandbyConnections& row) { return sample(row.sync_priority); },
    [](const StandbyConnections& row) { return sample(row.sent); },
    [](const StandbyConnections& row) { return sample(row.write); },
    [](const StandbyConnections& row) { return sample(row.flush); },
    [](const StandbyConnections& row) { return sample(row.replay); },
    [](const StandbyConnections& row) { return sample(row.write_lag); },
    [](const StandbyConnections& row) { return sample(row.flush_lag); },
    [](const StandbyConnections& row) { return sample(row.replay_lag); },
    [](const StandbyConnections& row) { return sample(row.reply_time); },
};
constexpr size_t kStateInfo = std::size(kReaders);

template <typename Visit>
void for_each_row(const ExporterView& view, Visit visit) {
  for (const ServerView& server : view.servers)
    if (server.details() != nullptr && server.details()->standbys)
      for (const StandbyConnections& row : server.details()->standbys->rows) visit(server, row);
}

MetricFamilies collect(const ExporterView& view) {
  MetricFamilies families;
  for (size_t i = 0; i < std::size(kReaders); ++i) {
    ServerFamily family(kMetrics[i], view);
    for_each_row(view, [&](const ServerView& server, const StandbyConnections& row) {
      family.add_if(server, kReaders[i](row), {{"application_name", row.application_name}});
    });
    family.append_to(families);
  }
  ServerFamily state(kMetrics[kStateInfo], view);
  for_each_row(view, [&](const ServerView& server, const StandbyConnections& row) {
    if (row.state && row.sync_state)
      state.add(server, 1,
                {{"application_name", row.application_name},
                 {"state", *row.state},
                 {"sync_state", *row.sync_state}});
  });
  state.append_to(families);
  return families;
}

}  // namespace

const Collector kStandbysCollector{"standbys", kMetrics, collect};

}  // namespace farshore
