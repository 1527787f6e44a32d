// Positions in the write-ahead log, in bytes since 0/0; exact in a sample up to 8 PiB of WAL.
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

struct Position {
  const char* name;
  const char* help;
  std::optional<Lsn> ServerFacts::* lsn;
};

constexpr Position kPositions[] = {
    {"farshore_pg_wal_current_lsn_bytes", "pg_current_wal_lsn(): written by the primary. Primary only.",
     &ServerFacts::current},
    {"farshore_pg_wal_flush_lsn_bytes",
     "pg_current_wal_flush_lsn(): durable on the primary, may be acknowledged to clients. Primary only.",
     &ServerFacts::flush},
    {"farshore_pg_wal_receive_lsn_bytes",
     "pg_last_wal_receive_lsn(): received and durable on the standby. Rewinds to the start of a segment when "
     "the "
     "standby restarts. Standby only.",
     &ServerFacts::receive},
    {"farshore_pg_wal_replay_lsn_bytes", "pg_last_wal_replay_lsn(): replayed on the standby. Standby only.",
     &ServerFacts::replay},
};

}  // namespace

MetricFamilies collect_wal_position(const ExporterView& view) {
  MetricFamilies families;
  for (const Position& position : kPositions) {
    FamilyBuilder family(position.name, position.help);
    for (const ServerView& server : view.servers) {
      const ServerFacts* facts = server.facts();
      if (facts == nullptr || !(facts->*position.lsn)) continue;
      family.add_server(view, server, static_cast<double>((facts->*position.lsn)->bytes()));
    }
    family.append_to(families);
  }
  return families;
}

}  // namespace farshore
