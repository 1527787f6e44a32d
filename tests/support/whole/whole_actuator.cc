#include "tests/support/whole/whole_actuator.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "actuator/ctl/generate/generate.h"
#include "common/topology/topology.h"

namespace farshore::test {
namespace {

// {0..7}: ports; {8} the actuator's; {9} servers; {10} failover; {11} folder; {12} traffic; {13} notify.
constexpr const char* kTopology = R"(
vantages: {{names: [us-east, eu-west, eu-central], quorum: majority}}
prometheus:
  servers: [{{region: us-east, url: "http://127.0.0.1:{0}"}}, {{region: eu-west, url: "http://127.0.0.1:{1}"}}, {{region: eu-central, url: "http://127.0.0.1:{2}"}}]
  quorum: majority
alertmanagers: [{{region: eu-west, url: "http://127.0.0.1:{3}"}}, {{region: eu-central, url: "http://127.0.0.1:{4}"}}]
exporters: [{{vantage: us-east, address: "127.0.0.1:{5}"}}, {{vantage: eu-west, address: "127.0.0.1:{6}"}}, {{vantage: eu-central, address: "127.0.0.1:{7}"}}]
actuators: [{{address: "127.0.0.1:{8}"}}]
observe: {{interval: 500ms, timeout: 1s}}
{13}clusters:
  - name: shop
    servers: [{9}]
    failover: {10}
    fence:
      - {{kind: command, server: shop-us, act: ["{11}/fence", "off"], proof: ["{11}/fence", "is-off"], timeout: 5s}}
      - {{kind: command, server: shop-eu, act: ["/bin/false"], proof: ["/bin/false"], timeout: 5s}}
    traffic: {12}
    hooks:
      - {{name: clients, act: ["{11}/hook", act], check: ["{11}/hook", check], timeout: 5s, retries: 1}}
      - {{name: unchecked, act: ["{11}/hook", unchecked], timeout: 5s}}
)";

constexpr const char* kScriptTraffic =
    R"([{{kind: command, name: orders, act: ["{0}/traffic", "act"], read: ["{0}/traffic", "read"], )"
    R"(targets: {{us-east: 192.0.2.10, eu-west: 198.51.100.20}}}}])";

// Power control of the kind a user writes: every process of the instance, and a proof that looks again.
constexpr const char* kFenceScript = R"(#!/bin/sh
[ -e {0}/fence-fails ] && exit 1
[ "$1" = is-off ] && while [ -e {0}/proof-hangs ]; do sleep 0.05; done
# The proof after the second positive one, which is that of promote.
if [ "$1" = is-off ] && [ -e {0}/third-proof-waits ] && [ -e {0}/second-proof ]; then
  touch {0}/third-proof; while [ -e {0}/third-proof-waits ]; do sleep 0.05; done
fi
pid=$(head -n 1 {1} 2>/dev/null)
if [ "$1" = off ]; then
  [ -e {0}/fence-does-nothing ] && exit 0
  echo "off $pid" >> {0}/fenced
  [ -n "$pid" ] && pkill -KILL -P $pid; [ -n "$pid" ] && kill -KILL $pid 2>/dev/null
  exit 0
fi
# A process that waits to be buried writes nothing.
[ -n "$pid" ] && [ -e /proc/$pid ] && ! grep -q '^State:.Z' /proc/$pid/status && exit 1
[ -e {0}/first-proof ] && touch {0}/second-proof
touch {0}/first-proof
exit 0
)";

constexpr const char* kTrafficScript = R"(#!/bin/sh
if [ "$1" = read ]; then cat {0}/target; exit 0; fi
[ -e {0}/traffic-fails ] && exit 1
[ -e {0}/traffic-ignores ] && exit 0
if [ -e {0}/traffic-is-slow ]; then
  rm -f {0}/traffic-is-slow; touch {0}/switching; sleep 2; rm -f {0}/switching
fi
echo $FARSHORE_TARGET >> {0}/moves; echo $FARSHORE_TARGET > {0}/target
)";

