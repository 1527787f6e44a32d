// The topology: one file, the same on every host, that says which servers, vantages, fences and traffic
// records there are. Typed and validated as a whole before anything starts (load_topology); immutable
// afterwards, so any thread may read it. Secrets are file names here, never values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/yaml/config_fault.h"

namespace farshore {

// How many of a configured list must agree: "majority" or a number of at least 1.
struct Quorum {
  std::optional<int> fixed;  // unset = majority
  int of(size_t members) const { return fixed ? *fixed : static_cast<int>(members / 2) + 1; }
};

struct RegionUrl {
  std::string region;
  std::string url;  // http://host:port, no path
};

struct Vantages {
  std::vector<std::string> names;
  Quorum quorum;
};

struct PrometheusServers {
  std::vector<RegionUrl> servers;
  Quorum quorum;
};

struct ExporterAddress {
  std::string vantage;
  std::string address;  // host:port
};

struct ObserveSettings {
  nanoseconds interval = 1s;
  nanoseconds timeout = 1s;  // connect and query together
  // Unset = off: only with it does the exporter of a primary's region write to it (exporter/heartbeat).
  std::optional<nanoseconds> heartbeat;
};

struct DetectSettings {
  nanoseconds scrape_interval = 1s;
  nanoseconds for_duration = 3s;  // key: for
  // Half the interval when not given. A vantage that died with its region vetoes until its scrape has failed.
  nanoseconds scrape_timeout = 500ms;
};

struct AdminRole {
  std::string user;
  std::string passfile;
};

struct ServerConfig {
  std::string name;
  std::string region;
  std::string conninfo;            // of the monitoring role; host and port are taken from it
  std::optional<AdminRole> admin;  // used by the actuator only
  int priority = 0;                // larger is preferred among equal candidates
};

struct ApplicationConfig {
  std::string name;
  std::string region;
  std::string health_url;
};

struct FileTierConfig {
  std::string name;
  std::string region;
  std::string marker;
};

enum class OnSick { kHold, kAutomatic };  // a primary that answers and cannot commit

enum class FailoverMode { kOff, kApprove, kAutomatic };

struct DataLossLimit {
  int64_t bytes = int64_t{16} << 20;
  nanoseconds time = 10s;
};

struct FailoverSettings {
  FailoverMode mode = FailoverMode::kApprove;
  DataLossLimit max_data_loss;
  std::optional<nanoseconds> max_exposure;
  OnSick on_sick = OnSick::kHold;
  nanoseconds cooldown = 1h;
  nanoseconds confirm_for = 15s;
  nanoseconds evidence_window = 3s;  // W of protocol S7: life seen within it forbids a promotion
};

// The fields a fence or traffic kind understands are its own business: the loader checks them against the
// kind's schema and keeps them as text (lists stay lists). `line` is for messages.
struct ProviderConfig {
  std::string kind;
  std::map<std::string, std::string> text;                // scalar fields
  std::map<std::string, std::vector<std::string>> lists;  // e.g. act: ["/usr/bin/x", "off"], nameservers
  std::map<std::string, std::map<std::string, std::string>> maps;  // e.g. targets: {us-east: 192.0.2.10}
  int line = 0;
};

struct FenceConfig {
  std::string server;
  nanoseconds timeout = 5s;
  ProviderConfig provider;
};

struct TrafficConfig {
  std::string name;  // the record's name
  std::string type;  // A, AAAA, CNAME; empty for kinds that are no DNS record
  nanoseconds ttl = 30s;
  nanoseconds timeout = 5s;                    // of one call
  std::map<std::string, std::string> targets;  // region -> address
  std::vector<std::string> nameservers;        // host:port, authoritative
  ProviderConfig provider;
};

// One of the user's own commands that tells clients of the new primary after a failover: `act` does it, exit
// 0 of `check` is the proof that it is in force. Run in the order of the list, without a shell.
struct HookConfig {
  std::string name;
  std::vector<std::string> act;
  std::vector<std::string> check;  // empty: exit 0 of act is all there is to go by
  nanoseconds timeout = 30s;       // of check, act, retries and check again, together
  int retries = 2;                 // of act, within the timeout
};

constexpr size_t kMostHooks = 16;  // of a cluster

// Where the outcomes of runs are told, besides the log and the journal.
struct NotifyConfig {
  nanoseconds timeout = 5s;  // of one request
  ProviderConfig provider;
};

struct ClusterConfig {
  std::string name;
  std::vector<ServerConfig> servers;
  std::vector<ApplicationConfig> applications;
  std::vector<FileTierConfig> files;
  FailoverSettings failover;
  std::vector<FenceConfig> fences;
  std::vector<TrafficConfig> traffic;
  std::vector<HookConfig> hooks;

  const ServerConfig* find_server(std::string_view server) const;
};

struct Topology {
  std::string source;  // the file it came from
  Vantages vantages;
  PrometheusServers prometheus;
  std::vector<RegionUrl> alertmanagers;
  std::vector<ExporterAddress> exporters;
  std::vector<std::string> actuators;  // host:port
  ObserveSettings observe;
  DetectSettings detect;
  std::vector<NotifyConfig> notify;
  std::vector<ClusterConfig> clusters;

  const ClusterConfig* find_cluster(std::string_view cluster) const;
};

// All faults are found in one pass; the error's message is format_faults of them.
Result<Topology> load_topology(const std::string& path);
Result<Topology> parse_topology(const std::string& text, const std::string& source_name);

// The whole topology as YAML with every default filled in; parse_topology of it gives the same topology.
std::string print_topology(const Topology& topology);

}  // namespace farshore
