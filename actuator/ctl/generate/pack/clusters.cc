// Who is primary, who could be, and who cannot be seen.
#include "actuator/ctl/generate/pack/pack.h"

namespace farshore::pack {
namespace {

constexpr Alert kTable[] = {
    {.name = "NoPrimary",
     .expr = R"(max by (cluster) (cluster_region_server:farshore_pg_up:sum) > 0
unless on (cluster) cluster:farshore_pg_in_recovery:primaries > 0)",
     .hold = "30s",
     .severity = "critical",
     .action = "",
     .summary = "Servers of the cluster answer and none of them is a primary.",
     .description = "No vantage sees a primary of {{ $labels.cluster }}.",
     .muted_by = "PrimaryDown"},
    // Longer than a sample is fresh: what was seen before and after a promotion is not two primaries.
    {.name = "SplitBrain",
     .expr = "cluster:farshore_pg_in_recovery:primaries > 1",
     .hold = "5s",
     .severity = "critical",
     .action = "",
     .summary = "More than one server of the cluster takes writes.",
     .description =
         "{{ $value }} servers of {{ $labels.cluster }} are primaries. Farshore holds and fences nobody "
         "whose loss of the reign it did not write down.",
     .muted_by = "StalePrimary"},
    {.name = "StalePrimary",
     .expr = "max by (cluster, region, server) (last_over_time(farshore_stale_primary[${recent}])) == 1",
     .hold = "",
     .severity = "critical",
     .action = "",
     .summary = "A server that lost the reign may take writes.",
     .description =
         "{{ $labels.server }} in {{ $labels.region }} lost the reign over {{ $labels.cluster }} and may "
         "take writes. It is fenced again and again."},
    {.name = "SystemIdentifierMismatch",
     .expr = R"(count by (cluster) (
  count by (cluster, system_identifier) (last_over_time(farshore_pg_system_info[${recent}]))
) > 1)",
     .hold = "1m",
     .severity = "critical",
     .action = "",
     .summary = "Servers of one cluster belong to different database systems.",
     .description = "{{ $value }} different system identifiers are seen in {{ $labels.cluster }}."},
    {.name = "TimelineDiverged",
     .expr = R"(cluster_region_server:farshore_pg_timeline_id:max
< on (cluster) group_left () max by (cluster) (cluster_region_server:farshore_pg_timeline_id:max))",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "A server stays on an older timeline than its cluster.",
     .description =
         "{{ $labels.server }} of {{ $labels.cluster }} is on timeline {{ $value }}, others are further: "
         "it does not follow the primary."},
    {.name = "NoPromotableStandby",
     .expr = "cluster:farshore_predicted_loss_bytes:promotable_standbys == 0",
     .hold = "5m",
     .severity = "critical",
     .action = "",
     .summary = "No standby could be promoted within max_data_loss.",
     .description = "{{ $value }} standbys of {{ $labels.cluster }} are known to be within max_data_loss.",
     .muted_by = "PrimaryDown|NoPrimary"},
    {.name = "PrimaryUnreachableMinority",
     .expr = R"((
  cluster_region_server:farshore_pg_up:silent_vantages < ${quorum}
)
* on (cluster, server) group_left (epoch)
${reign})",
     .hold = "1m",
     .severity = "warning",
     .action = "",
     .summary = "A minority of the vantages cannot reach the primary.",
     .description =
         "A minority of vantages cannot reach {{ $labels.server }}, primary of {{ $labels.cluster }}: the "
         "network, not the database.",
     .needs = Needs::kMinority},
    // A partition: a failover would be right for most and does not come, because somebody sees them alive.
    {.name = "RegionIsolated",
     .expr = R"(count by (region) (
  cluster_region_server:farshore_pg_up:silent_vantages >= ${quorum}
  and cluster_region_server:farshore_pg_up:sum > 0
)
== count by (region) (cluster_region_server:farshore_pg_up:sum > 0))",
     .hold = "30s",
     .severity = "critical",
     .action = "",
     .summary = "A region is silent to a quorum of the vantages and lives for another.",
     .description =
         "{{ $value }} servers in {{ $labels.region }}, all that live there, are silent to a quorum of "
         "vantages and answer another: a partition. No failover starts while a vantage sees the primary.",
     .needs = Needs::kMinority},
    {.name = "ServerDown",
     .expr = R"(cluster_region_server:farshore_pg_up:silent_vantages >= ${quorum}
unless on (cluster, server) cluster_region_server_epoch:farshore_cluster_primary_epoch:newest)",
     .hold = "2m",
     .severity = "warning",
     .action = "",
     .summary = "A server that is not the primary is silent to a quorum of the vantages.",
     .description = "{{ $labels.server }} in {{ $labels.region }}, of {{ $labels.cluster }}, is silent to "
                    "{{ $value }} vantages."},
    {.name = "ServerNotObserved",
     .expr = R"(cluster_region_server:farshore_pg_up:unseen_vantages
- (
  cluster_region_server:farshore_pg_up:silent_vantages
  or 0 * cluster_region_server:farshore_pg_up:unseen_vantages
) >= ${quorum})",
     .hold = "2m",
     .severity = "warning",
     .action = "",
     .summary = "A server cannot be looked at, though it is not silent.",
     .description =
         "{{ $value }} vantages cannot look at {{ $labels.server }} of {{ $labels.cluster }}: sign-in, "
         "connections, name, certificate. It has no vote of life or death."},
    {.name = "PrimarySick",
     .expr = "min by (cluster, region, server) (last_over_time(farshore_pg_writable[${recent}]) == 0)",
     .hold = "30s",
     .severity = "critical",
     .action = "",
     .summary = "The primary answers and cannot write.",
     .description =
         "{{ $labels.server }}, primary of {{ $labels.cluster }}, fails the write probe. Farshore holds "
         "unless the topology says on_sick: automatic."},
};

}  // namespace

const Group kClusters = {"clusters", "5s", kTable};

}  // namespace farshore::pack
