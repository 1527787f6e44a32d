// The configuration of Alertmanager: who is told what.
#include <map>
#include <vector>

#include "actuator/ctl/generate/generate.h"
#include "actuator/ctl/generate/pack/pack.h"
#include "actuator/ctl/generate/text.h"

namespace farshore {
namespace {

struct Route {
  std::string_view matcher;
  std::string receiver;
  std::string_view group_by;
  std::string_view group_wait;
  std::string_view group_interval;
  std::string_view repeat_interval;
  bool goes_on = true;
};

std::string print_route(const Route& route) {
  std::string out = fmt::format(
      "    - matchers: ['{}']\n      receiver: {}\n      group_by: [{}]\n      group_wait: {}\n"
      "      group_interval: {}\n      repeat_interval: {}\n",
      route.matcher, route.receiver, route.group_by, route.group_wait, route.group_interval,
      route.repeat_interval);
  return out + (route.goes_on ? "      continue: true\n" : "");
}

std::string actuator_receiver(size_t index) { return fmt::format("actuator_{}", index + 1); }

// A route of its own for each actuator: one that hangs holds up nobody else's next delivery. Repeats are how
// a level, and not only an edge, reaches the actuator. `continue` never falls back to the route above, so the
// last one that takes an alert is a route for people.
std::string print_routes(size_t actuators) {
  std::string out;
  for (size_t i = 0; i < actuators; ++i)
    out += print_route({"farshore_action=\"failover\"", actuator_receiver(i), "alertname, cluster, epoch",
                        "0s", "5s", "1m"});
  for (size_t i = 0; i < actuators; ++i)
    out +=
        print_route({"farshore_action=\"watchdog\"", actuator_receiver(i), "alertname", "0s", "10s", "30s"});
  out += print_route({"farshore_action=\"watchdog\"", "dead_man", "alertname", "0s", "1m", "1m", false});
  return out + print_route({"severity=\"critical\"", "pager", "alertname, cluster", "5s", "1m", "1h", false});
}

// What another alert of the same cluster says better is not said to people; an alert with an action is never
// muted, so that nothing here can keep a failover from being asked for.
std::string print_inhibitions() {
  std::map<std::string, std::string> muted;
  for (const pack::Group* group : pack::kGroups) {
    for (const pack::Alert& alert : group->alerts) {
      for (std::string_view left = alert.muted_by; !left.empty();) {
        const std::string_view source = left.substr(0, left.find('|'));
        left.remove_prefix(std::min(source.size() + 1, left.size()));
        std::string& targets = muted[fmt::format("Farshore{}", source)];
        targets += fmt::format("{}Farshore{}", targets.empty() ? "" : "|", alert.name);
      }
    }
  }
  std::string out = "inhibit_rules:\n  # For people only: an alert with an action is never muted.\n";
  for (const auto& [source, targets] : muted)
    out += fmt::format(
        "  - source_matchers: ['alertname=\"{}\"']\n"
        "    target_matchers: ['alertname=~\"{}\"', 'farshore_action=\"\"']\n    equal: [cluster]\n",
        source, targets);
  return out;
}

// Following a redirect would turn the POST into an empty GET and count it as delivered.
std::string print_webhook(const std::string& actuator, const AlertmanagerOptions& options) {
  const std::string& tls = options.tls_folder;
  std::string out = fmt::format(
      "    webhook_configs:\n      - url: {}\n        send_resolved: true\n        max_alerts: 0\n"
      "        http_config:\n          follow_redirects: false\n          authorization:\n"
      "            type: Bearer\n            credentials_file: {}\n",
      yaml_quoted(fmt::format("{}://{}/api/v1/alerts", tls.empty() ? "http" : "https", actuator)),
      yaml_quoted(options.token_file));
  if (tls.empty()) return out;
  return out + fmt::format(
                   "          tls_config:\n            ca_file: {}\n            cert_file: {}\n"
                   "            key_file: {}\n            min_version: TLS12\n",
                   yaml_quoted(tls + "/ca.pem"), yaml_quoted(tls + "/alertmanager.pem"),
                   yaml_quoted(tls + "/alertmanager.key"));
}

}  // namespace

std::string generate_alertmanager(const Topology& topology, const AlertmanagerOptions& options) {
  std::string out =
      "# Made by `farshorectl generate alertmanager` from the topology; change that, not this.\n"
      "# Start each Alertmanager alone, with --cluster.listen-address= : a cluster waits 15 s when its "
      "first\n"
      "# member dies with the region. The actuator absorbs the duplicates.\n"
      "route:\n  receiver: humans\n  group_by: [alertname, cluster]\n  group_wait: 30s\n"
      "  group_interval: 5m\n  repeat_interval: 12h\n  routes:\n";
  out += print_routes(topology.actuators.size()) + print_inhibitions();
  out +=
      "receivers:\n  # Add how people are reached: email_configs, pagerduty_configs, ...\n"
      "  # pager: critical, somebody gets up. humans: the rest. dead_man: a service outside that calls\n"
      "  # somebody when the watchdog stops coming; give it nothing else.\n"
      "  - name: humans\n  - name: pager\n  - name: dead_man\n";
  for (size_t i = 0; i < topology.actuators.size(); ++i)
    out +=
        fmt::format("  - name: {}\n", actuator_receiver(i)) + print_webhook(topology.actuators[i], options);
  return out;
}

}  // namespace farshore
