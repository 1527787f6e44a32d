// Who is primary, who could be, and who cannot be seen.
#include "actuator/ctl/generate/pack/pack.h"

namespace farshore::pack {
namespace {

constexpr Alert kTable[] = {
    {.name = "NoPrimary",
     .expr = R"(count by (cluster) (${standby})
unless on (cluster) ${primary})",
     .hold = "30s",
     .severity = "critical",
     .action = "",
     .summary = "Servers of the cluster answer and none of them is a primary.",
     .description = "No vantage sees a primary of {{ $labels.cluster }}.",
     .muted_by = "PrimaryDown"},
    // As long as what was seen is told: a primary of before and one of after a promotion are not two.
    {.name = "SplitBrain",
     .expr = "count by (cluster) (${primary}) > 1",
     .hold = "${told_for}",
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
  count by (cluster, system_identifier) (last_over_time(farshore_cluster_system_info[${recent}]))
) > 1)",
     .hold = "1m",
     .severity = "critical",
     .action = "",
     .summary = "Servers of one cluster belong to different database systems.",
     .description = "{{ $value }} different system identifiers are seen in {{ $labels.cluster }}."},
    {.name = "TimelineDiverged",
     .expr = "max by (cluster, region, server) (last_over_time(farshore_pg_timelines_behind[${recent}])) > 0",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "A server stays on an older timeline than its cluster.",
     .description =
         "{{ $labels.server }} of {{ $labels.cluster }} is {{ $value }} timelines behind: it does not follow "
         "the primary."},
    {.name = "PrimaryUnreachableMinority",
     .expr = R"((sum by (cluster, region, server) (${silent}) < ${quorum})
* on (cluster, server) group_left (epoch) ${reign})",
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
  sum by (cluster, region, server) (${silent}) >= ${quorum}
  and on (cluster, region, server) ${answering}
)
== count by (region) (count by (cluster, region, server) (${answering})))",
     .hold = "30s",
     .severity = "critical",
     .action = "",
     .summary = "A region is silent to a quorum of the vantages and lives for another.",
     .description =
         "{{ $value }} servers in {{ $labels.region }}, all that live there, are silent to a quorum of "
         "vantages and answer another: a partition. No failover starts while a vantage sees the primary.",
     .needs = Needs::kMinority},
    {.name = "ServerDown",
     .expr = R"(sum by (cluster, region, server) (${silent}) >= ${quorum}
unless on (cluster, server) ${reign})",
     .hold = "2m",
     .severity = "warning",
     .action = "",
     .summary = "A server that is not the primary is silent to a quorum of the vantages.",
     .description = "{{ $labels.server }} in {{ $labels.region }}, of {{ $labels.cluster }}, is silent to "
                    "{{ $value }} vantages."},
    {.name = "ServerNotObserved",
     .expr = "sum by (cluster, region, server) (${unseen}) >= ${quorum}",
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

const Group kClusters = {"clusters", "5s", {}, kTable};

}  // namespace farshore::pack
