// The alert that asks for a failover, and the one that proves its way. Only these two reach the actuator.
#include "actuator/ctl/generate/pack/pack.h"

namespace farshore::pack {
namespace {

constexpr Alert kTable[] = {
    // Silent to the quorum; no vantage sees a living primary; nobody gets any answer from this server; not
    // paused. The join gives it the newest reign's epoch, and only the primary of the reign is in it.
    {.name = "PrimaryDown",
     .expr = R"((
  (
    ${down_votes}
  ) >= ${quorum}
  unless on (cluster) (
    last_over_time(farshore_pg_in_recovery[${fresh}s]) == 0
    and on (cluster, server, vantage, instance) last_over_time(farshore_pg_answered[${fresh}s]) == 1
    and on (vantage, instance) farshore_snapshot_age_seconds <= ${fresh}
  )
  unless on (cluster, server) (
    last_over_time(farshore_pg_answered[${fresh}s]) == 1
    and on (vantage, instance) farshore_snapshot_age_seconds <= ${fresh}
  )
  unless on (cluster) last_over_time(farshore_cluster_paused[10m]) == 1
)
* on (cluster, server) group_left (epoch)
${reign})",
     .hold = "${for}",
     .severity = "critical",
     .action = "failover",
     .summary = "The primary is silent to a quorum of the vantages.",
     .description = "{{ $labels.server }} in {{ $labels.region }}, primary of {{ $labels.cluster }} in epoch "
                    "{{ $labels.epoch }}, is silent to a quorum of vantages. The actuator looks for itself."},
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

const Group kFailover = {"failover", "", kTable};

}  // namespace farshore::pack
