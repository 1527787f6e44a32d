#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/topology/conninfo.h"
#include "common/topology/provider_kinds.h"
#include "common/topology/record_key.h"
#include "common/topology/topology_reader.h"
#include "common/yaml/units.h"

namespace farshore {
namespace {

constexpr size_t kMostNotify = 8;  // each has a thread and a queue of its own

class Checker {
 public:
  Checker(const Topology& topology, const YamlNode& root, std::vector<ConfigFault>& faults)
      : topology_(topology), root_(root), faults_(faults) {}

  void run() {
    check_vantages();
    check_regions_of_hosts();
    check_quorum("vantages", "vantages", topology_.vantages.names, topology_.vantages.quorum);
    std::vector<std::string> prometheus;
    for (const RegionUrl& server : topology_.prometheus.servers) prometheus.push_back(server.region);
    check_quorum("prometheus", "prometheus servers", prometheus, topology_.prometheus.quorum);
    check_alertmanagers_survive();
    check_times();
    check_notify();
    for (size_t i = 0; i < topology_.clusters.size(); ++i) {
      check_cluster(topology_.clusters[i], fmt::format("clusters.{}", i));
    }
  }

 private:
  void add(const std::string& path, std::string message, std::string remedy) {
    const YamlNode& at = deepest_node(root_, path);
    faults_.push_back({at.line, at.column, std::move(message), std::move(remedy)});
  }

  // True the first time a value of a sort is seen; empty values were complained of before.
  void check_unique(const std::string& sort, const std::string& value, const std::string& path,
                    const std::string& remedy) {
    if (value.empty()) return;
    if (!seen_[sort].insert(value).second)
      add(path, fmt::format("{} '{}' is there twice", sort, value), remedy);
  }

  void check_region(const std::string& region, const std::string& path) {
    const std::vector<std::string>& known = topology_.vantages.names;
    if (region.empty() || known.empty()) return;
    if (std::find(known.begin(), known.end(), region) != known.end()) return;
    add(path, fmt::format("region '{}' is no vantage", region), suggest(region, known, "vantages"));
  }

  // The regions whose loss must be survived.
  std::set<std::string> server_regions() const {
    std::set<std::string> regions;
    for (const ClusterConfig& cluster : topology_.clusters) {
      for (const ServerConfig& server : cluster.servers) regions.insert(server.region);
    }
    regions.erase("");
    return regions;
  }

  void check_vantages() {
    for (size_t i = 0; i < topology_.vantages.names.size(); ++i) {
      check_unique("vantage", topology_.vantages.names[i], fmt::format("vantages.names.{}", i),
                   "each vantage has one vote");
    }
    for (size_t i = 0; i < topology_.exporters.size(); ++i) {
      const ExporterAddress& exporter = topology_.exporters[i];
      const std::string path = fmt::format("exporters.{}", i);
      check_region(exporter.vantage, path + ".vantage");
      check_unique("exporter of vantage", exporter.vantage, path + ".vantage", "one exporter per vantage");
      check_unique("exporter address", exporter.address, path + ".address", "each exporter has its own");
    }
    if (topology_.exporters.empty()) return;
    const std::set<std::string>& covered = seen_["exporter of vantage"];
    for (size_t i = 0; i < topology_.vantages.names.size(); ++i) {
      const std::string& name = topology_.vantages.names[i];
      if (name.empty() || covered.contains(name)) continue;
      add(fmt::format("vantages.names.{}", i), fmt::format("vantage '{}' has no exporter", name),
          "it could never vote; add it under exporters");
    }
  }

  void check_regions_of_hosts() {
    for (size_t i = 0; i < topology_.prometheus.servers.size(); ++i) {
      const std::string path = fmt::format("prometheus.servers.{}", i);
      check_region(topology_.prometheus.servers[i].region, path + ".region");
      check_unique("prometheus url", topology_.prometheus.servers[i].url, path + ".url", "each has its own");
    }
    for (size_t i = 0; i < topology_.alertmanagers.size(); ++i) {
      const std::string path = fmt::format("alertmanagers.{}", i);
      check_region(topology_.alertmanagers[i].region, path + ".region");
      check_unique("alertmanager url", topology_.alertmanagers[i].url, path + ".url", "each has its own");
    }
    for (size_t i = 0; i < topology_.actuators.size(); ++i) {
      check_unique("actuator address", topology_.actuators[i], fmt::format("actuators.{}.address", i),
                   "each actuator has its own");
    }
  }

