// The standby's end of the stream. The columns of its view need pg_monitor.
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_wal_receiver_streaming", MetricType::Gauge, "cluster region server vantage",
     "pg_stat_wal_receiver",
     "1 if the WAL receiver's status is streaming, 0 if not or if there is no receiver; absent when "
     "the column is hidden. No evidence of life: a standby of a frozen primary still reads 1."},
    {"farshore_pg_wal_receiver_last_message_age_seconds", MetricType::Gauge, "cluster region server vantage",
     "pg_stat_wal_receiver",
     "Time since the standby received a message from the primary, by the standby's own clock. An idle "
     "healthy link is silent for up to wal_receiver_status_interval."},
};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily streaming(kMetrics[0], view), age(kMetrics[1], view);
  for (const ServerView& server : view.servers) {
    const ServerFacts* facts = server.facts();
    if (facts == nullptr || !facts->in_recovery) continue;
    const auto& receiver = facts->receiver;
    if (!receiver || !receiver->status.empty())
      streaming.add(server, receiver && receiver->status == "streaming" ? 1 : 0);
    if (receiver && receiver->last_message_age) age.add(server, to_seconds(*receiver->last_message_age));
  }
  MetricFamilies families;
  streaming.append_to(families);
  age.append_to(families);
  return families;
}

}  // namespace

const Collector kWalReceiverCollector{"wal_receiver", kMetrics, collect};

}  // namespace farshore
