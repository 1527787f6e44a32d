#include "tests/actuator/whole/whole_actuator.h"

#include <stdexcept>

#include "actuator/ctl/generate/generate.h"
#include "common/topology/topology.h"

namespace farshore::test {
namespace {

constexpr const char* kTopology = R"(
vantages: {{names: [us-east, eu-west, eu-central], quorum: majority}}
prometheus:
  servers: [{{region: us-east, url: "http://127.0.0.1:{0}"}}, {{region: eu-west, url: "http://127.0.0.1:{1}"}}, {{region: eu-central, url: "http://127.0.0.1:{2}"}}]
  quorum: majority
alertmanagers: [{{region: eu-west, url: "http://127.0.0.1:{3}"}}, {{region: eu-central, url: "http://127.0.0.1:{4}"}}]
exporters: [{{vantage: us-east, address: "127.0.0.1:{5}"}}, {{vantage: eu-west, address: "127.0.0.1:{6}"}}, {{vantage: eu-central, address: "127.0.0.1:{7}"}}]
actuators: [{{address: "127.0.0.1:{8}"}}]
observe: {{interval: 500ms, timeout: 1s}}
clusters:
  - name: shop
    servers:
      - {{name: shop-us, region: us-east, conninfo: "host=127.0.0.1 port={9} dbname=postgres user=farshore_monitor passfile={11}/pgpass", admin: {{user: farshore_actuator, passfile: "{11}/pgpass"}}}}
      - {{name: shop-eu, region: eu-west, conninfo: "host=127.0.0.1 port={10} dbname=postgres user=farshore_monitor passfile={11}/pgpass", admin: {{user: farshore_actuator, passfile: "{11}/pgpass"}}}}
    failover: {{mode: automatic, max_data_loss: {{bytes: 16MiB, time: 10s}}, cooldown: 1h}}
    fence:
      - {{kind: command, server: shop-us, act: ["{11}/fence", "off"], proof: ["{11}/fence", "is-off"], timeout: 5s}}
      - {{kind: command, server: shop-eu, act: ["/bin/false"], proof: ["/bin/false"], timeout: 5s}}
    traffic:
      - {{kind: command, name: orders, act: ["{11}/traffic", "act"], read: ["{11}/traffic", "read"], targets: {{us-east: 192.0.2.10, eu-west: 198.51.100.20}}}}
)";

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

WholeActuator::WholeActuator() : folder("farshore-whole") {
  const std::vector<std::string> settings = {"wal_receiver_timeout = '2s'",
                                             "wal_receiver_status_interval = '1s'"};
  primary = PostgresFixture::make_primary(
      {.name = "shop_us", .port = 0, .settings = settings, .hba = {}, .start = true});
  standby =
      primary->make_standby({.name = "shop_eu", .port = 0, .settings = settings, .hba = {}, .start = true});
  for (int i = 0; i < 2; ++i) prometheus_.push_back(play_prometheus());
  write_file(folder.file("pgpass"), "", 0600);
  write_file(folder.file("hook.token"), "hook-secret-of-the-test\n", 0600);
  write_file(folder.file("person.token"), "person-secret-of-the-test\n", 0600);
  write_file(
      folder.file("access.yml"),
      fmt::format(
          "principals:\n  - {{name: alertmanager, roles: [webhook], bearer_token_file: {0}/hook.token}}\n"
          "  - {{name: alice, roles: [operator, viewer], bearer_token_file: {0}/person.token}}\n",
          folder.path()));
  write_scripts();
  write_topology();
}

std::unique_ptr<HttpServer> WholeActuator::play_prometheus() {
  const auto answer = [this](const ServerRequest&) {
    const std::string votes = alert_fires ? R"({"metric":{"farshore_vote":"firing"},"value":[1,"0.5"]})" : "";
    return ServerReply{200, "application/json",
                       R"({"status":"success","data":{"resultType":"vector","result":[)" + votes + "]}}"};
  };
  // Asked by GET or POST, as the Prometheus API allows both.
  std::vector<Route> routes = {
      {.method = "GET", .path = "/api/v1/query", .handler = answer},
      {.method = "POST", .path = "/api/v1/query", .handler = answer, .max_body_bytes = 65536}};
  HttpServerOptions options;
  options.listen_address = "127.0.0.1:0";
  auto server = HttpServer::start(std::move(options), std::move(routes));
  if (!server) throw std::runtime_error(server.error().message);
  return std::move(*server);
}

void WholeActuator::write_scripts() {
  const std::string pid_file = primary->data_dir() + "/postmaster.pid";
  // Power control of the kind a user writes: every process of the instance, and a proof that looks again.
  write_file(folder.file("fence"),
             fmt::format("#!/bin/sh\npid=$(cat {0}/fenced 2>/dev/null || head -n 1 {1} 2>/dev/null)\n"
                         "if [ \"$1\" = off ]; then\n  [ -n \"$pid\" ] && echo $pid > {0}/fenced\n"
                         "  [ -n \"$pid\" ] && pkill -KILL -P $pid; [ -n \"$pid\" ] && kill -KILL $pid "
                         "2>/dev/null\n  exit 0\nfi\n"
                         "[ -n \"$pid\" ] && [ -e /proc/$pid ] && exit 1\nexit 0\n",
                         folder.path(), pid_file),
             0755);
  write_file(folder.file("traffic"), "");
  write_file(
      folder.file("traffic-script"),
      fmt::format(
          "#!/bin/sh\nif [ \"$1\" = read ]; then cat {0}/target; exit 0; fi\n"
          "if [ -e {0}/slow ]; then rm -f {0}/slow; touch {0}/switching; sleep 2; rm -f {0}/switching; fi\n"
          "echo $FARSHORE_TARGET >> {0}/moves; echo $FARSHORE_TARGET > {0}/target\n",
          folder.path()),
      0755);
}

void WholeActuator::write_topology() {
  std::string text = fmt::format(kTopology, free_port(), prometheus_[0]->port(), prometheus_[1]->port(),
                                 free_port(), free_port(), free_port(), free_port(), free_port(), port_,
                                 primary->port(), standby->port(), folder.path());
  const std::string script = folder.path() + "/traffic\"";
  for (size_t at; (at = text.find(script)) != std::string::npos;)
    text.replace(at, script.size(), folder.path() + "/traffic-script\"");
  write_file(folder.file("farshore.yml"), text);
  write_file(folder.file("target"), "192.0.2.10\n");
  const auto topology = parse_topology(text, "farshore.yml");
  if (!topology) throw std::runtime_error(topology.error().message);
  const auto sql = generate_sql(*topology, "shop", 15);
  if (!sql) throw std::runtime_error(sql.error().message);
  write_file(folder.file("roles.sql"), *sql);
  const auto done = run_command({"psql", "-v", "ON_ERROR_STOP=1", "-X", "-q", "-d", primary->conninfo(), "-f",
                                 folder.file("roles.sql")});
  if (done.exit_code != 0) throw std::runtime_error(done.output);
}

void WholeActuator::start() {
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{
          FARSHORE_BINARY_DIR "/actuator/farshore-actuator", "--config.file=" + folder.file("farshore.yml"),
          fmt::format("--web.listen-address=127.0.0.1:{}", port_),
          "--web.access-file=" + folder.file("access.yml"), "--storage.path=" + folder.file("storage")},
      SpawnOptions{.output_file = folder.file("actuator.log"), .environment = {}, .run_as = ""});
  const bool serves = wait_until([this] {
    const auto answer = http_->send(request("GET", "/-/healthy", ""));
    return answer && answer->status == 200;
  });
  if (!serves) throw std::runtime_error("the actuator does not serve: " + log());
}

