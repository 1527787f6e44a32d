#include "exporter/heartbeat/duty.h"

#include "common/postgres/replication_lag.h"

namespace farshore {

Duty duty_at(const Snapshot& snapshot, const ServerObservation& server, std::string_view vantage) {
  if (server.region != vantage || !server.facts || server.facts->in_recovery) return Duty::kNone;
  // A primary that came back while another one reigns is not to be written to.
  if (newest_primary(snapshot, server.cluster, server.facts->system_identifier) != &server)
    return Duty::kNone;
  return server.up ? Duty::kBeat : Duty::kSilent;
}

}  // namespace farshore
