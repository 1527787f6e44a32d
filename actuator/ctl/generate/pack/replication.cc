// What a failover would cost, and what makes that worse before it is seen in the cost.
#include "actuator/ctl/generate/pack/pack.h"

namespace farshore::pack {
namespace {

constexpr Recording kRecordings[] = {
    // The smallest: a vantage that lost sight of the primary guesses what it wrote since; the others know.
    {"cluster_region_server:farshore_predicted_loss_bytes:min",
     R"(min by (cluster, region, server) (last_over_time(farshore_predicted_loss_bytes[${recent}])))"},
    {"cluster_region_server:farshore_predicted_loss_seconds:min",
     R"(min by (cluster, region, server) (last_over_time(farshore_predicted_loss_seconds[${recent}])))"},
};

constexpr Alert kTable[] = {
    {.name = "ReplicaNotStreaming",
     .expr = R"(min by (cluster, region, server) (
  last_over_time(farshore_pg_wal_receiver_streaming[${recent}]) == 0
))",
     .hold = "2m",
     .severity = "warning",
     .action = "",
     .summary = "A standby does not stream from its primary.",
     .description = "{{ $labels.server }} of {{ $labels.cluster }} does not stream.",
     .muted_by = "PrimaryDown|NoPrimary"},
    {.name = "WalReceiverSilent",
     .expr = R"(min by (cluster, region, server) (
  last_over_time(farshore_pg_wal_receiver_last_message_age_seconds[${recent}]) > ${receiver_silence_seconds}
))",
     .hold = "1m",
     .severity = "warning",
     .action = "",
     .summary = "A standby hears nothing of its primary.",
     .description = "{{ $labels.server }} of {{ $labels.cluster }} received its last message "
                    "{{ $value | humanizeDuration }} ago.",
     .muted_by = "PrimaryDown|NoPrimary"},
    // The largest: a vantage that lost sight of the primary knows of too little to be missing.
    {.name = "ReplicationLagHigh",
     .expr = "${lag_bytes_beyond}",
     .hold = "2m",
     .severity = "warning",
     .action = "",
     .summary = "A standby's lag comes near to max_data_loss.",
     .description =
         "{{ $labels.server }} of {{ $labels.cluster }} lacks {{ $value | humanize1024 }}B of what the "
         "primary has flushed.",
     .muted_by = "PrimaryDown|RpoAtRisk"},
    {.name = "RpoAtRisk",
     .expr = R"(${loss_bytes_beyond}
or
${loss_seconds_beyond})",
     .hold = "1m",
     .severity = "critical",
     .action = "",
     .summary = "Losing the primary now would cost more than max_data_loss.",
     .description =
         "The best standby of {{ $labels.cluster }} would lose {{ $value | humanize }} (bytes, or seconds), "
         "which is more than max_data_loss: a failover would be held.",
     .muted_by = "PrimaryDown|NoPrimary"},
    {.name = "NoPromotableStandby",
     .expr = R"(count by (cluster) (${any_state})
unless on (cluster) (
  (
    ${loss_bytes_within}
  )
  and
  (
    ${loss_seconds_within}
  )
))",
     .hold = "5m",
     .severity = "critical",
     .action = "",
     .summary = "No standby could be promoted within max_data_loss.",
     .description = "No standby of {{ $labels.cluster }} is known to be within max_data_loss.",
     .muted_by = "PrimaryDown|NoPrimary"},
    {.name = "ReplayPaused",
     .expr = R"(max by (cluster, region, server) (
  last_over_time(farshore_pg_replay_pause_state{state!="not_paused"}[${recent}]) == 1
))",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "Replay on a standby is paused.",
     .description = "Somebody paused replay on {{ $labels.server }} of {{ $labels.cluster }}."},
    {.name = "ReplayStuck",
     .expr = R"(max by (cluster, region, server) (
  last_over_time(farshore_pg_replay_backlog_bytes[${recent}]) > ${stuck_replay_bytes}
  and last_over_time(farshore_pg_replay_stalled_seconds[${recent}]) > ${stuck_replay_seconds}
))",
     .hold = "3m",
     .severity = "critical",
     .action = "",
     .summary = "A standby receives and does not replay.",
     .description =
         "{{ $labels.server }} of {{ $labels.cluster }} has {{ $value | humanize1024 }}B received and not "
         "replayed, and replay stands still."},
    {.name = "SynchronousStandbyMissing",
     .expr = R"(max by (cluster, region, server) (
  last_over_time(farshore_pg_synchronous_standbys_missing[${recent}]) > 0
))",
     .hold = "30s",
     .severity = "critical",
     .action = "",
     .summary = "Fewer synchronous standbys are connected than commits wait for.",
     .description =
         "{{ $labels.server }} of {{ $labels.cluster }} waits for {{ $value }} more standbys than are "
         "there: commits hang."},
    {.name = "SlotInactive",
     .expr = R"(max by (cluster, region, server, slot) (
  last_over_time(farshore_pg_replication_slot_unread_wal_bytes[${recent}])
))",
     .hold = "30m",
     .severity = "warning",
     .action = "",
     .summary = "A replication slot keeps WAL and nobody reads it.",
     .description = "Slot {{ $labels.slot }} on {{ $labels.server }} of {{ $labels.cluster }} keeps "
                    "{{ $value | humanize1024 }}B and is inactive."},
    {.name = "SlotRetainsWal",
     .expr = R"(max by (cluster, region, server, slot) (
  last_over_time(farshore_pg_replication_slot_retained_wal_bytes[${recent}]) > ${slot_wal_bytes}
  or
  last_over_time(farshore_pg_replication_slot_retained_wal_bytes[${recent}])
    > on (cluster, region, server, vantage, instance) group_left ()
      (${slot_share} * last_over_time(farshore_pg_max_slot_wal_keep_size_bytes[${recent}]))
))",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "A replication slot keeps much WAL.",
     .description = "Slot {{ $labels.slot }} on {{ $labels.server }} of {{ $labels.cluster }} keeps "
                    "{{ $value | humanize1024 }}B."},
    {.name = "SlotLost",
     .expr = R"(max by (cluster, region, server, slot) (
  last_over_time(farshore_pg_replication_slot_wal_status{status=~"unreserved|lost"}[${recent}]) == 1
))",
     .hold = "1m",
     .severity = "critical",
     .action = "",
     .summary = "A replication slot has lost WAL that its reader needs, or is about to.",
     .description =
         "Slot {{ $labels.slot }} on {{ $labels.server }} of {{ $labels.cluster }} is unreserved or lost: "
         "its standby must be rebuilt unless an archive has the WAL."},
    {.name = "ArchiverFailing",
     .expr = R"(max by (cluster, region, server) (
  (
    last_over_time(farshore_pg_archiver_last_failed_timestamp_seconds[${recent}])
    unless
      last_over_time(farshore_pg_archiver_last_archived_timestamp_seconds[${recent}])
        >= last_over_time(farshore_pg_archiver_last_failed_timestamp_seconds[${recent}])
    or last_over_time(farshore_pg_archive_ready_files[${recent}]) > ${archive_backlog_files}
  )
  unless on (cluster, region, server, vantage)
    last_over_time(farshore_pg_archive_mode{mode="off"}[${recent}]) == 1
))",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "WAL is not archived, or too slowly.",
     .description = "The archiver of {{ $labels.server }} of {{ $labels.cluster }} fails or falls behind."},
    {.name = "ParameterParity",
     .expr = R"(max by (cluster, region, server, parameter) (
  last_over_time(farshore_pg_standby_parameter_shortfall[${recent}]) > 0
))",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "A standby's settings are lower than its primary's, which stops its replay.",
     .description = "{{ $labels.parameter }} of {{ $labels.server }} of {{ $labels.cluster }} is lower by "
                    "{{ $value }} than on its primary."},
    // A vantage whose clock is wrong must not look like all of its servers being wrong.
    {.name = "ClockSkew",
     .expr = R"(max by (cluster, region, server) (
  abs(last_over_time(farshore_pg_clock_offset_seconds[${recent}])) > ${clock_offset_seconds}
  unless on (vantage, instance)
    last_over_time(farshore_vantage_clock_offset_seconds[${recent}]) > ${clock_offset_seconds}
)
or
max by (vantage) (last_over_time(farshore_vantage_clock_offset_seconds[${recent}])) > ${clock_offset_seconds})",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "A clock is wrong.",
     .description =
         "The clock of {{ if $labels.vantage }}vantage {{ $labels.vantage }}{{ else }}{{ $labels.server }}"
         "{{ end }} is off by at least {{ $value | humanizeDuration }}."},
    {.name = "MonitorPrivilegesMissing",
     .expr = R"(max by (cluster, region, server, part, reason) (
  last_over_time(farshore_pg_facts_missing[${recent}]) == 1
))",
     .hold = "10m",
     .severity = "warning",
     .action = "",
     .summary = "Something of a server is hidden from the monitoring role, or told too late.",
     .description = "The monitoring role does not see all of {{ $labels.server }} of {{ $labels.cluster }}: "
                    "{{ $labels.part }} ({{ $labels.reason }}). Alerts about that cannot fire."},
};

}  // namespace

const Group kReplication = {"replication", "5s", kRecordings, kTable};

}  // namespace farshore::pack
