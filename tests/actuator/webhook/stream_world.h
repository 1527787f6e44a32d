// An actuator from its HTTP server to its journal in a real SQLite file, with its workers and its real
// routes; only what lies outside is played: PostgreSQL servers, the observer and Prometheus. Every cluster's
// mode is approve, so that a run which believes in the loss ends held, and nothing is touched.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "actuator/api/api.h"
#include "actuator/ctl/ctl.h"
#include "actuator/failover/supervisor.h"
#include "common/http/client.h"
#include "tests/support/temporary_folder.h"

namespace farshore::test {

constexpr int kWorkers = 16;  // as the program has

struct LossReport {
  std::string cluster = "shop", region = "us-east", server = "shop-us";
  std::string starts_at = "";  // empty: now
  std::string status = "firing";
  int64_t epoch = 1;
  std::string fingerprint = "84a34a6f723c9418";
};

// One element of alerts[], and a body around such elements.
std::string alert_json(const LossReport& loss);
std::string body_json(const std::vector<std::string>& alerts, const std::string& group_key = "{}:{}",
                      const std::string& external_url = "http://am:9093");

struct CtlAnswer {
  int exit_code;
  std::string out, err;
};

class StreamWorld {
 public:
  // `body_deadline` is the HTTP server's.
  explicit StreamWorld(nanoseconds body_deadline = 2s);
  ~StreamWorld();

  HttpResponse deliver(const std::string& body);
  std::string get(const std::string& path);  // as the operator
  CtlAnswer ctl(std::vector<std::string> arguments);
  int port() const { return server_->port(); }

  // Waits until no alert waits for its verdict; false when that takes over 20 s.
  bool decided();
  bool wait_for(const std::function<bool()>& condition, nanoseconds limit = 20s);
  // "<verdict>: <reason>" of every alert, oldest first.
  std::vector<std::string> verdicts();
  std::vector<RunRecord> runs() { return journal->runs(1000).value(); }
  void restart_process();  // everything but the file is made anew

  std::atomic<bool> alert_fires{true};      // at every Prometheus
  std::atomic<bool> primaries_live{false};  // the observer sees them
  std::unique_ptr<Journal> journal;

 private:
  class View;
  class Votes;
  class Standby;
  class Nobody;

  void start();
  void stop();

  const nanoseconds body_deadline_;
  TemporaryFolder folder_;
  std::string token_file_;
  Topology topology_;
  std::unique_ptr<View> view_;
  std::unique_ptr<Votes> votes_;
  std::unique_ptr<Nobody> nobody_;
  std::vector<std::unique_ptr<PostgresServer>> standbys_;
  std::unique_ptr<WebhookCounters> counters_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace farshore::test
