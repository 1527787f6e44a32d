#include <algorithm>

#include "common/topology/topology.h"
#include "common/yaml/units.h"

namespace farshore {
namespace {

// Plain where no reader could take it for anything else, else double-quoted.
std::string quoted(const std::string& text) {
  const bool plain = !text.empty() && text != "null" && text != "~" && text.front() != '-' &&
                     std::all_of(text.begin(), text.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                              c == '_' || c == '-' || c == '.' || c == '/';
                     });
  if (plain) return text;
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (code < 0x20 || code == 0x7f) {
      out += fmt::format("\\x{:02x}", code);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string flow_list(const std::vector<std::string>& items) {
  std::vector<std::string> texts;
  for (const std::string& item : items) texts.push_back(quoted(item));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

std::string flow_map(const std::map<std::string, std::string>& map) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : map) texts.push_back(quoted(key) + ": " + quoted(value));
  return fmt::format("{{{}}}", fmt::join(texts, ", "));
}

std::string print_quorum(const Quorum& quorum) {
  return quorum.fixed ? std::to_string(*quorum.fixed) : "majority";
}

std::string print_region_url(const RegionUrl& each) {
  return fmt::format("{{region: {}, url: {}}}", quoted(each.region), quoted(each.url));
}

std::string print_provider(const ProviderConfig& provider, const std::string& indent) {
  std::string out;
  for (const auto& [key, value] : provider.text) out += fmt::format("{}{}: {}\n", indent, key, quoted(value));
  for (const auto& [key, list] : provider.lists)
    out += fmt::format("{}{}: {}\n", indent, key, flow_list(list));
  for (const auto& [key, map] : provider.maps) out += fmt::format("{}{}: {}\n", indent, key, flow_map(map));
  return out;
}

std::string print_server(const ServerConfig& server) {
  std::string out = fmt::format("      - name: {}\n        region: {}\n        conninfo: {}\n",
                                quoted(server.name), quoted(server.region), quoted(server.conninfo));
  if (server.admin) {
    out += fmt::format("        admin: {{user: {}, passfile: {}}}\n", quoted(server.admin->user),
                       quoted(server.admin->passfile));
  }
  return out + fmt::format("        priority: {}\n", server.priority);
}

std::string print_failover(const FailoverSettings& failover) {
  const char* mode = failover.mode == FailoverMode::kOff       ? "off"
                     : failover.mode == FailoverMode::kApprove ? "approve"
                                                               : "automatic";
  std::string out = fmt::format("    failover:\n      mode: {}\n", mode);
  out +=
      fmt::format("      max_data_loss: {{bytes: {}, time: {}}}\n",
                  format_bytes(failover.max_data_loss.bytes), format_duration(failover.max_data_loss.time));
  if (failover.max_exposure) {
    out += fmt::format("      max_exposure: {}\n", format_duration(*failover.max_exposure));
  }
  out += fmt::format("      on_sick: {}\n", failover.on_sick == OnSick::kHold ? "hold" : "automatic");
  return out + fmt::format("      cooldown: {}\n      confirm_for: {}\n      evidence_window: {}\n",
                           format_duration(failover.cooldown), format_duration(failover.confirm_for),
                           format_duration(failover.evidence_window));
}

std::string print_fence(const FenceConfig& fence) {
  return fmt::format("      - kind: {}\n        server: {}\n        timeout: {}\n",
                     quoted(fence.provider.kind), quoted(fence.server), format_duration(fence.timeout)) +
         print_provider(fence.provider, "        ");
}

std::string print_traffic(const TrafficConfig& traffic) {
  std::string out = fmt::format("      - kind: {}\n        name: {}\n", quoted(traffic.provider.kind),
                                quoted(traffic.name));
  if (!traffic.type.empty()) out += fmt::format("        type: {}\n", traffic.type);
  out +=
      fmt::format("        ttl: {}\n        timeout: {}\n        targets: {}\n", format_duration(traffic.ttl),
                  format_duration(traffic.timeout), flow_map(traffic.targets));
  if (!traffic.nameservers.empty()) {
    out += fmt::format("        nameservers: {}\n", flow_list(traffic.nameservers));
  }
  return out + print_provider(traffic.provider, "        ");
}

std::string print_hook(const HookConfig& hook) {
  std::string out =
      fmt::format("      - name: {}\n        act: {}\n", quoted(hook.name), flow_list(hook.act));
  if (!hook.check.empty()) out += fmt::format("        check: {}\n", flow_list(hook.check));
  return out + fmt::format("        timeout: {}\n        retries: {}\n", format_duration(hook.timeout),
                           hook.retries);
}

std::string print_notify(const NotifyConfig& notify) {
  return fmt::format("  - kind: {}\n    timeout: {}\n", quoted(notify.provider.kind),
                     format_duration(notify.timeout)) +
         print_provider(notify.provider, "    ");
}

std::string print_cluster(const ClusterConfig& cluster) {
  std::string out = fmt::format("  - name: {}\n    servers:\n", quoted(cluster.name));
  for (const ServerConfig& server : cluster.servers) out += print_server(server);
  if (!cluster.applications.empty()) out += "    applications:\n";
  for (const ApplicationConfig& each : cluster.applications) {
    out += fmt::format("      - {{name: {}, region: {}, health_url: {}}}\n", quoted(each.name),
                       quoted(each.region), quoted(each.health_url));
  }
  if (!cluster.files.empty()) out += "    files:\n";
  for (const FileTierConfig& each : cluster.files) {
    out += fmt::format("      - {{name: {}, region: {}, marker: {}}}\n", quoted(each.name),
                       quoted(each.region), quoted(each.marker));
  }
  out += print_failover(cluster.failover);
  if (!cluster.fences.empty()) out += "    fence:\n";
  for (const FenceConfig& fence : cluster.fences) out += print_fence(fence);
  if (!cluster.traffic.empty()) out += "    traffic:\n";
  for (const TrafficConfig& traffic : cluster.traffic) out += print_traffic(traffic);
  if (!cluster.hooks.empty()) out += "    hooks:\n";
  for (const HookConfig& hook : cluster.hooks) out += print_hook(hook);
  return out;
}

}  // namespace

std::string print_topology(const Topology& topology) {
  std::string out = fmt::format("vantages:\n  names: {}\n  quorum: {}\n", flow_list(topology.vantages.names),
                                print_quorum(topology.vantages.quorum));
  out += "prometheus:\n  servers:\n";
  for (const RegionUrl& each : topology.prometheus.servers) out += "    - " + print_region_url(each) + "\n";
  out += fmt::format("  quorum: {}\nalertmanagers:\n", print_quorum(topology.prometheus.quorum));
  for (const RegionUrl& each : topology.alertmanagers) out += "  - " + print_region_url(each) + "\n";
  out += "exporters:\n";
  for (const ExporterAddress& each : topology.exporters) {
    out += fmt::format("  - {{vantage: {}, address: {}}}\n", quoted(each.vantage), quoted(each.address));
  }
  out += "actuators:\n";
  for (const std::string& address : topology.actuators) {
    out += fmt::format("  - {{address: {}}}\n", quoted(address));
  }
  out += fmt::format(
      "observe: {{interval: {}, timeout: {}{}}}\n", format_duration(topology.observe.interval),
      format_duration(topology.observe.timeout),
      topology.observe.heartbeat ? ", heartbeat: " + format_duration(*topology.observe.heartbeat) : "");
  out += fmt::format("detect: {{scrape_interval: {}, scrape_timeout: {}, for: {}}}\n",
                     format_duration(topology.detect.scrape_interval),
                     format_duration(topology.detect.scrape_timeout),
                     format_duration(topology.detect.for_duration));
  if (!topology.notify.empty()) out += "notify:\n";
  for (const NotifyConfig& notify : topology.notify) out += print_notify(notify);
  out += "clusters:\n";
  for (const ClusterConfig& cluster : topology.clusters) out += print_cluster(cluster);
  return out;
}

}  // namespace farshore
