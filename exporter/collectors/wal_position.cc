// Positions in the write-ahead log, in bytes since 0/0; exact in a sample up to 8 PiB of WAL.
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_wal_current_lsn_bytes", MetricType::Gauge, "cluster region server vantage",
     "pg_current_wal_lsn()", "Written by the primary, in bytes since 0/0. Primary only."},
    {"farshore_pg_wal_flush_lsn_bytes", MetricType::Gauge, "cluster region server vantage",
     "pg_current_wal_flush_lsn()",
     "Durable on the primary, may be acknowledged to clients, in bytes since 0/0. Primary only."},
    {"farshore_pg_wal_receive_lsn_bytes", MetricType::Gauge, "cluster region server vantage",
     "pg_last_wal_receive_lsn()",
     "Received and durable on the standby, in bytes since 0/0. Rewinds to the start of a segment when the "
     "standby restarts. Standby only."},
    {"farshore_pg_wal_replay_lsn_bytes", MetricType::Gauge, "cluster region server vantage",
     "pg_last_wal_replay_lsn()", "Replayed on the standby, in bytes since 0/0. Standby only."},
};

constexpr std::optional<Lsn> ServerFacts::* kPositions[] = {&ServerFacts::current, &ServerFacts::flush,
                                                            &ServerFacts::receive, &ServerFacts::replay};

MetricFamilies collect(const ExporterView& view) {
  MetricFamilies families;
  for (size_t i = 0; i < std::size(kMetrics); ++i) {
    ServerFamily family(kMetrics[i], view);
    for (const ServerView& server : view.servers) {
      const ServerFacts* facts = server.facts();
      if (facts != nullptr && facts->*kPositions[i])
        family.add(server, static_cast<double>((facts->*kPositions[i])->bytes()));
    }
    family.append_to(families);
  }
  return families;
}

}  // namespace

const Collector kWalPositionCollector{"wal_position", kMetrics, collect};

}  // namespace farshore
