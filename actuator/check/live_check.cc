#include "actuator/check/live_check.h"

#include <functional>
#include <thread>

#include "actuator/check/judge_servers.h"
#include "actuator/check/lines.h"
#include "actuator/check/outside.h"
#include "actuator/failover/seams.h"
#include "actuator/fence/registry.h"
#include "actuator/traffic/registry.h"
#include "common/topology/provider_kinds.h"

namespace farshore {
namespace {

// All that is looked at, filled side by side: each task writes to a place of its own.
class Check {
 public:
  Check(const Topology& topology, const CheckDeps& deps)
      : topology_(topology), deps_(deps), deadline_(deps.clock.boot_now() + kCheckLimit) {}

  std::vector<CheckLine> run() {
    clusters_.resize(topology_.clusters.size());
    for (size_t i = 0; i < clusters_.size(); ++i) plan_cluster(topology_.clusters[i], clusters_[i]);
    plan_monitoring();
    thread_parallel().run(std::move(tasks_));
    std::vector<CheckLine> lines;
    for (size_t i = 0; i < clusters_.size(); ++i) judge(topology_.clusters[i], clusters_[i], lines);
    for (auto& place : monitoring_) append(lines, std::move(place));
    return lines;
  }

 private:
  struct Cluster {
    std::vector<ServerReading> servers;
    std::vector<Result<FenceProof>> proofs;  // in the order of the configuration
    std::vector<std::vector<CheckLine>> traffic;
  };

  static void append(std::vector<CheckLine>& lines, std::vector<CheckLine> more) {
    for (CheckLine& line : more) lines.push_back(std::move(line));
  }

  void plan_cluster(const ClusterConfig& config, Cluster& cluster) {
    cluster.servers.resize(config.servers.size());
    for (size_t i = 0; i < config.servers.size(); ++i)
      tasks_.emplace_back([this, &config, &cluster, i] {
        cluster.servers[i] = read_server(config.name, config.servers[i], deadline_, deps_.clock);
      });
    cluster.proofs.resize(config.fences.size());
    for (size_t i = 0; i < config.fences.size(); ++i)
      tasks_.emplace_back([this, &config, &cluster, i] { cluster.proofs[i] = proof(config, i); });
    cluster.traffic.resize(2 * config.traffic.size());
    for (size_t i = 0; i < config.traffic.size(); ++i) {
      tasks_.emplace_back(
          [this, &config, &cluster, i] { cluster.traffic[2 * i] = traffic(config, config.traffic[i]); });
      tasks_.emplace_back([this, &config, &cluster, i] {
        cluster.traffic[2 * i + 1] = check_ttl(config.traffic[i], deps_.dns, deps_.clock, deadline_);
      });
    }
  }

  Result<FenceProof> proof(const ClusterConfig& config, size_t i) {
    const ServerConfig* server = config.find_server(config.fences[i].server);
    auto fence = make_fence(config.fences[i], {deps_.http, deps_.commands, deps_.clock, config.name,
                                               server ? server->region : ""});
    if (!fence) return tl::unexpected<Error>(fence.error());
    return (*fence)->proof(deadline_);
  }

  std::vector<CheckLine> traffic(const ClusterConfig& config, const TrafficConfig& record) {
    auto made =
        make_traffic_switch(record, {deps_.http, deps_.commands, deps_.dns, deps_.clock, config.name});
    if (made) return check_traffic(record, **made, deadline_);
    Lines lines("traffic " + record.name);
    lines.fail(made.error().message, "correct the topology");
    return lines.take();
  }

  void look(std::function<std::vector<CheckLine>()> check) {
    monitoring_.emplace_back();
    tasks_.emplace_back(
        [this, place = monitoring_.size() - 1, check = std::move(check)] { monitoring_[place] = check(); });
  }

  void plan_monitoring() {
    for (const RegionUrl& server : topology_.prometheus.servers)
      look([this, &server] { return check_prometheus(server, topology_, deps_.http); });
    for (const RegionUrl& server : topology_.alertmanagers)
      look([this, &server] { return check_alertmanager(server, deps_.http); });
    for (const ExporterAddress& exporter : topology_.exporters)
      look([this, &exporter] { return check_exporter(exporter, deps_.http); });
  }

  static bool answers(const Cluster& cluster, const std::string& server) {
    for (const ServerReading& reading : cluster.servers)
      if (reading.config->name == server) return reading.monitor_error.empty() || reading.look.has_value();
    return false;
  }

  static void judge_fences(const ClusterConfig& config, const Cluster& cluster,
                           std::vector<CheckLine>& lines) {
    for (size_t i = 0; i < config.fences.size(); ++i) {
      const std::string& server = config.fences[i].server;
      Lines fence("fence " + server);
      const auto& proof = cluster.proofs[i];
      if (!proof || proof->state == FenceState::kUnknown)
        fence.fail("its proof cannot be read: " + (proof ? proof->evidence : proof.error().message),
                   "make the 'proof' command work: without it every failover is held");
      else if (proof->state == FenceState::kNotIsolated)
        fence.ok("its proof can be read and says: not isolated");
      else if (answers(cluster, server))
        fence.fail("its proof says isolated, and the server answers: " + proof->evidence,
                   "mend the proof before anything else: two servers could take writes");
      else
        fence.warn("its proof says isolated: " + proof->evidence, "check that this is so");
      append(lines, fence.take());
    }
    for (const ServerConfig& server : config.servers) {
      Lines fence("fence " + server.name);
      bool fenced = false;
      for (const FenceConfig& one : config.fences)
        fenced |= one.server == server.name && proves_by_itself(one.provider);
      if (!fenced && config.failover.mode != FailoverMode::kOff)
        fence.warn("there is none that is a proof: a failover away from it needs a person's approval",
                   "add one under fence");
      append(lines, fence.take());
    }
  }

  static void judge(const ClusterConfig& config, Cluster& cluster, std::vector<CheckLine>& lines) {
    for (const ServerReading& reading : cluster.servers)
      append(lines, judge_server(reading, config.failover));
    append(lines, judge_cluster(config.name, cluster.servers));
    judge_fences(config, cluster, lines);
    for (auto& place : cluster.traffic) append(lines, std::move(place));
    for (const HookConfig& hook : config.hooks) append(lines, check_hook(hook));
    Lines own("cluster " + config.name);
    if (config.traffic.empty())
      own.warn("no traffic is moved after a failover", "add an entry under traffic");
    if (config.failover.mode == FailoverMode::kOff)
      own.warn("failover.mode is off", "none, if that is meant");
    append(lines, own.take());
  }

  const Topology& topology_;
  const CheckDeps& deps_;
  const BootTime deadline_;
  std::vector<std::function<void()>> tasks_;
  std::vector<Cluster> clusters_;
  std::vector<std::vector<CheckLine>> monitoring_;
};

}  // namespace

std::string_view to_string(CheckState state) {
  switch (state) {
    case CheckState::kOk:
      return "ok";
    case CheckState::kWarn:
      return "warn";
    case CheckState::kFail:
      return "fail";
  }
  return "";
}

std::vector<CheckLine> check_live(const Topology& topology, const CheckDeps& deps) {
  return Check(topology, deps).run();
}

}  // namespace farshore
