// The real farshore-actuator between real PostgreSQL servers, with Prometheus servers and a name service
// played by the test: what remains to be real (Prometheus, Alertmanager, PowerDNS) is so in examples/lab.
//
//   WholeActuator world({.second_standby = true});
//   world.start();
//   ASSERT_TRUE(world.reign_is(1));
//   world.lose_primary();
//   EXPECT_EQ(world.wait_for_run({"succeeded"}), "succeeded");
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

struct WholeOptions {
  bool second_standby = false;  // shop-eu2, in eu-west too
  // The failover section of the cluster, flow style.
  std::string failover = "{mode: automatic, max_data_loss: {bytes: 16MiB, time: 10s}, cooldown: 1h}";
  // The traffic section, flow style; empty = the script whose faults are below.
  std::string traffic = {};
  std::string notify = {};  // the notify section, flow style; empty = none
  std::vector<std::string> primary_settings = {}, standby_settings = {};  // beside the harness' own, and win
};

// Faults of the fence and traffic scripts; they last until mended.
enum class ScriptFault {
  kTrafficFails,      // exit 1, nothing changed
  kTrafficIgnores,    // exit 0, nothing changed
  kTrafficIsSlow,     // once: 2 s, while switching_file() exists
  kHookFails,         // exit 1, nothing changed
  kHookIgnores,       // exit 0, nothing changed
  kHookHangs,         // until mended or the deadline
  kFenceFails,        // act and proof exit 1
  kFenceDoesNothing,  // act exits 0 without effect
  kProofHangs,        // until mended or the deadline
  kThirdProofWaits,   // the proof that promote reads, until mended; third_proof_file() exists then
};

class WholeActuator {
 public:
  explicit WholeActuator(WholeOptions options = {});

  void start();                  // and waits until it serves
  void start_without_waiting();  // e.g. when it is expected to refuse
  void kill() { process_->stop(9); }
  ChildProcess& process() { return *process_; }
  int port() const { return port_; }
  // Kills the primary as a machine is lost, lets the alert fire at the Prometheus servers and delivers it.
  void lose_primary();
  // The alert of the reign in force, as Alertmanager sends it. The status of the answer.
  int deliver_alert(int64_t epoch = 1);
  int deliver(const std::string& body);
  std::string url(const std::string& path) const { return fmt::format("http://127.0.0.1:{}{}", port_, path); }
  // GET as the viewer; the body. Throws on any other status than 200.
  std::string get(const std::string& path);
  JsonValue get_json(const std::string& path);
  // POST as the operator.
  HttpResponse post(const std::string& path, const std::string& body);
  // Waits until the newest run is in one of the states; its state, or "" when it did not get there.
  std::string wait_for_run(const std::vector<std::string>& states, nanoseconds limit = 40s);
  // Waits until the newest run is at this step (its intent or outcome is in the journal).
  bool wait_for_step(const std::string& step, nanoseconds limit = 40s);
  std::optional<JsonValue> newest_run();
  std::string run_id();           // of the newest run; empty before there is one
  std::string run_text();         // of the newest run, JSON with its steps; empty before there is one
  std::string approval_digest();  // of the held run; empty when none is to be had
  bool reign_is(int64_t epoch);   // and the primary, when it runs, is seen
  bool sees(const std::string& server);
  std::string log() const { return read_file(folder.file("actuator.log")); }

  void break_script(ScriptFault fault) { write_file(fault_file(fault), "1"); }
  void mend_script(ScriptFault fault);
  std::string fence_acts() const { return read_file(folder.file("fenced")); }  // a line each
  std::string third_proof_file() const { return folder.file("third-proof"); }
  std::string target() const { return read_file(folder.file("target")); }  // what clients are told
  std::string moves() const { return read_file(folder.file("moves")); }    // every change of it, a line each
  // What the hook `clients` told them last: epoch, region, then name and port of the old and the new primary.
  std::string clients() const { return read_file(folder.file("clients")); }
  std::string clients_of_shop_eu(int64_t epoch = 2) const {
    return fmt::format("{} eu-west shop-us {} shop-eu {}\n", epoch, primary->port(), standby->port());
  }
  // "act" or "unchecked", a line each.
  std::string hook_acts() const { return read_file(folder.file("hook-acts")); }
  std::string switching_file() const { return folder.file("switching"); }  // exists while traffic is moved

  TempDir folder;
  std::unique_ptr<PostgresFixture> primary, standby, standby2;
  std::atomic<bool> alert_fires{false};  // at both Prometheus servers
  std::atomic<bool> vantage_sees_life{false};
  std::vector<std::string> arguments;    // more of the command line, for the next start
  std::vector<std::string> environment;  // "NAME=value", for the next start

 private:
  std::unique_ptr<HttpServer> play_prometheus();
  void make_servers();
  void write_access();
  void write_scripts();
  void write_topology();
  void make_roles(const std::string& topology_text);
  std::string fault_file(ScriptFault fault) const;
  HttpRequest request(const std::string& method, const std::string& path, const std::string& token);
  HttpResponse send(const HttpRequest& made);

  const WholeOptions options_;
  std::vector<std::unique_ptr<HttpServer>> prometheus_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
  std::unique_ptr<ChildProcess> process_;
  int port_ = free_port();
};

}  // namespace farshore::test
