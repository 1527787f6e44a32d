// The exporter program on a topology of given servers, until its object goes. FARSHORE_EXPORTER is the
// program's path.
#pragma once

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/http/client.h"
#include "tests/support/child_process.h"

namespace farshore::test {

// Name and connection string; at most three.
using Servers = std::vector<std::pair<std::string, std::string>>;

// The region of each server. A vantage's page has everything only of the servers in its own.
using Regions = std::array<std::string, 3>;
inline const Regions kApart = {"us-east", "eu-west", "eu-central"},
                     kTogether = {"eu-west", "eu-west", "eu-west"};

// `observe` is added to the observe settings: ", heartbeat: 1s".
inline std::string topology_yaml(const Servers& servers, const std::string& observe = "",
                                 const Regions& regions = kApart) {
  std::string text =
      "vantages: {names: [us-east, eu-west, eu-central]}\n"
      "prometheus:\n  servers:\n    - {region: us-east, url: \"http://127.0.0.1:9\"}\n"
      "    - {region: eu-west, url: \"http://127.0.0.2:9\"}\n    - {region: eu-central, url: "
      "\"http://127.0.0.3:9\"}\n"
      "alertmanagers: [{region: us-east, url: \"http://127.0.0.1:8\"}, {region: eu-west, url: "
      "\"http://127.0.0.2:8\"}]\n"
      "exporters: [{vantage: us-east, address: \"127.0.0.1:9\"}, {vantage: eu-west, address: "
      "\"127.0.0.2:9\"},\n"
      "            {vantage: eu-central, address: \"127.0.0.3:9\"}]\n"
      "actuators: [{address: \"127.0.0.1:10\"}]\n"
      "observe: {interval: 100ms, timeout: 300ms" +
      observe +
      "}\n"
      "clusters:\n  - name: shop\n    failover: {mode: off}\n    servers:\n";
  std::string fences = "    fence:\n";
  std::set<std::string> targets;
  for (size_t i = 0; i < servers.size(); ++i) {
    const auto& [name, conninfo] = servers[i];
    text +=
        fmt::format("      - {{name: {}, region: {}, conninfo: \"{}\", admin: {{user: a, passfile: /x}}}}\n",
                    name, regions.at(i), conninfo);
    targets.insert(regions.at(i) + ": 127.0.0.1");
    fences +=
        fmt::format("      - {{kind: command, server: {}, act: [/bin/false], proof: [/bin/false]}}\n", name);
  }
  text += fences + "    traffic:\n      - {kind: command, name: x, act: [/bin/false], read: [/bin/false], ";
  return text + fmt::format("targets: {{{}}}}}\n", fmt::join(targets, ", "));
}

// For tests that never wait for a deadline: a busy machine must not look like a lost server.
inline std::string patient_topology(const Servers& servers) {
  std::string text = topology_yaml(servers, "", kTogether);
  const std::string hasty = "timeout: 300ms";
  return text.replace(text.find(hasty), hasty.size(), "timeout: 2800ms");
}

class RunningExporter {
 public:
  explicit RunningExporter(const Servers& servers, const std::vector<std::string>& more_flags = {},
                           const std::vector<std::string>& environment = {})
      : RunningExporter(topology_yaml(servers, "", kTogether), "eu-west", more_flags, environment) {}
  RunningExporter(const std::string& topology, const std::string& vantage,
                  const std::vector<std::string>& more_flags = {},
                  const std::vector<std::string>& environment = {}) {
    configure(topology);
    std::vector<std::string> argv = {
        FARSHORE_EXPORTER, "--config.file",        folder_.file("farshore.yml"),      "--vantage",
        vantage,           "--web.listen-address", fmt::format("127.0.0.1:{}", port_)};
    argv.insert(argv.end(), more_flags.begin(), more_flags.end());
    process_ = std::make_unique<ChildProcess>(
        std::move(argv),
        SpawnOptions{
            .output_file = folder_.file("log"), .environment = environment, .run_as = "", .death_signal = 9});
    if (!process_->wait_for_output("msg=started")) throw std::runtime_error(process_->output());
  }
  // Writes the topology file anew; the program reads it at its next reload.
  void configure(const std::string& topology) { write_file(folder_.file("farshore.yml"), topology); }
  int port() const { return port_; }
  HttpResponse get(const std::string& path) const { return ask("GET", path); }
  HttpResponse ask(const std::string& method, const std::string& path) const {
    const auto response = client_->send({.method = method,
                                         .url = fmt::format("http://127.0.0.1:{}{}", port_, path),
                                         .headers = {},
                                         .body = "",
                                         .timeout = 5s,
                                         .max_response_bytes = 1 << 20});
    if (!response) throw std::runtime_error(response.error().message);
    return *response;
  }
  std::string metrics() const { return get("/metrics").body; }
  // The value of a series whose line starts with `name{` and holds all the parts; absent when there is none.
  std::optional<double> value(const std::string& name, const std::vector<std::string>& parts = {}) const {
    std::istringstream in(metrics());
    for (std::string line; std::getline(in, line);) {
      if (!line.starts_with(name + "{") && !line.starts_with(name + " ")) continue;
      const bool matches = std::ranges::all_of(
          parts, [&](const std::string& part) { return line.find(part) != std::string::npos; });
      if (matches) return std::stod(line.substr(line.rfind(' ') + 1));
    }
    return std::nullopt;
  }
  bool wait_value(const std::string& name, const std::vector<std::string>& parts, double expected) const {
    return wait_until([&] { return value(name, parts) == expected; });
  }
  // What promtool has against the page; empty when nothing.
  std::string promtool_complaints() const {
    write_file(folder_.file("metrics"), metrics());
    const CommandResult check =
        run_command({"sh", "-c", "promtool check metrics < " + folder_.file("metrics")});
    return check.exit_code == 0 ? check.output : fmt::format("exit {}: {}", check.exit_code, check.output);
  }
  ChildProcess& process() { return *process_; }

 private:
  TempDir folder_;
  int port_ = free_port();
  std::unique_ptr<HttpClient> client_ = make_curl_client();
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace farshore::test
