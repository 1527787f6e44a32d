// Configuration of Prometheus and Alertmanager.
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

// One entry per scheme: a list of targets shares it. A hung Alertmanager delays the others on Prometheus
// before 3.10, by 10 s without this timeout.
std::string print_alertmanagers(const std::vector<RegionUrl>& alertmanagers) {
  std::map<std::string, std::vector<std::string>> targets;
  for (const RegionUrl& each : alertmanagers) {
    const size_t colon = each.url.find("://");
    targets[each.url.substr(0, colon)].push_back(each.url.substr(colon + 3));
  }
  std::string out;
  for (const auto& [scheme, addresses] : targets) {
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

struct Route {
  std::string action;
  std::string receiver;
  std::string group_by;
  std::string group_interval;
  std::string repeat_interval;
  bool goes_on = true;
};

std::string print_route(const Route& route) {
  std::string out = fmt::format("    - matchers: ['farshore_action=\"{}\"']\n      receiver: {}\n",
                                route.action, route.receiver);
  if (!route.group_by.empty()) {
    out += fmt::format(
        "      group_by: [{}]\n      group_wait: 0s\n      group_interval: {}\n      repeat_interval: {}\n",
        route.group_by, route.group_interval, route.repeat_interval);
  }
  return out + (route.goes_on ? "      continue: true\n" : "");
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
  return out + print_job("farshore-exporter", exporters) + print_job("farshore-actuator", topology.actuators);
}

std::string generate_alertmanager(const Topology& topology, const AlertmanagerOptions& options) {
  std::string out =
      "# Made by `farshorectl generate alertmanager` from the topology; change that, not this.\n";
  out +=
      "# Start each Alertmanager alone, with --cluster.listen-address= : a cluster waits 15 s when its "
      "first\n";
  out += "# member dies with the region. The actuator absorbs the duplicates.\n";
  out += "route:\n  receiver: humans\n  group_by: [alertname, cluster]\n  group_wait: 10s\n";
  out += "  group_interval: 1m\n  repeat_interval: 4h\n  routes:\n";
  std::string receivers =
      "receivers:\n  # Add how people are reached: email_configs, pagerduty_configs, ...\n";
  receivers += "  - name: humans\n";
  // A route of its own for each actuator: one that hangs holds up nobody else's next delivery. Repeats are
  // short because they are how a level, and not only an edge, reaches the actuator.
  for (size_t i = 0; i < topology.actuators.size(); ++i) {
    const std::string receiver = fmt::format("actuator_{}", i + 1);
    out += print_route({"failover", receiver, "alertname, cluster, epoch", "2s", "15s"});
    receivers += fmt::format("  - name: {}\n    webhook_configs:\n", receiver);
    receivers += fmt::format("      - url: {}\n        send_resolved: true\n        max_alerts: 0\n",
                             yaml_quoted("http://" + topology.actuators[i] + "/api/v1/alerts"));
    // Following a redirect would turn the POST into an empty GET and count it as delivered.
    receivers += "        http_config:\n          follow_redirects: false\n          authorization:\n";
    receivers += fmt::format("            type: Bearer\n            credentials_file: {}\n",
                             yaml_quoted(options.token_file));
  }
  out += print_route({"failover", "humans", "", "", "", false});
  for (size_t i = 0; i < topology.actuators.size(); ++i) {
    const bool last = i + 1 == topology.actuators.size();
    out += print_route({"watchdog", fmt::format("actuator_{}", i + 1), "alertname", "10s", "30s", !last});
  }
  return out + receivers;
}

}  // namespace farshore
