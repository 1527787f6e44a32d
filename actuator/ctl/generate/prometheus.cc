// The configuration of Prometheus.
#include <algorithm>
#include <map>
#include <vector>

#include "actuator/ctl/generate/generate.h"
#include "actuator/ctl/generate/text.h"

namespace farshore {
namespace {

std::string target_list(const std::vector<std::string>& targets, std::string_view indent) {
  std::string out;
  for (const std::string& target : targets) out += fmt::format("{}- {}\n", indent, yaml_quoted(target));
  return out;
}

// scheme -> host:port
std::map<std::string, std::vector<std::string>> by_scheme(const std::vector<RegionUrl>& urls) {
  std::map<std::string, std::vector<std::string>> targets;
  for (const RegionUrl& each : urls) {
    const size_t colon = each.url.find("://");
    targets[each.url.substr(0, colon)].push_back(each.url.substr(colon + 3));
  }
  return targets;
}

// One entry per scheme: a list of targets shares it. A hung Alertmanager delays the others on Prometheus
// before 3.10, by 10 s without this timeout.
std::string print_alertmanagers(const std::vector<RegionUrl>& alertmanagers) {
  std::string out;
  for (const auto& [scheme, addresses] : by_scheme(alertmanagers)) {
    out += fmt::format("    - timeout: 1s\n      scheme: {}\n      static_configs:\n        - targets:\n",
                       scheme);
    out += target_list(addresses, "            ");
  }
  return out;
}

std::string print_job(const std::string& name, const std::vector<std::string>& targets) {
  return fmt::format("  - job_name: {}\n    static_configs:\n      - targets:\n", name) +
         target_list(targets, "          ");
}

// Prometheus and Alertmanager about themselves: seldom, and only what the rules ask for.
std::string print_monitoring_job(const std::string& name, const std::string& metrics,
                                 const std::vector<RegionUrl>& urls) {
  if (urls.empty()) return "";
  std::string out = fmt::format(
      "  - job_name: {}\n    scrape_interval: 15s\n    scrape_timeout: 5s\n    metric_relabel_configs:\n"
      "      - {{source_labels: [__name__], action: keep, regex: {}}}\n    static_configs:\n",
      name, yaml_quoted(metrics));
  for (const auto& [scheme, addresses] : by_scheme(urls)) {
    out += "      - targets:\n" + target_list(addresses, "          ");
    if (scheme != "http") out += fmt::format("        labels: {{__scheme__: {}}}\n", scheme);
  }
  return out;
}

}  // namespace

Result<std::string> generate_prometheus(const Topology& topology, std::string_view region,
                                        const PrometheusOptions& options) {
  const auto& servers = topology.prometheus.servers;
  if (std::none_of(servers.begin(), servers.end(),
                   [&](const RegionUrl& each) { return each.region == region; })) {
    std::vector<std::string> regions;
    for (const RegionUrl& each : servers) regions.push_back(each.region);
    return fail(ErrorCode::kNotFound, "the topology has no Prometheus server in region '{}'; {}", region,
                suggest(region, regions, "regions"));
  }
  std::vector<std::string> exporters;
  for (const ExporterAddress& each : topology.exporters) exporters.push_back(each.address);
  const std::string interval = prometheus_duration(topology.detect.scrape_interval);
  std::string out = "# Made by `farshorectl generate prometheus` from the topology; change that, not this.\n";
  out +=
      "# Start Prometheus with --rules.alert.resend-delay=15s: an Alertmanager that was away when an alert\n";
  out += "# fired hears of it that much later at most.\n";
  // An exporter answers from memory, so what takes longer is dead. What a vantage said last stands until its
  // next scrape has failed, and a vantage that died with its region said last that the primary lives: the
  // shorter, the sooner that veto ends.
  const std::string timeout = prometheus_duration(topology.detect.scrape_timeout);
  out += fmt::format("global:\n  scrape_interval: {0}\n  scrape_timeout: {1}\n  evaluation_interval: {0}\n",
                     interval, timeout);
  out += fmt::format("  external_labels:\n    prometheus: {}\n", yaml_quoted(region));
  out += fmt::format("rule_files:\n  - {}\n", yaml_quoted(options.rules_file));
  out += "alerting:\n  alert_relabel_configs:\n";
  out += "    # All Prometheus servers must make the same alert: one fingerprint, one incident.\n";
  out += "    - action: labeldrop\n      regex: prometheus\n  alertmanagers:\n";
  out += print_alertmanagers(topology.alertmanagers);
  out +=
      "scrape_configs:\n  # Series name their own cluster, region, server and vantage; nothing is added "
      "here.\n";
  return out + print_job("farshore-exporter", exporters) +
         print_job("farshore-actuator", topology.actuators) +
         print_monitoring_job("farshore-prometheus", "prometheus_(notifications|rule|config)_.+",
                              topology.prometheus.servers) +
         print_monitoring_job("farshore-alertmanager", "alertmanager_(notifications|config|alerts).*",
                              topology.alertmanagers);
}

}  // namespace farshore
