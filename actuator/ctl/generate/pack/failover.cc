// The alert that asks for a failover, and the one that proves its way. Only these two reach the actuator.
#include "actuator/ctl/generate/pack/pack.h"

namespace farshore::pack {
namespace {

constexpr Recording kRecordings[] = {
    // How many vantages find a server in which state (farshore_pg_state): all that is asked of a
    // server's life is asked here, once. A sample must be fresh at both ends: scraped just now, of a
    // snapshot just taken. The age of the snapshot is asked for as it is now, so that a vantage that
    // cannot be scraped says nothing more. Of two exporters of one vantage the one counts that met more
    // life. A vantage that the topology does not name has no vote; that it got an answer is a veto all
    // the same.
    {"cluster_region_server_state:farshore_pg_state:vantages",
     R"(count_values by (cluster, region, server) ("state",
  max by (cluster, region, server, vantage) (
    last_over_time(farshore_pg_state[${fresh}s])
    >= on (vantage, instance) group_left ()
    max by (vantage, instance) (
      0 * (farshore_snapshot_age_seconds{vantage=~"${vantages}"} <= ${fresh})
      or 2 + 0 * (farshore_snapshot_age_seconds <= ${fresh})
    )
  )
))"},
    // The reign in force: last_over_time outlives a restart of the actuator, max one of two actuators, topk
    // an old reign.
    {"cluster_region_server_epoch:farshore_cluster_primary_epoch:newest", R"(topk by (cluster) (1,
  max by (cluster, region, server, epoch) (last_over_time(farshore_cluster_primary_epoch[10m]))
))"},
};

constexpr Alert kTable[] = {
    // Silent to the quorum; no vantage sees a living primary; nobody gets any answer from this server; not
    // paused. The join gives it the newest reign's epoch, and only the primary of the reign is in it.
    {.name = "PrimaryDown",
     .expr = R"((
  sum by (cluster, region, server) (${silent_now}) >= ${quorum}
  unless on (cluster) ${primary_now}
  unless on (cluster, server) ${alive_now}
  unless on (cluster) last_over_time(farshore_cluster_paused[10m]) == 1
)
* on (cluster, server) group_left (epoch) ${reign_now})",
     .hold = "${for}",
     .severity = "critical",
     .action = "failover",
     .summary = "The primary is silent to a quorum of the vantages.",
     .description = "{{ $labels.server }} in {{ $labels.region }}, primary of {{ $labels.cluster }} in epoch "
                    "{{ $labels.epoch }}, is silent to a quorum of vantages. The actuator looks for itself."},
    // What the alert rests on is there, in the very evaluation that asks for it. A ruler that writes what
    // it records some time later would never ask for a failover and count no failure.
    {.name = "StatesNotCounted",
     .expr = R"(count(max by (vantage) (farshore_snapshot_age_seconds <= ${fresh}))
unless on () ${any_state_now})",
     .hold = "30s",
     .severity = "critical",
     .action = "",
     .summary = "What the vantages see of the servers is not counted: no failover can start.",
     .description =
         "{{ $value }} vantages look at the servers, and this Prometheus does not count what they find: "
         "FarshorePrimaryDown cannot fire."},
    // In the group of the alert that matters: where that is not evaluated, this one stops too.
    {.name = "Watchdog",
     .expr = "vector(1)",
     .hold = "",
     .severity = "none",
     .action = "watchdog",
     .summary = "Always fires: what is heard of it proves the way from rule to receiver.",
     .description =
         "What is missing when this stops is the rule, Prometheus, Alertmanager, or the way between "
         "them."},
};

}  // namespace

const Group kFailover = {"failover", "", kRecordings, kTable};

}  // namespace farshore::pack
