// farshore-actuator put together: observer, votes, fences, traffic, journal, supervisor and the HTTP server,
// from one topology.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actuator/alerts/alert_votes.h"
#include "actuator/failover/supervisor.h"
#include "actuator/journal/journal.h"
#include "actuator/notify/notifications.h"
#include "actuator/page/page.h"
#include "actuator/webhook/counters.h"
#include "common/dns/resolver.h"
#include "common/http/client.h"
#include "common/postgres/observer.h"
#include "common/process/command_runner.h"
#include "common/topology/topology.h"
#include "common/web/web_server.h"

namespace farshore {

struct ActuatorOptions {
  WebOptions web;
  std::string access_file;
  std::string storage_path;  // a folder; the journal is <storage_path>/journal.sqlite
};

// Runs from start() to destruction; thread-safe by not being touched in between.
class Actuator {
 public:
  // Errors are for people: what is wrong, where, what to do about it.
  static Result<std::unique_ptr<Actuator>> start(Topology topology, const ActuatorOptions& options,
                                                 Clock& clock);
  ~Actuator();

  int port() const { return server_->port(); }
  // As WebServer::reload.
  Status reload_web() { return server_->reload(); }

 private:
  struct Cluster;

  Actuator(Topology topology, Clock& clock);
  Status open_journal(const std::string& storage_path);
  Status build_cluster(const ClusterConfig& config);
  Status serve(const ActuatorOptions& options);

  Clock& clock_;
  const Topology topology_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<CommandRunner> commands_;
  std::unique_ptr<DnsResolver> dns_;
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<AlertVotes> votes_;
  std::unique_ptr<Notifications> notifications_;
  std::unique_ptr<Notifier> notifier_;
  WebhookCounters counters_;
  std::vector<std::unique_ptr<Cluster>> clusters_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<StatusPage> page_;
  std::unique_ptr<WebServer> server_;  // last: the first to stop
};

}  // namespace farshore