constexpr const char* kHookScript = R"(#!/bin/sh
told="$FARSHORE_EPOCH $FARSHORE_REGION $FARSHORE_OLD_PRIMARY $FARSHORE_OLD_PORT $FARSHORE_NEW_PRIMARY $FARSHORE_NEW_PORT"
if [ "$1" = check ]; then grep -qxF "$told" {0}/clients 2>/dev/null; exit; fi
echo "$1" >> {0}/hook-acts
[ "$1" = unchecked ] && exit 0
[ -e {0}/hook-fails ] && exit 1
[ -e {0}/hook-ignores ] && exit 0
while [ -e {0}/hook-hangs ]; do sleep 0.05; done
echo "$told" > {0}/clients
)";

std::string server_entry(const std::string& name, const std::string& region, int port,
                         const std::string& folder) {
  return fmt::format(
      R"({{name: {0}, region: {1}, conninfo: "host=127.0.0.1 port={2} dbname=postgres user=farshore_monitor )"
      R"(passfile={3}/pgpass", admin: {{user: farshore_actuator, passfile: "{3}/pgpass"}}}})",
      name, region, port, folder);
}

std::string alert_body(int64_t epoch) {
  return fmt::format(
      R"({{"version":"4","receiver":"farshore","status":"firing","truncatedAlerts":0,"groupKey":"x","groupLabels":{{}},)"
      R"("commonLabels":{{}},"commonAnnotations":{{}},"externalURL":"","alerts":[{{"status":"firing","labels":{{)"
      R"("alertname":"FarshorePrimaryDown","cluster":"shop","region":"us-east","server":"shop-us","epoch":"{}",)"
      R"("severity":"critical","farshore_action":"failover"}},"annotations":{{}},"startsAt":"{}",)"
      R"("endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"84a34a6f723c9418"}}]}})",
      epoch, format_rfc3339(system_clock().wall_now()));
}

}  // namespace

WholeActuator::WholeActuator(WholeOptions options) : folder("farshore-whole"), options_(std::move(options)) {
  make_servers();
  for (int i = 0; i < 2; ++i) prometheus_.push_back(play_prometheus());
  write_access();
  write_scripts();
  write_topology();
}