  // A majority of two is both, and one of them is lost with the region: such a quorum never comes.
  void check_quorum(const std::string& key, const std::string& what, const std::vector<std::string>& members,
                    const Quorum& quorum) {
    const int count = static_cast<int>(members.size());
    if (count == 0) return;
    const int needed = quorum.of(members.size());
    if (needed > count) {
      add(key + ".quorum", fmt::format("quorum {} of {} {} can never be reached", needed, count, what),
          fmt::format("write a number from 1 to {}, or majority", count));
      return;
    }
    if (!quorum.fixed && (count == 2 || (count % 2 == 0 && key == "prometheus"))) {
      add(key + ".quorum", fmt::format("{} {} leave the majority open", count, what),
          fmt::format("add a witness, or say how many must agree: quorum: {}", count / 2));
      return;
    }
    for (const std::string& region : server_regions()) {
      const auto lost = std::count(members.begin(), members.end(), region);
      if (count - static_cast<int>(lost) >= needed) continue;
      add(key + ".quorum",
          fmt::format("quorum {} of {} {} cannot be reached when {} is lost", needed, count, what, region),
          "add a witness in another region or lower the quorum");
      return;
    }
  }

  void check_alertmanagers_survive() {
    if (topology_.alertmanagers.empty()) return;
    for (const std::string& region : server_regions()) {
      const bool survives = std::any_of(topology_.alertmanagers.begin(), topology_.alertmanagers.end(),
                                        [&](const RegionUrl& each) { return each.region != region; });
      if (!survives) {
        add("alertmanagers", fmt::format("every alertmanager is lost with region {}", region),
            "add one in another region");
      }
    }
  }

  void check_at_least(const std::string& path, nanoseconds value, nanoseconds minimum,
                      const std::string& why) {
    if (value >= minimum) return;
    add(path,
        fmt::format("'{}' is {}, less than {}", path.substr(path.rfind('.') + 1), format_duration(value),
                    format_duration(minimum)),
        why);
  }

  void check_heartbeat(nanoseconds heartbeat) {
    check_at_least("observe.heartbeat", heartbeat, 1s, "every beat uses up a transaction number");
    if (heartbeat > 1min)
      add("observe.heartbeat", "'heartbeat' is over 1m", "the age of what a standby replayed is no finer");
  }

  void check_times() {
    check_at_least("observe.interval", topology_.observe.interval, 100ms, "servers need air to breathe");
    check_at_least("observe.timeout", topology_.observe.timeout, 100ms, "a session needs some round trips");
    if (topology_.observe.heartbeat) check_heartbeat(*topology_.observe.heartbeat);
    check_at_least("detect.scrape_interval", topology_.detect.scrape_interval, 100ms,
                   "scraping faster finds nothing sooner");
    // Evidence counts for 3 s (protocol, S7): what is older at its next look would flicker.
    if (topology_.observe.interval + topology_.observe.timeout > 3s) {
      add("observe", "interval and timeout together are over 3s", "a vantage's sample counts for 3s only");
    }
    if (topology_.detect.scrape_interval > 2s) {
      add("detect.scrape_interval", "'scrape_interval' is over 2s", "a vantage's sample counts for 3s only");
    }
    if (topology_.detect.scrape_timeout > topology_.detect.scrape_interval) {
      add("detect.scrape_timeout", "'scrape_timeout' is over 'scrape_interval'",
          "Prometheus would refuse it");
    }
    check_at_least("detect.for", topology_.detect.for_duration, topology_.detect.scrape_interval,
                   "one missed look must not be a lost region; several scrapes make a judgement");
  }

  void check_notify() {
    for (size_t i = 0; i < topology_.notify.size(); ++i) {
      const NotifyConfig& notify = topology_.notify[i];
      const std::string path = fmt::format("notify.{}", i);
      check_at_least(path + ".timeout", notify.timeout, 100ms, "a request needs some round trips");
      if (notify.timeout > 30s)
        add(path + ".timeout", "'timeout' is over 30s", "what comes next waits for it");
      check_receiver(notify.provider, path);
    }
    if (topology_.notify.size() > kMostNotify)
      add("notify", fmt::format("over {} receivers under 'notify'", kMostNotify),
          "let Alertmanager's receivers reach the others");
  }

  // A URL is not shown: it may hold a secret.
  void check_receiver(const ProviderConfig& receiver, const std::string& path) {
    const std::string url = text_field(receiver, "url"), file = text_field(receiver, "url_file");
    if (receiver.kind == "webhook" && url.empty() == file.empty())
      add(path, "a webhook needs 'url' or 'url_file', and not both",
          "url_file is for an address that is a secret");
    if (!receivers_.insert({receiver.kind, url, file}).second)
      add(path, fmt::format("a notify of kind '{}' is there twice", receiver.kind),
          "each would be told twice");
  }

