// The real farshore-actuator between real PostgreSQL servers, with Prometheus servers and a name service
// played by the test: what remains to be real (Prometheus, Alertmanager, PowerDNS) is so in examples/lab.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/http/client.h"
#include "common/http/server.h"
#include "common/json/json_value.h"
#include "tests/support/child_process.h"
#include "tests/support/postgres_server.h"

namespace farshore::test {

class WholeActuator {
 public:
  WholeActuator();

  void start();  // and waits until it serves
  void kill() { process_->stop(9); }
  // The alert of the reign in force, as Alertmanager sends it. The status of the answer.
  int deliver_alert(int64_t epoch = 1);
  // GET as the viewer; the body. Throws on any other status than 200.
  std::string get(const std::string& path);
  // POST as the operator; the status.
  int post(const std::string& path, const std::string& body);
  // Waits until the newest run is in one of the states; its state, or "" when it did not get there.
  std::string wait_for_run(const std::vector<std::string>& states, nanoseconds limit = 40s);
  std::string run_text();  // of shop-1; empty before there is one
  bool reign_is(int64_t epoch);
  std::string log() const { return process_ ? process_->output() : ""; }

  TempDir folder;
  std::unique_ptr<PostgresFixture> primary, standby;
  std::atomic<bool> alert_fires{false};
  std::string traffic_file() const { return folder.file("traffic"); }  // what clients would be told
  std::string switching_file() const {
    return folder.file("switching");
  }  // exists while traffic is being moved
  void let_traffic_move_slowly() { write_file(folder.file("slow"), "1"); }

 private:
  std::unique_ptr<HttpServer> play_prometheus();
  void write_scripts();
  void write_topology();
  HttpRequest request(const std::string& method, const std::string& path, const std::string& token);

  std::vector<std::unique_ptr<HttpServer>> prometheus_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
  std::unique_ptr<ChildProcess> process_;
  int port_ = free_port();
};

}  // namespace farshore::test
