// They are no part of the topology: none is a fact about somebody's servers, most people leave them as they
// are, and a topology that said them would have to be read by programs to which they mean nothing. The
// renderer takes another value by name.
#include "actuator/ctl/generate/pack/pack.h"

namespace farshore::pack {
namespace {

constexpr Threshold kTable[] = {
    {"archive_backlog_files", "100", "WAL files that wait to be archived"},
    {"certificate_seconds", "14 * 86400", "validity that is left of an application's certificate"},
    {"clock_offset_seconds", "0.5", "difference between the clocks of a server and a vantage"},
    {"dns_ttl_seconds", "60",
     "TTL that no traffic record needs to declare; a longer one of the topology wins"},
    {"drill_age_seconds", "90 * 86400", "since a cluster was last failed over, or adopted"},
    {"files_age_seconds", "3600", "age of the copy of a file tier"},
    {"lag_share", "0.5", "share of max_data_loss.bytes at which lag is told before it is too late"},
    {"plan_age_seconds", "60", "age of the rehearsal behind farshore_failover_ready"},
    {"receiver_silence_seconds", "60",
     "silence of the primary to a WAL receiver; an idle link may be silent for 30 s"},
    {"slot_share", "0.8", "share of max_slot_wal_keep_size that one slot retains"},
    {"slot_wal_bytes", "10 * 2^30", "WAL that one slot retains"},
    {"snapshot_age_seconds", "10", "age of what a vantage last saw"},
    {"stuck_replay_bytes", "64 * 2^20", "WAL received and not replayed"},
    {"stuck_replay_seconds", "120", "since replay last moved, with something left to replay"},
    {"watchdog_seconds", "180", "since the watchdog last reached the actuator; it comes every 40 s"},
};

}  // namespace

const std::span<const Threshold> kThresholds = kTable;

}  // namespace farshore::pack