HttpRequest WholeActuator::request(const std::string& method, const std::string& path,
                                   const std::string& token) {
  HttpRequest made{
      .method = method, .url = fmt::format("http://127.0.0.1:{}{}", port_, path), .headers = {}, .body = {}};
  if (!token.empty()) made.headers["Authorization"] = "Bearer " + token;
  return made;
}

int WholeActuator::deliver_alert(int64_t epoch) {
  HttpRequest made = request("POST", "/api/v1/alerts", "hook-secret-of-the-test");
  made.headers["Content-Type"] = "application/json";
  made.body = alert_body(epoch);
  const auto answer = http_->send(made);
  if (!answer) throw std::runtime_error(answer.error().message);
  return answer->status;
}

std::string WholeActuator::get(const std::string& path) {
  const auto answer = http_->send(request("GET", path, "person-secret-of-the-test"));
  if (!answer) throw std::runtime_error(answer.error().message);
  if (answer->status != 200)
    throw std::runtime_error(fmt::format("{}: {} {}", path, answer->status, answer->body));
  return answer->body;
}

int WholeActuator::post(const std::string& path, const std::string& body) {
  HttpRequest made = request("POST", path, "person-secret-of-the-test");
  made.headers["Content-Type"] = "application/json";
  made.body = body;
  const auto answer = http_->send(made);
  if (!answer) throw std::runtime_error(answer.error().message);
  return answer->status;
}

std::string WholeActuator::wait_for_run(const std::vector<std::string>& states, nanoseconds limit) {
  std::string state;
  const bool there = wait_until(
      [&] {
        const auto runs = parse_json(get("/api/v1/runs"), size_t{1} << 20);
        const auto list =
            runs ? runs->get_array("runs") : Result<std::vector<JsonValue>>(std::vector<JsonValue>());
        if (!list || list->empty()) return false;
        state = list->front().get_string("state").value_or("");
        return std::find(states.begin(), states.end(), state) != states.end();
      },
      limit);
  return there ? state : "";
}

std::string WholeActuator::run_text() {
  const auto answer = http_->send(request("GET", "/api/v1/runs/shop-1", "person-secret-of-the-test"));
  return answer && answer->status == 200 ? answer->body : "";
}

bool WholeActuator::reign_is(int64_t epoch) {
  return wait_until(
      [&] { return get("/metrics").find(fmt::format("epoch=\"{}\"", epoch)) != std::string::npos; });
}

}  // namespace farshore::test
