// The standby's end of the stream. Source: pg_stat_wal_receiver, whose columns need pg_monitor.
#include "exporter/collectors/collector.h"

namespace farshore {

MetricFamilies collect_wal_receiver(const ExporterView& view) {
  FamilyBuilder streaming(
      "farshore_pg_wal_receiver_streaming",
      "1 if pg_stat_wal_receiver says streaming, 0 if not or if there is no receiver; absent when "
      "the column is hidden. No evidence of life: a standby of a frozen primary still reads 1.");
  FamilyBuilder age(
      "farshore_pg_wal_receiver_last_message_age_seconds",
      "Time since the standby received a message from the primary, by the standby's own clock. An idle "
      "healthy link is silent for up to wal_receiver_status_interval.");
  for (const ServerView& server : view.servers) {
    const ServerFacts* facts = server.facts();
    if (facts == nullptr || !facts->in_recovery) continue;
    const auto& receiver = facts->receiver;
    if (!receiver || !receiver->status.empty())
      streaming.add_server(view, server, receiver && receiver->status == "streaming" ? 1 : 0);
    if (receiver && receiver->last_message_age)
      age.add_server(view, server, to_seconds(*receiver->last_message_age));
  }
  MetricFamilies families;
  streaming.append_to(families);
  age.append_to(families);
  return families;
}

}  // namespace farshore
