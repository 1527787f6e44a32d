#include "common/topology/topology_reader.h"

#include "common/topology/address.h"
#include "common/topology/conninfo.h"
#include "common/topology/provider_kinds.h"

namespace farshore {
namespace {

using Faults = std::vector<ConfigFault>;

void read_host_port(MapReader& reader, const std::string& key, std::string& out) {
  if (!reader.text(key, Need::kRequired, out)) return;
  if (const Result<HostPort> parsed = parse_host_port(out); !parsed) {
    reader.fault(key, fmt::format("'{}' of '{}' is no address", out, key), parsed.error().message);
  }
}

// host:port items of a list, each with its own place.
void check_host_ports(const YamlNode& list, const std::string& what, Faults& faults) {
  for (const YamlNode& item : list.items) {
    if (item.scalar.empty()) continue;
    if (const Result<HostPort> parsed = parse_host_port(item.scalar); !parsed) {
      faults.push_back({item.line, item.column, fmt::format("'{}' of {} is no address", item.scalar, what),
                        parsed.error().message});
    }
  }
}

void read_quorum(MapReader& reader, Quorum& out) {
  std::string text;
  if (!reader.text("quorum", Need::kOptional, text) || text == "majority") return;
  int number = 0;
  if (text.find_first_not_of("0123456789") != std::string::npos) {
    reader.fault("quorum", fmt::format("'{}' of 'quorum' is neither 'majority' nor a number", text),
                 "write 'majority' or a whole number of at least 1");
  } else if (reader.integer("quorum", Need::kOptional, 1, 1000, number)) {
    out.fixed = number;
  }
}

void read_vantages(const YamlNode& node, Vantages& out, Faults& faults) {
  MapReader reader(node, "vantages", faults);
  if (const YamlNode* names = reader.list("names", Need::kRequired)) {
    out.names = read_texts(*names, "'names'", faults);
    for (const YamlNode& item : names->items) {
      if (item.scalar.empty() || is_name(item.scalar)) continue;
      faults.push_back({item.line, item.column, fmt::format("'{}' is no name", item.scalar),
                        "use 1 to 63 letters, digits, '_', '.' and '-'"});
    }
  }
  read_quorum(reader, out.quorum);
  reader.finish();
}

RegionUrl read_region_url(const YamlNode& node, const std::string& what, Faults& faults) {
  RegionUrl out;
  MapReader reader(node, what, faults);
  reader.name("region", Need::kRequired, out.region);
  if (reader.text("url", Need::kRequired, out.url)) {
    if (const Status url = check_base_url(out.url); !url) {
      reader.fault("url", fmt::format("{} of 'url' is no base URL", quoted_url(out.url)),
                   url.error().message);
    }
  }
  reader.finish();
  return out;
}

void read_prometheus(const YamlNode& node, PrometheusServers& out, Faults& faults) {
  MapReader reader(node, "prometheus", faults);
  if (const YamlNode* servers = reader.list("servers", Need::kRequired)) {
    for (const YamlNode& item : servers->items) {
      out.servers.push_back(read_region_url(item, "prometheus server", faults));
    }
  }
  read_quorum(reader, out.quorum);
  reader.finish();
}

void read_hosts(MapReader& top, Topology& out, Faults& faults) {
  if (const YamlNode* list = top.list("alertmanagers", Need::kRequired)) {
    for (const YamlNode& item : list->items) {
      out.alertmanagers.push_back(read_region_url(item, "alertmanager", faults));
    }
  }
  if (const YamlNode* list = top.list("exporters", Need::kRequired)) {
    for (const YamlNode& item : list->items) {
      ExporterAddress& exporter = out.exporters.emplace_back();
      MapReader reader(item, "exporter", faults);
      reader.name("vantage", Need::kRequired, exporter.vantage);
      read_host_port(reader, "address", exporter.address);
      reader.finish();
    }
  }
  if (const YamlNode* list = top.list("actuators", Need::kRequired)) {
    for (const YamlNode& item : list->items) {
      MapReader reader(item, "actuator", faults);
      read_host_port(reader, "address", out.actuators.emplace_back());
      reader.finish();
    }
  }
}

void read_times(MapReader& top, Topology& out, Faults& faults) {
  if (const YamlNode* node = top.map("observe", Need::kOptional)) {
    MapReader reader(*node, "observe", faults);
    reader.duration("interval", Need::kOptional, out.observe.interval);
    reader.duration("timeout", Need::kOptional, out.observe.timeout);
    nanoseconds heartbeat{0};
    if (reader.duration("heartbeat", Need::kOptional, heartbeat)) out.observe.heartbeat = heartbeat;
    reader.finish();
  }
  if (const YamlNode* node = top.map("detect", Need::kOptional)) {
    MapReader reader(*node, "detect", faults);
    reader.duration("scrape_interval", Need::kOptional, out.detect.scrape_interval);
    reader.duration("for", Need::kOptional, out.detect.for_duration);
    out.detect.scrape_timeout = out.detect.scrape_interval / 2;
    reader.duration("scrape_timeout", Need::kOptional, out.detect.scrape_timeout);
    reader.finish();
  }
}

ServerConfig read_server(const YamlNode& node, Faults& faults) {
  ServerConfig out;
  MapReader reader(node, "server", faults);
  reader.name("name", Need::kRequired, out.name);
  reader.name("region", Need::kRequired, out.region);
  if (reader.text("conninfo", Need::kRequired, out.conninfo)) {
    if (const Status conninfo = check_conninfo(out.conninfo); !conninfo) {
      reader.fault("conninfo", fmt::format("conninfo of server '{}' is refused", out.name),
                   conninfo.error().message);
    }
  }
  if (const YamlNode* admin = reader.map("admin", Need::kOptional)) {
    MapReader role(*admin, "admin", faults);
    out.admin.emplace();
    role.text("user", Need::kRequired, out.admin->user);
    role.text("passfile", Need::kRequired, out.admin->passfile);
    role.finish();
  }
  reader.integer("priority", Need::kOptional, 0, 1000, out.priority);
  reader.finish();
  return out;
}

ApplicationConfig read_application(const YamlNode& node, Faults& faults) {
  ApplicationConfig out;
  MapReader reader(node, "application", faults);
  reader.name("name", Need::kRequired, out.name);
  reader.name("region", Need::kRequired, out.region);
  if (reader.text("health_url", Need::kRequired, out.health_url)) {
    if (const Status url = check_url(out.health_url); !url) {
      reader.fault("health_url", fmt::format("'{}' is no URL", out.health_url), url.error().message);
    }
  }
  reader.finish();
  return out;
}

FileTierConfig read_file_tier(const YamlNode& node, Faults& faults) {
  FileTierConfig out;
  MapReader reader(node, "files", faults);
  reader.name("name", Need::kRequired, out.name);
  reader.name("region", Need::kRequired, out.region);
  reader.text("marker", Need::kRequired, out.marker);
  reader.finish();
  return out;
}

void read_mode(MapReader& reader, FailoverMode& out) {
  std::string mode;
  if (!reader.text("mode", Need::kOptional, mode)) return;
  if (mode == "off") {
    out = FailoverMode::kOff;
  } else if (mode == "approve") {
    out = FailoverMode::kApprove;
  } else if (mode == "automatic") {
    out = FailoverMode::kAutomatic;
  } else {
    reader.fault("mode", fmt::format("unknown mode '{}'", mode),
                 suggest(mode, {"off", "approve", "automatic"}, "known modes"));
  }
}

void read_on_sick(MapReader& reader, OnSick& out) {
  std::string word;
  if (!reader.text("on_sick", Need::kOptional, word)) return;
  if (word == "hold") {
    out = OnSick::kHold;
  } else if (word == "automatic") {
    out = OnSick::kAutomatic;
  } else {
    reader.fault("on_sick", fmt::format("unknown on_sick '{}'", word),
                 suggest(word, {"hold", "automatic"}, "known words"));
  }
}

FailoverSettings read_failover(const YamlNode& node, Faults& faults) {
  FailoverSettings out;
  MapReader reader(node, "failover", faults);
  read_mode(reader, out.mode);
  read_on_sick(reader, out.on_sick);
  if (const YamlNode* limit = reader.map("max_data_loss", Need::kOptional)) {
    MapReader loss(*limit, "max_data_loss", faults);
    loss.bytes("bytes", Need::kOptional, out.max_data_loss.bytes);
    loss.duration("time", Need::kOptional, out.max_data_loss.time);
    loss.finish();
  }
  nanoseconds exposure{0};
  if (reader.duration("max_exposure", Need::kOptional, exposure)) out.max_exposure = exposure;
  reader.duration("cooldown", Need::kOptional, out.cooldown);
  reader.duration("confirm_for", Need::kOptional, out.confirm_for);
  reader.duration("evidence_window", Need::kOptional, out.evidence_window);
  reader.finish();
  return out;
}

FenceConfig read_fence(const YamlNode& node, Faults& faults) {
  FenceConfig out;
  out.provider.line = node.line;
  MapReader reader(node, "fence", faults);
  reader.name("server", Need::kRequired, out.server);
  reader.duration("timeout", Need::kOptional, out.timeout);
  // Of an unknown kind nobody knows the keys: one fault is enough.
  if (read_provider(reader, fence_kinds(), out.provider) != nullptr) reader.finish();
  return out;
}

NotifyConfig read_notify(const YamlNode& node, Faults& faults) {
  NotifyConfig out;
  out.provider.line = node.line;
  MapReader reader(node, "notify", faults);
  reader.duration("timeout", Need::kOptional, out.timeout);
  if (read_provider(reader, notify_kinds(), out.provider) != nullptr) reader.finish();
  return out;
}

void check_target(const TrafficConfig& traffic, const YamlEntry& target, Faults& faults) {
  const std::string& value = target.value.scalar;
  const bool right = traffic.type == "A"       ? is_ipv4(value)
                     : traffic.type == "AAAA"  ? is_ipv6(value)
                     : traffic.type == "CNAME" ? is_host_name(value) && !is_ipv4(value)
                                               : !value.empty();
  if (right) return;
  faults.push_back(
      {target.value.line, target.value.column,
       fmt::format("target '{}' of {} does not fit a record of type '{}'", value, target.key, traffic.type),
       "A takes an IPv4 address, AAAA an IPv6 address, CNAME a host name"});
}

void read_dns_fields(MapReader& reader, bool is_dns, TrafficConfig& out, Faults& faults) {
  const Need need = is_dns ? Need::kRequired : Need::kOptional;
  if (reader.text("type", need, out.type) && out.type != "A" && out.type != "AAAA" && out.type != "CNAME") {
    reader.fault("type", fmt::format("unknown record type '{}'", out.type), "known types: A, AAAA, CNAME");
    out.type.clear();
  }
  if (const YamlNode* list = reader.list("nameservers", Need::kOptional)) {
    out.nameservers = read_texts(*list, "'nameservers'", faults);
    check_host_ports(*list, "'nameservers'", faults);
  }
  if ((is_dns || !out.type.empty()) && !out.name.empty() && !is_host_name(out.name)) {
    reader.fault("name", fmt::format("'{}' is no DNS name", out.name), "");
  }
  const auto zone = out.provider.text.find("zone");
  if (zone == out.provider.text.end() || out.name.empty()) return;
  const auto bare = [](const std::string& name) { return name.substr(0, name.find_last_not_of('.') + 1); };
  if (bare(out.name) != bare(zone->second) && !bare(out.name).ends_with("." + bare(zone->second))) {
    reader.fault("name", fmt::format("'{}' does not lie in zone '{}'", out.name, zone->second),
                 "write the record's full name");
  }
}

TrafficConfig read_traffic(const YamlNode& node, Faults& faults) {
  TrafficConfig out;
  out.provider.line = node.line;
  MapReader reader(node, "traffic", faults);
  reader.text("name", Need::kRequired, out.name);
  reader.duration("ttl", Need::kOptional, out.ttl);
  reader.duration("timeout", Need::kOptional, out.timeout);
  const YamlNode* targets = reader.map("targets", Need::kRequired);
  const ProviderKind* kind = read_provider(reader, traffic_kinds(), out.provider);
  if (kind != nullptr) {
    read_dns_fields(reader, kind->is_dns, out, faults);
    reader.finish();
  }
  if (targets == nullptr) return out;
  if (targets->entries.empty()) reader.fault("targets", "'targets' in traffic is empty", "add a region");
  for (const YamlEntry& target : targets->entries) {
    out.targets[target.key] = target.value.scalar;
    if (kind != nullptr) check_target(out, target, faults);
  }
  return out;
}

HookConfig read_hook(const YamlNode& node, Faults& faults) {
  HookConfig out;
  MapReader reader(node, "hook", faults);
  reader.name("name", Need::kRequired, out.name);
  read_command(reader, "act", Need::kRequired, out.act);
  read_command(reader, "check", Need::kOptional, out.check);
  reader.duration("timeout", Need::kOptional, out.timeout);
  reader.integer("retries", Need::kOptional, 0, 10, out.retries);
  reader.finish();
  return out;
}

template <typename T>
void read_list(MapReader& reader, const std::string& key, Need need, Faults& faults,
               T (*read_item)(const YamlNode&, Faults&), std::vector<T>& out) {
  const YamlNode* list = reader.list(key, need);
  if (list == nullptr) return;
  for (const YamlNode& item : list->items) out.push_back(read_item(item, faults));
}

ClusterConfig read_cluster(const YamlNode& node, Faults& faults) {
  ClusterConfig out;
  MapReader reader(node, "cluster", faults);
  reader.name("name", Need::kRequired, out.name);
  read_list(reader, "servers", Need::kRequired, faults, read_server, out.servers);
  read_list(reader, "applications", Need::kOptional, faults, read_application, out.applications);
  read_list(reader, "files", Need::kOptional, faults, read_file_tier, out.files);
  if (const YamlNode* failover = reader.map("failover", Need::kOptional)) {
    out.failover = read_failover(*failover, faults);
  }
  read_list(reader, "fence", Need::kOptional, faults, read_fence, out.fences);
  read_list(reader, "traffic", Need::kOptional, faults, read_traffic, out.traffic);
  read_list(reader, "hooks", Need::kOptional, faults, read_hook, out.hooks);
  reader.finish();
  return out;
}

}  // namespace

Topology read_topology(const YamlNode& root, Faults& faults) {
  Topology out;
  MapReader top(root, "topology", faults);
  if (const YamlNode* node = top.map("vantages", Need::kRequired)) read_vantages(*node, out.vantages, faults);
  if (const YamlNode* node = top.map("prometheus", Need::kRequired)) {
    read_prometheus(*node, out.prometheus, faults);
  }
  read_hosts(top, out, faults);
  read_times(top, out, faults);
  read_list(top, "notify", Need::kOptional, faults, read_notify, out.notify);
  read_list(top, "clusters", Need::kRequired, faults, read_cluster, out.clusters);
  top.finish();
  return out;
}

}  // namespace farshore
