// Renders the pack (pack/) for one topology.
#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "actuator/ctl/generate/generate.h"
#include "actuator/ctl/generate/pack/pack.h"
#include "actuator/ctl/generate/text.h"

namespace farshore {
namespace {

// Evidence counts for this long (protocol, S7): a sample of Prometheus and the snapshot behind it.
constexpr int kFreshSeconds = 3;
constexpr nanoseconds kFresh = std::chrono::seconds(kFreshSeconds);

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

// What the failover group records of a server's life and of the reign.
std::string states(std::string_view matcher, std::string_view window) {
  return fmt::format("last_over_time(cluster_region_server_state:farshore_pg_state:vantages{}[{}])", matcher,
                     window);
}
std::string reign(std::string_view window) {
  return fmt::format("last_over_time(cluster_region_server_epoch:farshore_cluster_primary_epoch:newest[{}])",
                     window);
}

// So long other groups look back for it. A series ends when no vantage finds the server in that state, and
// this window outlives that end: a vantage that finds another state at every look counts for both.
nanoseconds states_recent(const Topology& topology) {
  return std::max<nanoseconds>(2s, 2 * topology.detect.scrape_interval);
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

// Of an application. The failure of a probe has a series while it lasts; the window bridges a missed scrape.
constexpr const char* kFailingVantages = R"(count by (cluster, region, application) (
  max by (cluster, region, application, vantage) (
    last_over_time(farshore_application_failure{class!="dns"}[${recent}]) == 1
  )
))";

std::string one_of(std::string_view label, const std::set<std::string>& names) {
  return fmt::format("{{{}=~\"{}\"}}", label, alternatives(names));
}

// A limit of the topology, and those for whom it is that.
using NamesByValue = std::map<std::string, std::set<std::string>>;

// One term for each value: `before`, a matcher of those for whom it is that (none when all have the same),
// `after`, and the value.
std::string limited(const NamesByValue& names_by_value, std::string_view before, std::string_view after) {
  std::string out;
  for (const auto& [value, names] : names_by_value) {
    const std::string matcher = names_by_value.size() == 1 ? "" : one_of("cluster", names);
    out += fmt::format("{}{}{}{}{}", out.empty() ? "" : "\nor\n", before, matcher, after, value);
  }
  return out;
}

NamesByValue clusters_by(const Topology& topology, std::string (*value)(const DataLossLimit&)) {
  NamesByValue names;
  for (const ClusterConfig& cluster : topology.clusters)
    names[value(cluster.failover.max_data_loss)].insert(cluster.name);
  return names;
}

bool has_dns_records(const Topology& topology) {
  return std::ranges::any_of(topology.clusters, [](const ClusterConfig& cluster) {
    return std::ranges::any_of(cluster.traffic, [](const TrafficConfig& each) { return !each.type.empty(); });
  });
}

using Words = std::map<std::string, std::string, std::less<>>;

// What the vantages say of a server's life, for the group that records it and for the others.
void add_states(Words& words, const Topology& topology) {
  // Written by this very evaluation: one of before, or of before a restart of Prometheus, counts for nothing.
  constexpr const char* kNow = "1ms";
  const std::string recent = prometheus_duration(states_recent(topology));
  words.insert({{"silent_now", states("{state=\"0\"}", kNow)},
                {"primary_now", states("{state=\"4\"}", kNow)},
                {"alive_now", states("{state!~\"0|1\"}", kNow)},
                {"any_state_now", states("", kNow)},
                {"silent", states("{state=\"0\"}", recent)},
                {"unseen", states("{state=~\"1|2\"}", recent)},
                {"answering", states("{state=~\"3|4\"}", recent)},
                {"standby", states("{state=\"3\"}", recent)},
                {"primary", states("{state=\"4\"}", recent)},
                {"reign_now", reign(kNow)},
                // Of two epochs of one server within the window, the newer.
                {"reign", fmt::format("topk by (cluster) (1, {})", reign(recent))},
                {"told_for", prometheus_duration(kFresh + states_recent(topology))}});
}

// Where limits differ their rules know the clusters of the topology alone, and so must what is held against
// them.
std::string known_clusters(const Topology& topology, const NamesByValue& bytes, const NamesByValue& seconds) {
  if (bytes.size() == 1 && seconds.size() == 1) return "";
  std::set<std::string> names;
  for (const ClusterConfig& cluster : topology.clusters) names.insert(cluster.name);
  return one_of("cluster", names);
}

// What the topology says of a cluster or a record.
void add_limits(Words& words, const Topology& topology) {
  const NamesByValue bytes = clusters_by(
                         topology, [](const DataLossLimit& limit) { return std::to_string(limit.bytes); }),
                     seconds = clusters_by(topology, [](const DataLossLimit& limit) {
                       return fmt::format("{}", to_seconds(limit.time));
                     });
  constexpr const char *kBytes = "cluster_region_server:farshore_predicted_loss_bytes:min",
                       *kSeconds = "cluster_region_server:farshore_predicted_loss_seconds:min";
  words.insert(
      {{"any_state",
        states(known_clusters(topology, bytes, seconds), prometheus_duration(states_recent(topology)))},
       {"loss_bytes_within", limited(bytes, kBytes, " <= ")},
       {"loss_seconds_within", limited(seconds, kSeconds, " <= ")},
       {"loss_bytes_beyond", limited(bytes, fmt::format("min by (cluster) ({}", kBytes), ") > ")},
       {"loss_seconds_beyond", limited(seconds, fmt::format("min by (cluster) ({}", kSeconds), ") > ")},
       {"lag_bytes_beyond",
        limited(bytes, "max by (cluster, region, server) (last_over_time(farshore_replication_lag_bytes",
                fmt::format("[{}])) > ${{lag_share}} * ", kRecent))}});
}

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
      {"looking_vantages", looking_vantages(vantages)},
      {"missing_vantages", missing_vantages(topology)},
      {"failing_vantages", kFailingVantages},
  };
  add_states(words, topology);
  add_limits(words, topology);
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
  std::string_view name;
  for (const pack::Group* group : pack::kGroups) {
    if (group->name != std::exchange(name, group->name))
      out += print_head(group->name, group->interval.empty()
                                         ? prometheus_duration(topology.detect.scrape_interval)
                                         : std::string(group->interval));
    for (const pack::Recording& each : group->recordings)
      out += fmt::format("      - record: {}\n", each.name) + print_expr(each.expr, words);
    for (const pack::Alert& alert : group->alerts)
      if (makes_sense(alert.needs, topology)) out += print_alert(alert, words, options.runbook_url);
  }
  return out;
}

}  // namespace farshore
