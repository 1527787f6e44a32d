// The standby's end of the stream. The columns of its view need pg_monitor.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_wal_receiver_up", MetricType::Gauge, kServerLabels, "pg_stat_wal_receiver",
     "1 if there is a WAL receiver process, whatever it does; 0 if there is none. Standby only."},
    {"farshore_pg_wal_receiver_streaming", MetricType::Gauge, kServerLabels, "pg_stat_wal_receiver",
     "1 if the WAL receiver's status is streaming, 0 if not or if there is no receiver; absent when the "
     "column is hidden. No evidence of life: a standby of a frozen primary still reads 1."},
    {"farshore_pg_wal_receiver_last_message_age_seconds", MetricType::Gauge, kServerLabels,
     "pg_stat_wal_receiver",
     "Time since the standby received a message from the primary, by the standby's own clock. An idle "
     "healthy link is silent for up to wal_receiver_status_interval."},
    {"farshore_pg_wal_receiver_written_lsn_bytes", MetricType::Gauge, kServerLabels, "pg_stat_wal_receiver",
     "Written by the WAL receiver, in bytes since 0/0; lost when the standby's machine stops before it is "
     "flushed."},
    {"farshore_pg_wal_receiver_flushed_lsn_bytes", MetricType::Gauge, kServerLabels, "pg_stat_wal_receiver",
     "Durable on the standby, in bytes since 0/0."},
    {"farshore_pg_wal_receiver_latest_end_lsn_bytes", MetricType::Gauge, kServerLabels,
     "pg_stat_wal_receiver", "The primary's position as it last told this standby, in bytes since 0/0."},
    {"farshore_pg_wal_receiver_latest_end_timestamp_seconds", MetricType::Gauge, kServerLabels,
     "pg_stat_wal_receiver", "When that position last moved on; stands still while the primary is idle."},
    {"farshore_pg_wal_receiver_last_message_send_timestamp_seconds", MetricType::Gauge, kServerLabels,
     "pg_stat_wal_receiver", "When the primary sent its last message, by the primary's clock."},
    {"farshore_pg_wal_receiver_last_message_receipt_timestamp_seconds", MetricType::Gauge, kServerLabels,
     "pg_stat_wal_receiver",
     "When the standby received its last message, by the standby's clock. Receipt minus send is the "
     "difference of the two clocks plus the way."},
};

constexpr ReadValue kReaders[] = {
    [](const ServerView& server) -> std::optional<double> {
      const ServerFacts* facts = server.facts();
      if (facts == nullptr || !facts->in_recovery) return std::nullopt;
      return facts->receiver ? 1 : 0;
    },
    [](const ServerView& server) -> std::optional<double> {
      const ServerFacts* facts = server.facts();
      if (facts == nullptr || !facts->in_recovery) return std::nullopt;
      if (!facts->receiver) return 0;
      if (facts->receiver->status.empty()) return std::nullopt;
      return facts->receiver->status == "streaming" ? 1 : 0;
    },
    [](const ServerView& server) -> std::optional<double> {
      const ServerFacts* facts = server.facts();
      return facts != nullptr && facts->receiver ? sample(facts->receiver->last_message_age) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      const FactDetails* details = server.details();
      return details != nullptr && details->receiver ? sample(details->receiver->written) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      const ServerFacts* facts = server.facts();
      return facts != nullptr && facts->receiver ? sample(facts->receiver->flushed) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      const ServerFacts* facts = server.facts();
      return facts != nullptr && facts->receiver ? sample(facts->receiver->latest_end) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      const FactDetails* details = server.details();
      return details != nullptr && details->receiver ? sample(details->receiver->latest_end_time)
                                                     : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      const FactDetails* details = server.details();
      return details != nullptr && details->receiver ? sample(details->receiver->last_sent) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      const FactDetails* details = server.details();
      return details != nullptr && details->receiver ? sample(details->receiver->last_received)
                                                     : std::nullopt;
    },
};

MetricFamilies collect(const ExporterView& view) {
  return collect_values(view, std::span(kMetrics), kReaders);
}

}  // namespace

const Collector kWalReceiverCollector{"wal_receiver", kMetrics, collect};

}  // namespace farshore
