// What clients see: applications, names, files, certificates. None of it moves a database.
#include "actuator/ctl/generate/pack/pack.h"

namespace farshore::pack {
namespace {

constexpr Alert kTable[] = {
    {.name = "ApplicationDown",
     .expr = R"(${failing_vantages} >= ${quorum}
and on (cluster, region) ${reign})",
     .hold = "1m",
     .severity = "critical",
     .action = "",
     .summary = "The application in the primary's region fails its health check.",
     .description =
         "{{ $labels.application }} of {{ $labels.cluster }} in {{ $labels.region }}, where the primary is, "
         "fails for {{ $value }} vantages. The database is not failed over for it.",
     .muted_by = "PrimaryDown|NoPrimary"},
    {.name = "ApplicationStandbyDown",
     .expr = R"(${failing_vantages} >= ${quorum}
unless on (cluster, region) ${reign})",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "The application in a standby's region fails its health check.",
     .description =
         "{{ $labels.application }} of {{ $labels.cluster }} in {{ $labels.region }} fails for {{ $value }} "
         "vantages: after a failover to there nobody would answer."},
    {.name = "FilesStale",
     .expr = R"(max by (cluster, region, tier) (
  last_over_time(farshore_files_age_seconds[${recent}])
) > ${files_age_seconds}
or
min by (cluster, region, tier) (last_over_time(farshore_files_marker_readable[${recent}])) == 0)",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "The copy of a file tier is old, or its age cannot be read.",
     .description =
         "The copy of {{ $labels.tier }} of {{ $labels.cluster }} in {{ $labels.region }} is too old or "
         "unknown: that much would be lost with its source."},
    // Longer than the slowest provider takes to publish (docs/providers.md): until then nothing is wrong, and
    // a switch that its provider refuses is held, which pages at once.
    {.name = "DnsMismatch",
     .expr = R"(max by (cluster, record, type, nameserver) (
  last_over_time(farshore_dns_matches_primary[${recent}])
) == 0)",
     .hold = "2m",
     .severity = "critical",
     .action = "",
     .summary = "A traffic record does not point at the primary's region.",
     .description =
         "{{ $labels.nameserver }} answers {{ $labels.record }} {{ $labels.type }} of {{ $labels.cluster }} "
         "with something else than the primary's region.",
     .muted_by = "PrimaryDown|NoPrimary"},
    {.name = "DnsUnanswered",
     .expr = R"(count by (cluster, record, type, nameserver) (
  max by (cluster, record, type, nameserver, vantage) (last_over_time(farshore_dns_failure[${recent}]) == 1)
) >= ${quorum}
or
max by (cluster, record, type, nameserver) (
  last_over_time(farshore_dns_failure{class="nameserver_unknown"}[${recent}]) == 1
))",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "An authoritative name server does not answer for a traffic record.",
     .description = "{{ if eq $labels.nameserver `unknown` }}A vantage finds no name server{{ else }}"
                    "{{ $labels.nameserver }} does not answer {{ $value }} vantages{{ end }} for "
                    "{{ $labels.record }} {{ $labels.type }} of {{ $labels.cluster }}."},
    {.name = "DnsTtlTooHigh",
     .expr = R"(max by (cluster, record) (
  last_over_time(farshore_dns_ttl_above_topology_seconds[${recent}])
) > ${dns_ttl_seconds})",
     .hold = "15m",
     .severity = "warning",
     .action = "",
     .summary = "Resolvers may keep a traffic record longer than the topology says.",
     .description =
         "{{ $labels.record }} of {{ $labels.cluster }} has a TTL of {{ $value | humanizeDuration }}: for "
         "so long clients go to a lost region.",
     .needs = Needs::kDnsRecords},
    {.name = "CertificateExpiring",
     .expr = R"(min by (cluster, region, application) (
  last_over_time(farshore_application_certificate_expiry_timestamp_seconds[${recent}])
) - time() < ${certificate_seconds})",
     .hold = "1h",
     .severity = "warning",
     .action = "",
     .summary = "The certificate of an application expires soon.",
     .description =
         "The certificate of {{ $labels.application }} of {{ $labels.cluster }} in {{ $labels.region }} "
         "expires in {{ $value | humanizeDuration }}."},
};

}  // namespace

const Group kService = {"clusters", "5s", {}, kTable};

}  // namespace farshore::pack
