// A prepared transaction that nobody ends holds its locks and its snapshot through every restart and
// failover.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_prepared_transactions", MetricType::Gauge, kServerLabels, "pg_prepared_xact()",
     "Transactions prepared for two-phase commit and not yet ended. Primary only."},
    {"farshore_pg_prepared_transaction_oldest_timestamp_seconds", MetricType::Gauge, kServerLabels,
     "pg_prepared_xact()",
     "When the oldest of them was prepared, by the server's clock; absent when there is none."},
};

constexpr ReadValue kReaders[] = {
    [](const ServerView& server) -> std::optional<double> {
      const FactDetails* details = server.details();
      return details != nullptr && details->prepared ? sample(details->prepared->count) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      const FactDetails* details = server.details();
      return details != nullptr && details->prepared ? sample(details->prepared->oldest) : std::nullopt;
    },
};

MetricFamilies collect(const ExporterView& view) {
  return collect_values(view, std::span(kMetrics), kReaders);
}

}  // namespace

const Collector kPreparedTransactionsCollector{"prepared_transactions", kMetrics, collect};

}  // namespace farshore