void WholeActuator::make_servers() {
  const auto settings = [](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"wal_receiver_timeout = '2s'", "wal_receiver_status_interval = '1s'"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const auto standby_named = [&](const std::string& name) {
    return primary->make_standby(
        {.name = name, .port = 0, .settings = settings(options_.standby_settings), .hba = {}, .start = true});
  };
  primary = PostgresFixture::make_primary({.name = "shop_us",
                                           .port = 0,
                                           .settings = settings(options_.primary_settings),
                                           .hba = {},
                                           .start = true});
  standby = standby_named("shop_eu");
  if (options_.second_standby) standby2 = standby_named("shop_eu2");
}

void WholeActuator::write_access() {
  write_file(folder.file("pgpass"), "", 0600);
  write_file(folder.file("hook.token"), "hook-secret-of-the-test\n", 0600);
  write_file(folder.file("person.token"), "person-secret-of-the-test\n", 0600);
  write_file(
      folder.file("access.yml"),
      fmt::format(
          "principals:\n  - {{name: alertmanager, roles: [webhook], bearer_token_file: {0}/hook.token}}\n"
          "  - {{name: alice, roles: [operator, viewer], bearer_token_file: {0}/person.token}}\n",
          folder.path()));
}

std::unique_ptr<HttpServer> WholeActuator::play_prometheus() {
  const auto answer = [this](const ServerRequest&) {
    std::string votes = alert_fires ? R"({"metric":{"farshore_vote":"firing"},"value":[1,"0.5"]})" : "";
    if (vantage_sees_life)
      votes += (votes.empty() ? "" : ",") +
               std::string(R"({"metric":{"farshore_vote":"live"},"value":[1,"0.5"]})");
    return ServerReply{200, "application/json",
                       R"({"status":"success","data":{"resultType":"vector","result":[)" + votes + "]}}"};
  };
  // Asked by GET or POST, as the Prometheus API allows both.
  std::vector<Route> routes = {
      {.method = "GET", .path = "/api/v1/query", .handler = answer},
      {.method = "POST", .path = "/api/v1/query", .handler = answer, .max_body_bytes = 65536}};
  HttpServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  auto server = HttpServer::start(std::move(options), std::move(routes));
  if (!server) throw std::runtime_error(server.error().message);
  return std::move(*server);
}

void WholeActuator::write_scripts() {
  write_file(folder.file("fence"),
             fmt::format(kFenceScript, folder.path(), primary->data_dir() + "/postmaster.pid"), 0755);
  write_file(folder.file("traffic"), fmt::format(kTrafficScript, folder.path()), 0755);
  write_file(folder.file("hook"), fmt::format(kHookScript, folder.path()), 0755);
  write_file(folder.file("target"), "192.0.2.10\n");
}

std::string WholeActuator::fault_file(ScriptFault fault) const {
  switch (fault) {
    case ScriptFault::kTrafficFails:
      return folder.file("traffic-fails");
    case ScriptFault::kTrafficIgnores:
      return folder.file("traffic-ignores");
    case ScriptFault::kTrafficIsSlow:
      return folder.file("traffic-is-slow");
    case ScriptFault::kHookFails:
      return folder.file("hook-fails");
    case ScriptFault::kHookIgnores:
      return folder.file("hook-ignores");
    case ScriptFault::kHookHangs:
      return folder.file("hook-hangs");
    case ScriptFault::kFenceFails:
      return folder.file("fence-fails");
    case ScriptFault::kFenceDoesNothing:
      return folder.file("fence-does-nothing");
    case ScriptFault::kProofHangs:
      return folder.file("proof-hangs");
    case ScriptFault::kThirdProofWaits:
      return folder.file("third-proof-waits");
  }
  throw std::logic_error("no such fault");
}

void WholeActuator::mend_script(ScriptFault fault) { std::filesystem::remove(fault_file(fault)); }

void WholeActuator::write_topology() {
  std::string servers = server_entry("shop-us", "us-east", primary->port(), folder.path()) + ", " +
                        server_entry("shop-eu", "eu-west", standby->port(), folder.path());
  if (standby2) servers += ", " + server_entry("shop-eu2", "eu-west", standby2->port(), folder.path());
  const std::string traffic =
      options_.traffic.empty() ? fmt::format(kScriptTraffic, folder.path()) : options_.traffic;
  const std::string text =
      fmt::format(kTopology, free_port(), prometheus_[0]->port(), prometheus_[1]->port(), free_port(),
                  free_port(), free_port(), free_port(), free_port(), port_, servers, options_.failover,
                  folder.path(), traffic, options_.notify.empty() ? "" : "notify: " + options_.notify + "\n");
  write_file(folder.file("farshore.yml"), text);
  make_roles(text);
}

void WholeActuator::make_roles(const std::string& topology_text) {
  const auto topology = parse_topology(topology_text, "farshore.yml");
  if (!topology) throw std::runtime_error(topology.error().message);
  const auto sql = generate_sql(*topology, "shop", 15);
  if (!sql) throw std::runtime_error(sql.error().message);
  write_file(folder.file("roles.sql"), *sql);
  const auto done = run_command({"psql", "-v", "ON_ERROR_STOP=1", "-X", "-q", "-d", primary->conninfo(), "-f",
                                 folder.file("roles.sql")});
  if (done.exit_code != 0) throw std::runtime_error(done.output);
}

void WholeActuator::start_without_waiting() {
  std::vector<std::string> argv = {
      FARSHORE_BINARY_DIR "/actuator/farshore-actuator", "--config.file=" + folder.file("farshore.yml"),
      fmt::format("--web.listen-address=127.0.0.1:{}", port_),
      "--web.access-file=" + folder.file("access.yml"), "--storage.path=" + folder.file("storage")};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  process_ = std::make_unique<ChildProcess>(
      argv,
      SpawnOptions{.output_file = folder.file("actuator.log"), .environment = environment, .run_as = ""});
}

void WholeActuator::start() {
  start_without_waiting();
  const bool serves = wait_until([this] {
    const auto answer = http_->send(request("GET", "/-/healthy", ""));
    return answer && answer->status == 200;
  });
  if (!serves) throw std::runtime_error("the actuator does not serve: " + log());
}

void WholeActuator::lose_primary() {
  primary->kill();
  alert_fires = true;
  if (const int status = deliver_alert(); status != 202)
    throw std::runtime_error(fmt::format("the alert was answered {}", status));
}

HttpRequest WholeActuator::request(const std::string& method, const std::string& path,
                                   const std::string& token) {
  HttpRequest made{
      .method = method, .url = fmt::format("http://127.0.0.1:{}{}", port_, path), .headers = {}, .body = {}};
  if (!token.empty()) made.headers["Authorization"] = "Bearer " + token;
  return made;
}

HttpResponse WholeActuator::send(const HttpRequest& made) {
  auto answer = http_->send(made);
  if (!answer) throw std::runtime_error(made.url + ": " + answer.error().message);
  return std::move(*answer);
}

int WholeActuator::deliver(const std::string& body) {
  HttpRequest made = request("POST", "/api/v1/alerts", "hook-secret-of-the-test");
  made.headers["Content-Type"] = "application/json";
  made.body = body;
  return send(made).status;
}

int WholeActuator::deliver_alert(int64_t epoch) { return deliver(alert_body(epoch)); }

std::string WholeActuator::get(const std::string& path) {
  const HttpResponse answer = send(request("GET", path, "person-secret-of-the-test"));
  if (answer.status != 200)
    throw std::runtime_error(fmt::format("{}: {} {}", path, answer.status, answer.body));
  return answer.body;
}

HttpResponse WholeActuator::post(const std::string& path, const std::string& body) {
  HttpRequest made = request("POST", path, "person-secret-of-the-test");
  made.headers["Content-Type"] = "application/json";
  made.body = body;
  return send(made);
}

JsonValue WholeActuator::get_json(const std::string& path) {
  auto json = parse_json(get(path), size_t{1} << 22);
  if (!json) throw std::runtime_error(path + ": " + json.error().message);
  return std::move(*json);
}

std::optional<JsonValue> WholeActuator::newest_run() {
  const auto list = get_json("/api/v1/runs").get_array("runs");
  if (!list || list->empty()) return std::nullopt;
  return list->front();
}

std::string WholeActuator::wait_for_run(const std::vector<std::string>& states, nanoseconds limit) {
  std::string state;
  const bool there = wait_until(
      [&] {
        const auto run = newest_run();
        state = run ? run->get_string("state").value_or("") : "";
        return std::find(states.begin(), states.end(), state) != states.end();
      },
      limit);
  return there ? state : "";
}

bool WholeActuator::wait_for_step(const std::string& step, nanoseconds limit) {
  return wait_until([&] { return run_text().find('"' + step + '"') != std::string::npos; }, limit);
}

std::string WholeActuator::run_id() {
  const auto run = newest_run();
  return run ? run->get_string("id").value_or("") : "";
}

std::string WholeActuator::run_text() {
  const std::string id = run_id();
  return id.empty() ? "" : get("/api/v1/runs/" + id);
}

std::string WholeActuator::approval_digest() {
  const auto clusters = get_json("/api/v1/status").get_array("clusters");
  return clusters && !clusters->empty() ? clusters->front().get_string("approval_digest").value_or("") : "";
}

bool WholeActuator::reign_is(int64_t epoch) {
  // A primary that is lost before it was seen costs an unknown amount, for which a person is asked.
  return wait_until(
             [&] { return get("/metrics").find(fmt::format("epoch=\"{}\"", epoch)) != std::string::npos; }) &&
         wait_until([&] { return !primary || !primary->running() || sees("shop-us"); });
}

bool WholeActuator::sees(const std::string& server) {
  const auto clusters = get_json("/api/v1/status").get_array("clusters");
  const auto servers = clusters && !clusters->empty()
                           ? clusters->front().get_array("servers")
                           : Result<std::vector<JsonValue>>(std::vector<JsonValue>());
  return servers && std::any_of(servers->begin(), servers->end(), [&](const JsonValue& seen) {
           return seen.get_string("server").value_or("") == server && seen.get_bool("up").value_or(false);
         });
}

}  // namespace farshore::test
