// An observer of real servers, and waiting for what it sees of them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/postgres/observer.h"
#include "tests/support/postgres_server.h"

namespace farshore {

inline constexpr const char* kCluster = "shop";

inline ServerConfig server_config(const std::string& name, const std::string& conninfo) {
  ServerConfig server;
  server.name = name;
  server.region = name + "-region";
  server.conninfo = conninfo;
  return server;
}

inline Topology topology_of(std::vector<ServerConfig> servers) {
  Topology topology;
  ClusterConfig& cluster = topology.clusters.emplace_back();
  cluster.name = kCluster;
  cluster.servers = std::move(servers);
  return topology;
}

inline ObserverOptions quick_options() {
  ObserverOptions options;
  options.interval = 50ms;
  options.timeout = 300ms;
  return options;
}

inline ServerObservation look(const Observer& observer, const std::string& server) {
  const std::shared_ptr<const Snapshot> snapshot = observer.snapshot();
  const ServerObservation* found = snapshot->find(kCluster, server);
  return found != nullptr ? *found : ServerObservation{};
}

inline bool wait_up(const Observer& observer, const std::string& server) {
  return test::wait_until([&] { return look(observer, server).up; });
}
inline bool wait_failure(const Observer& observer, const std::string& server, FailureClass failure) {
  return test::wait_until([&] {
    const ServerObservation seen = look(observer, server);
    return !seen.up && seen.attempt_finished && seen.failure == failure;
  });
}
// Waits until `attempts` more attempts at the server have finished.
inline bool wait_attempts(const Observer& observer, const std::string& server, int attempts) {
  for (int i = 0; i < attempts; ++i) {
    const auto before = look(observer, server).attempt_finished;
    if (!test::wait_until([&] { return look(observer, server).attempt_finished != before; })) return false;
  }
  return true;
}

inline size_t entries_of(const std::string& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

}  // namespace farshore