  void check_cluster(const ClusterConfig& cluster, const std::string& path) {
    check_unique("cluster", cluster.name, path + ".name", "each cluster has its own name");
    for (size_t i = 0; i < cluster.servers.size(); ++i) {
      check_server(cluster, cluster.servers[i], fmt::format("{}.servers.{}", path, i));
    }
    for (size_t i = 0; i < cluster.applications.size(); ++i) {
      const ApplicationConfig& application = cluster.applications[i];
      const std::string at = fmt::format("{}.applications.{}", path, i);
      check_region(application.region, at + ".region");
      if (application.name.empty() || application.region.empty()) continue;
      check_unique("application", cluster.name + "/" + application.name + " in " + application.region,
                   at + ".name", "one entry per application and region");
    }
    for (size_t i = 0; i < cluster.files.size(); ++i) {
      const std::string at = fmt::format("{}.files.{}", path, i);
      check_region(cluster.files[i].region, at + ".region");
      if (cluster.files[i].name.empty() || cluster.files[i].region.empty()) continue;
      check_unique("file tier", cluster.name + "/" + cluster.files[i].name + " in " + cluster.files[i].region,
                   at + ".name", "one entry per name and region");
    }
    check_failover(cluster.failover, path + ".failover");
    check_fences(cluster, path);
    for (size_t i = 0; i < cluster.traffic.size(); ++i) {
      check_traffic(cluster, cluster.traffic[i], fmt::format("{}.traffic.{}", path, i));
    }
    check_hooks(cluster, path);
  }

  void check_server(const ClusterConfig& cluster, const ServerConfig& server, const std::string& path) {
    // Names are paths of the exporter (/server/<name>/primary), so they are unique in the whole file.
    check_unique("server", server.name, path + ".name", "server names are unique in the whole file");
    check_region(server.region, path + ".region");
    if (const Result<Conninfo> conninfo = parse_conninfo(server.conninfo)) {
      const auto value = [&](const char* key, const char* otherwise) {
        const auto found = conninfo->find(key);
        return found == conninfo->end() ? std::string(otherwise) : found->second;
      };
      if (!value("host", "").empty()) {
        check_unique("PostgreSQL address", value("host", "") + ":" + value("port", "5432"),
                     path + ".conninfo", "two entries for one server would be taken for two servers");
      }
    }
    if (cluster.failover.mode == FailoverMode::kAutomatic && !server.admin) {
      add(path, fmt::format("server '{}' has no admin role, and the mode is automatic", server.name),
          "add admin: {user, passfile}, or it can be neither cut nor promoted");
    }
  }

  void check_failover(const FailoverSettings& failover, const std::string& path) {
    check_at_least(path + ".evidence_window", failover.evidence_window, 3s,
                   "life seen within it forbids a promotion, and samples are up to 3s old");
    check_at_least(path + ".confirm_for", failover.confirm_for, 1s, "a look takes up to observe.timeout");
    if (failover.max_exposure) {
      check_at_least(path + ".max_exposure", *failover.max_exposure, failover.evidence_window,
                     "the outage is at least evidence_window old before anything is fenced");
    }
  }

  // Both are asked at once, and the firewall shuts out the session in which ssh would look for its proof.
  void check_firewall_beside_ssh(const ClusterConfig& cluster, const std::string& path) {
    std::set<std::string> ssh, proven_otherwise;
    for (const FenceConfig& fence : cluster.fences) {
      if (fence.provider.kind == "ssh")
        ssh.insert(fence.server);
      else if (proves_by_itself(fence.provider))
        proven_otherwise.insert(fence.server);
    }
    for (size_t i = 0; i < cluster.fences.size(); ++i) {
      const FenceConfig& fence = cluster.fences[i];
      if (fence.provider.kind != "linode_firewall" || !ssh.contains(fence.server) ||
          proven_otherwise.contains(fence.server))
        continue;
      add(fmt::format("{}.fence.{}", path, i),
          fmt::format("the firewall shuts out the ssh fence of '{}', which is its only proof", fence.server),
          "add linode_power or a command, or leave the firewall out");
    }
  }

