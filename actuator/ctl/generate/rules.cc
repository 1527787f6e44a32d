// Renders the pack (pack/) for one topology.
#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "actuator/ctl/generate/generate.h"
#include "actuator/ctl/generate/pack/pack.h"
#include "actuator/ctl/generate/text.h"

namespace farshore {
namespace {

// Evidence counts for this long (protocol, S7): a sample of Prometheus and the snapshot behind it.
constexpr int kFreshSeconds = 3;

// How far alerts look back for the newest sample: it is as old as an interval (2 s at most) and the scrape
// took.
constexpr const char* kRecent = "4s";

std::string alternatives(const std::set<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : "|") + promql_literal(name);
  return out;
}

std::string vantages_of(const Topology& topology) {
  std::string out;
  for (const std::string& name : topology.vantages.names)
    out += (out.empty() ? "" : "|") + promql_literal(name);
  return out;
}

// Only silence votes: an answer, were it a refusal, proves a living postmaster, and a name that cannot be
// resolved proves nothing. A sample must be fresh at both ends: scraped just now, of a snapshot just taken.
// The age of the snapshot is asked for as it is now, so that a vantage that cannot be scraped votes no more.
// The configured vantages are picked there, from three series: from those of all servers it costs more than
// the rest of the rule.
std::string down_votes(const std::string& vantages) {
  return fmt::format(
      "count by (cluster, region, server) (\n"
      "  max by (cluster, region, server, vantage) (\n"
      "    last_over_time(farshore_pg_silent[{1}s]) == 1\n"
      "    and on (vantage, instance) farshore_snapshot_age_seconds{{vantage=~\"{0}\"}} <= {1}\n"
      "  )\n"
      ")",
      vantages, kFreshSeconds);
}

std::string looking_vantages(const std::string& vantages) {
  return fmt::format(
      "(\n"
      "  count(\n"
      "    max by (vantage) (\n"
      "      farshore_snapshot_age_seconds{{vantage=~\"{0}\"}} <= {1}\n"
      "      and timestamp(farshore_snapshot_age_seconds) >= time() - {1}\n"
      "    )\n"
      "  )\n"
      "  or vector(0)\n"
      ")",
      vantages, kFreshSeconds);
}

// The list is the topology's: what was taken out of a scrape configuration is missing all the same.
std::string missing_vantages(const Topology& topology) {
  std::string out;
  for (const std::string& name : topology.vantages.names)
    out += fmt::format("{}absent(farshore_snapshot_age_seconds{{vantage=\"{}\"}})",
                       out.empty() ? "" : "\nor\n", name);
  return out;
}

// A limit that is not the same for all as a series: one term for each value, a hundred clusters of one value
// in one term. Without samples of a cluster there is no limit either.
std::string limits(const std::map<std::string, std::set<std::string>>& names_by_value,
                   std::string_view metric, std::string_view level, std::string_view label) {
  std::string out;
  for (const auto& [value, names] : names_by_value)
    out +=
        fmt::format("{}count by ({}) (last_over_time({}{{{}=~\"{}\"}}[{}])) * 0 + {}",
                    out.empty() ? "" : "\nor\n", level, metric, label, alternatives(names), kRecent, value);
  return out;
}

std::string loss_limits(const Topology& topology, std::string (*value)(const DataLossLimit&)) {
  std::map<std::string, std::set<std::string>> names;
  for (const ClusterConfig& cluster : topology.clusters)
    names[value(cluster.failover.max_data_loss)].insert(cluster.name);
  return limits(names, "cluster_region_server:farshore_pg_up:sum", "cluster", "cluster");
}

bool has_dns_records(const Topology& topology) {
  return std::ranges::any_of(topology.clusters, [](const ClusterConfig& cluster) {
    return std::ranges::any_of(cluster.traffic, [](const TrafficConfig& each) { return !each.type.empty(); });
  });
}

std::string ttl_limits(const Topology& topology) {
  std::map<std::string, nanoseconds> ttls;
  for (const ClusterConfig& cluster : topology.clusters)
    for (const TrafficConfig& each : cluster.traffic)
      if (!each.type.empty()) ttls[each.name] = std::max(ttls[each.name], each.ttl);
  std::map<std::string, std::set<std::string>> names;
  for (const auto& [name, ttl] : ttls) names[fmt::format("{}", to_seconds(ttl))].insert(name);
  return "clamp_min(\n" +
         indented(limits(names, "farshore_dns_ttl_seconds", "cluster, record", "record"), "  ") +
         ",\n  ${dns_ttl_seconds}\n)";
}

using Words = std::map<std::string, std::string, std::less<>>;

Words words_of(const Topology& topology, const Words& thresholds) {
  const std::string vantages = vantages_of(topology);
  Words words = {
      {"vantages", vantages},
      {"vantage_count", std::to_string(topology.vantages.names.size())},
      {"quorum", std::to_string(topology.vantages.quorum.of(topology.vantages.names.size()))},
      {"actuator_count", std::to_string(topology.actuators.size())},
      {"prometheus_count", std::to_string(topology.prometheus.servers.size())},
      {"prometheus_quorum",
       std::to_string(topology.prometheus.quorum.of(topology.prometheus.servers.size()))},
      {"fresh", std::to_string(kFreshSeconds)},
      {"recent", kRecent},
      {"for", prometheus_duration(topology.detect.for_duration)},
      {"down_votes", down_votes(vantages)},
      {"looking_vantages", looking_vantages(vantages)},
      {"missing_vantages", missing_vantages(topology)},
      // last_over_time outlives a restart of the actuator, max one of two actuators, topk an old reign.
      {"reign",
       "topk by (cluster) (1, max by (cluster, server, epoch) "
       "(last_over_time(farshore_cluster_primary_epoch[10m])))"},
      {"loss_bytes_limits",
       loss_limits(topology, [](const DataLossLimit& limit) { return std::to_string(limit.bytes); })},
      {"loss_seconds_limits",
       loss_limits(topology,
                   [](const DataLossLimit& limit) { return fmt::format("{}", to_seconds(limit.time)); })},
      {"ttl_limits", ttl_limits(topology)},
  };
  for (const pack::Threshold& each : pack::kThresholds)
    words.emplace(each.name,
                  thresholds.contains(each.name) ? thresholds.find(each.name)->second : each.value);
  return words;
}

// Replaces every ${word}; a word of several lines keeps the indentation of the line that it stands in.
std::string filled_in(std::string_view text, const Words& words) {
  std::string out, indentation;
  while (!text.empty()) {
    const size_t begin = text.find("${");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const size_t end = text.find('}', begin);
    const size_t line = out.rfind('\n') + 1;
    indentation.assign(out, line, out.find_first_not_of(' ', line) - line);
    std::string value = filled_in(words.find(text.substr(begin + 2, end - begin - 2))->second, words);
    for (size_t at = 0; (at = value.find('\n', at)) != std::string::npos; at += indentation.size() + 1)
      value.insert(at + 1, indentation);
    out += value;
    text.remove_prefix(end + 1);
  }
  return out;
}

bool makes_sense(pack::Needs needs, const Topology& topology) {
  switch (needs) {
    case pack::Needs::kMinority:
      return topology.vantages.quorum.of(topology.vantages.names.size()) > 1;
    case pack::Needs::kPrometheus:
      return !topology.prometheus.servers.empty();
    case pack::Needs::kDnsRecords:
      return has_dns_records(topology);
    case pack::Needs::kNothing:
      break;
  }
  return true;
}

std::string print_expr(std::string_view expr, const Words& words) {
  return fmt::format("        expr: |-\n{}\n", indented(filled_in(expr, words), "          "));
}

std::string print_alert(const pack::Alert& alert, const Words& words, const std::string& runbook_url) {
  std::string out = fmt::format("      - alert: Farshore{}\n", alert.name) + print_expr(alert.expr, words);
  if (!alert.hold.empty()) out += fmt::format("        for: {}\n", filled_in(alert.hold, words));
  out += fmt::format("        labels:\n          severity: {}\n", alert.severity);
  if (!alert.action.empty()) out += fmt::format("          farshore_action: {}\n", alert.action);
  return out + fmt::format(
                   "        annotations:\n          summary: {}\n          description: {}\n"
                   "          runbook_url: {}\n",
                   yaml_quoted(alert.summary), yaml_quoted(filled_in(alert.description, words)),
                   yaml_quoted(fmt::format("{}/Farshore{}.md", runbook_url, alert.name)));
}

std::string print_head(std::string_view name, std::string_view interval) {
  return fmt::format("  - name: farshore-{}\n    interval: {}\n    rules:\n", name, interval);
}

Result<Words> checked(const std::vector<std::string>& thresholds) {
  std::vector<std::string> known;
  for (const pack::Threshold& each : pack::kThresholds) known.emplace_back(each.name);
  Words out;
  for (const std::string& text : thresholds) {
    const size_t equals = std::min(text.find('='), text.size());
    const std::string name = text.substr(0, equals), value = text.substr(std::min(equals + 1, text.size()));
    if (std::ranges::find(known, name) == known.end())
      return fail(ErrorCode::kInvalidArgument, "there is no threshold '{}'; {}", name,
                  suggest(name, known, "thresholds"));
    if (value.empty() || value.find_first_not_of("0123456789.") != std::string::npos ||
        std::ranges::count(value, '.') > 1 || value.front() == '.' || value.back() == '.')
      return fail(ErrorCode::kInvalidArgument, "threshold {} must be a number in its unit, not '{}'", name,
                  value);
    out[name] = value;
  }
  return out;
}

}  // namespace

Result<std::string> generate_rules(const Topology& topology, const RulesOptions& options) {
  const Result<Words> thresholds = checked(options.thresholds);
  if (!thresholds) return tl::unexpected(thresholds.error());
  const Words words = words_of(topology, *thresholds);
  std::string out =
      "# Made by `farshorectl generate rules` from the topology; change that, not this.\ngroups:\n";
  out += print_head("recordings", "5s");
  for (const pack::Recording& each : pack::kRecordings)
    if (makes_sense(each.needs, topology))
      out += fmt::format("      - record: {}\n", each.name) + print_expr(each.expr, words);
  for (const pack::Group* group : pack::kGroups) {
    out +=
        print_head(group->name, group->interval.empty() ? prometheus_duration(topology.detect.scrape_interval)
                                                        : std::string(group->interval));
    for (const pack::Alert& alert : group->alerts)
      if (makes_sense(alert.needs, topology)) out += print_alert(alert, words, options.runbook_url);
  }
  return out;
}

}  // namespace farshore
