// What the authoritative servers answer about each traffic record. Source: exporter/watch/dns_watcher.h.
#include <set>

#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_dns_answered", MetricType::Gauge, "cluster record type nameserver vantage",
     "a query of the authoritative server",
     "1 if the server answered the newest question with authority and with the record, 0 if not. Absent "
     "before the first question and when none was finished for three intervals of the watcher and a "
     "deadline. nameserver unknown: the topology names none for the record and none is found."},
    {"farshore_dns_failure", MetricType::Gauge, "cluster record type nameserver vantage class",
     "a query of the authoritative server",
     "Always 1; the label is the class of the newest question's failure, no series when it did not fail. "
     "refused and servfail are what the server said; unreachable: nothing listens, or its own name is not "
     "found; nameserver_unknown: there was nobody to ask, and the log says why."},
    {"farshore_dns_ttl_seconds", MetricType::Gauge, "cluster record type nameserver vantage",
     "a query of the authoritative server",
     "The lowest TTL of the record: how long a resolver may still give the old answer after a change. Absent "
     "when the record was not answered."},
    {"farshore_dns_ttl_above_topology_seconds", MetricType::Gauge, "cluster record type nameserver vantage",
     "a query of the authoritative server, and the TTL in the topology file",
     "The same, while it is above what the topology says; no series while it is not."},
    {"farshore_dns_latency_seconds", MetricType::Gauge, "cluster record type nameserver vantage",
     "a query of the authoritative server",
     "How long the newest answer took, of whatever content. Absent when none came."},
    {"farshore_dns_record_points_to", MetricType::Gauge, "cluster record type nameserver vantage region",
     "a query of the authoritative server, and the targets in the topology file",
     "1 for each region whose target is among the answered addresses, 0 for the other regions with a target; "
     "region other: an address that is no region's target. Absent when the record was not answered."},
    {"farshore_dns_matches_primary", MetricType::Gauge, "cluster record type nameserver vantage",
     "a query of the authoritative server, and the newest primary seen",
     "1 if all answered addresses are the target of the region where the newest primary of the cluster was "
     "seen by this vantage, 0 if not. Absent when the record was not answered, and when no primary or "
     "primaries of more than one database system were seen."},
    {"farshore_dns_values", MetricType::Gauge, "cluster record type nameserver vantage",
     "a query of the authoritative server",
     "How many different values the record has. More than 1 sends a part of the clients elsewhere, also "
     "after "
     "a failover. Absent when the record was not answered."},
    {"farshore_dns_alias", MetricType::Gauge, "cluster record type nameserver vantage",
     "a query of the authoritative server",
     "1 if the name is a CNAME although the record is of another type, which keeps the record from being "
     "written, 0 if not. Absent when the server did not answer."},
};

// The region of the newest primary of the cluster, whether it still answers or not; empty when not known.
std::string primary_region(const ExporterView& view, const std::string& cluster) {
  if (!view.observer_alive) return {};
  std::set<std::string> systems;
  for (const ServerObservation& server : view.snapshot->servers)
    if (server.cluster == cluster && server.facts) systems.insert(server.facts->system_identifier);
  if (systems.size() != 1) return {};
  const ServerObservation* primary = newest_primary(*view.snapshot, cluster, *systems.begin());
  return primary != nullptr ? primary->region : std::string();
}

FamilyBuilder::Labels labels_of(const DnsObservation& seen, const ExporterView& view) {
  return {{"cluster", seen.cluster},
          {"record", seen.record},
          {"type", seen.type},
          {"nameserver", seen.nameserver},
          {"vantage", view.vantage}};
}

FamilyBuilder::Labels with(FamilyBuilder::Labels labels, std::string name, std::string_view value) {
  labels.emplace_back(std::move(name), value);
  return labels;
}

// Of a record that was answered.
struct AnswerFamilies {
  FamilyBuilder ttl{kMetrics[2]}, ttl_above{kMetrics[3]}, points_to{kMetrics[5]}, matches{kMetrics[6]},
      values{kMetrics[7]};

  void add(const ExporterView& view, const DnsObservation& seen, const FamilyBuilder::Labels& labels) {
    const DnsFinding& finding = seen.finding;
    ttl.add(*finding.ttl_seconds, labels);
    if (*finding.ttl_seconds > to_seconds(seen.declared_ttl)) ttl_above.add(*finding.ttl_seconds, labels);
    values.add(static_cast<double>(finding.values), labels);
    for (const std::string& region : seen.regions)
      points_to.add(finding.regions.contains(region) ? 1 : 0, with(labels, "region", region));
    points_to.add(finding.other ? 1 : 0, with(labels, "region", "other"));
    if (const std::string region = primary_region(view, seen.cluster); !region.empty())
      matches.add(finding.only_regions.contains(region) ? 1 : 0, labels);
  }
};

MetricFamilies collect(const ExporterView& view) {
  FamilyBuilder answered(kMetrics[0]), failure(kMetrics[1]), latency(kMetrics[4]), alias(kMetrics[8]);
  AnswerFamilies answers;
  if (!view.watch.records) return {};
  for (const DnsObservation& seen : *view.watch.records) {
    if (!view.watch.is_current(seen.finished)) continue;
    const DnsFinding& finding = seen.finding;
    const FamilyBuilder::Labels labels = labels_of(seen, view);
    answered.add(finding.failure == DnsFailure::kNone ? 1 : 0, labels);
    if (finding.failure != DnsFailure::kNone)
      failure.add(1, with(labels, "class", to_string(finding.failure)));
    if (finding.replied) latency.add(to_seconds(seen.latency), labels);
    if (finding.failure == DnsFailure::kNone || finding.failure == DnsFailure::kNoData)
      alias.add(finding.alias ? 1 : 0, labels);
    if (finding.failure == DnsFailure::kNone) answers.add(view, seen, labels);
  }
  MetricFamilies families;
  for (FamilyBuilder* family : {&answered, &failure, &answers.ttl, &answers.ttl_above, &latency,
                                &answers.points_to, &answers.matches, &answers.values, &alias})
    family->append_to(families);
  return families;
}

}  // namespace

const Collector kDnsRecordCollector{"dns_record", kMetrics, collect};

}  // namespace farshore