  void check_fences(const ClusterConfig& cluster, const std::string& path) {
    check_firewall_beside_ssh(cluster, path);
    std::set<std::string> fenced, proven;
    for (size_t i = 0; i < cluster.fences.size(); ++i) {
      const std::string& server = cluster.fences[i].server;
      const std::string at = fmt::format("{}.fence.{}", path, i);
      fenced.insert(server);
      if (proves_by_itself(cluster.fences[i].provider)) proven.insert(server);
      check_at_least(at + ".timeout", cluster.fences[i].timeout, 100ms, "a fence needs time to act");
      if (server.empty() || cluster.find_server(server) != nullptr) continue;
      std::vector<std::string> names;
      for (const ServerConfig& each : cluster.servers) names.push_back(each.name);
      add(at + ".server", fmt::format("fence of unknown server '{}'", server),
          suggest(server, names, "servers"));
    }
    const bool automatic = cluster.failover.mode == FailoverMode::kAutomatic;
    const bool no_witness = topology_.vantages.names.size() > 1 &&
                            topology_.vantages.quorum.of(topology_.vantages.names.size()) == 1 &&
                            cluster.failover.mode != FailoverMode::kOff;
    if (!automatic && !no_witness) return;
    for (size_t i = 0; i < cluster.servers.size(); ++i) {
      const std::string& server = cluster.servers[i].name;
      if (server.empty() || proven.contains(server)) continue;
      add(fmt::format("{}.servers.{}", path, i),
          fmt::format("server '{}' has no fence{}, and {}", server,
                      fenced.contains(server) ? " that is a proof" : "",
                      automatic ? "the mode is automatic" : "one vantage alone makes the quorum"),
          automatic ? "add one under fence, or choose mode: approve"
                    : "add one under fence, a witness, or choose mode: off");
    }
  }

  void check_hooks(const ClusterConfig& cluster, const std::string& path) {
    if (cluster.hooks.size() > kMostHooks) {
      add(path + ".hooks", fmt::format("{} hooks, more than {}", cluster.hooks.size(), kMostHooks),
          "they run one after another; let one of them do several things");
    }
    for (size_t i = 0; i < cluster.hooks.size(); ++i) {
      const HookConfig& hook = cluster.hooks[i];
      const std::string at = fmt::format("{}.hooks.{}", path, i);
      if (!hook.name.empty())
        check_unique("hook", cluster.name + "/" + hook.name, at + ".name", "each hook has its own name");
      check_at_least(at + ".timeout", hook.timeout, 100ms, "a command needs time to act");
      if (hook.timeout > 10min)
        add(at + ".timeout", "'timeout' is over 10m", "the hooks after it wait for it; it is tried again");
    }
  }

  void check_traffic(const ClusterConfig& cluster, const TrafficConfig& traffic, const std::string& path) {
    if (!traffic.name.empty()) {
      check_unique("traffic", record_key(traffic), path + ".name", "one entry per record");
    }
    check_at_least(path + ".ttl", traffic.ttl, 1s, "a TTL is a whole number of seconds");
    if (traffic.ttl % nanoseconds(1s) != 0ns) {
      add(path + ".ttl", "'ttl' is no whole number of seconds", "DNS knows nothing finer");
    }
    check_at_least(path + ".timeout", traffic.timeout, 100ms, "a call needs some round trips");
    std::vector<std::string> regions;
    for (const ServerConfig& server : cluster.servers) regions.push_back(server.region);
    const auto has_server = [&](const std::string& region) {
      return std::find(regions.begin(), regions.end(), region) != regions.end();
    };
    for (const auto& [region, target] : traffic.targets) {
      if (has_server(region) || has_server("")) continue;  // a server without region was complained of before
      // A name with a dot would be taken for two steps of the path.
      const std::string at = path + ".targets" + (region.find('.') == std::string::npos ? "." + region : "");
      add(at, fmt::format("target for region '{}', where cluster '{}' has no server", region, cluster.name),
          suggest(region, regions, "its regions"));
    }
    for (const std::string& region : std::set<std::string>(regions.begin(), regions.end())) {
      if (region.empty() || traffic.targets.empty() || traffic.targets.contains(region)) continue;
      add(path + ".targets", fmt::format("traffic '{}' has no target for region '{}'", traffic.name, region),
          "every region with a server needs one");
    }
  }

  const Topology& topology_;
  const YamlNode& root_;
  std::vector<ConfigFault>& faults_;
  std::map<std::string, std::set<std::string>> seen_;
  std::set<std::vector<std::string>> receivers_;
};

}  // namespace

void check_topology(const Topology& topology, const YamlNode& root, std::vector<ConfigFault>& faults) {
  Checker(topology, root, faults).run();
}

}  // namespace farshore
