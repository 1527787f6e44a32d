// The way from metrics to webhook with a real Prometheus and a real Alertmanager on the generated
// configuration. Vantages and actuator are HTTP servers of this test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "actuator/ctl/generate/generate.h"
#include "common/http/client.h"
#include "common/http/server.h"
#include "common/json/json_value.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

using test::ChildProcess;
using test::wait_until;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr seconds kFor = 4s;
constexpr seconds kLimit = 60s;

struct Delivery {
  std::string authorization;
  std::string body;
};

// The world that is scraped: three vantages that see the primary of `shop` alive or silent, and an actuator
// that says who reigns and keeps what it is sent.
class World {
 public:
  World() {
    for (const char* vantage : {"us-east", "eu-west", "eu-central"}) {
      vantages_.push_back(serve({metrics_route([this, vantage] { return vantage_page(vantage); })}));
    }
    Route webhook{.method = "POST",
                  .path = "/api/v1/alerts",
                  .handler = [this](const ServerRequest& request) { return receive(request); },
                  .roles = {},
                  .max_body_bytes = size_t{1} << 20,
                  .content_type = "application/json"};
    actuator_ = serve({metrics_route([] { return actuator_page(); }), std::move(webhook)});
  }

  Topology topology(const std::vector<int>& prometheus_ports, int alertmanager_port) const {
    Topology out;
    out.vantages.names = {"us-east", "eu-west", "eu-central"};
    for (size_t i = 0; i < vantages_.size(); ++i) {
      out.exporters.push_back({out.vantages.names[i], address(vantages_[i]->port())});
    }
    for (size_t i = 0; i < prometheus_ports.size(); ++i) {
      out.prometheus.servers.push_back({out.vantages.names[i], "http://" + address(prometheus_ports[i])});
    }
    out.alertmanagers = {{"eu-west", "http://" + address(alertmanager_port)}};
    out.actuators = {address(actuator_->port())};
    out.detect.for_duration = kFor;
    out.clusters.emplace_back().name = "shop";
    return out;
  }

  void lose_primary() { down_ = true; }

  std::vector<Delivery> deliveries() {
    const std::lock_guard lock(mutex_);
    return deliveries_;
  }

  static std::string address(int port) { return "127.0.0.1:" + std::to_string(port); }

 private:
  static std::unique_ptr<HttpServer> serve(std::vector<Route> routes) {
    HttpServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    auto server = HttpServer::start(std::move(options), std::move(routes));
    if (!server) throw std::runtime_error(server.error().message);
    return std::move(*server);
  }

  static Route metrics_route(std::function<std::string()> page) {
    return {.method = "GET",
            .path = "/metrics",
            .handler =
                [page = std::move(page)](const ServerRequest&) {
                  return ServerReply{.status = 200,
                                     .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                     .body = page(),
                                     .headers = {}};
                },
            .roles = {},
            .max_body_bytes = 0,
            .content_type = ""};
  }

  std::string vantage_page(const std::string& vantage) const {
    const bool down = down_;
    const std::string labels =
        fmt::format(R"(cluster="shop",region="us-east",server="shop-us",vantage="{}")", vantage);
    std::string page = fmt::format(
        "farshore_pg_up{{{0}}} {1}\nfarshore_pg_state{{{0}}} {2}\n"
        "farshore_snapshot_age_seconds{{vantage=\"{3}\"}} 0.1\n",
        labels, down ? 0 : 1, down ? 0 : 4, vantage);
    if (down) page += fmt::format("farshore_pg_failure{{{},class=\"refused\"}} 1\n", labels);
    if (!down) page += fmt::format("farshore_pg_in_recovery{{{}}} 0\n", labels);
    return page;
  }

  static std::string actuator_page() {
    return "farshore_cluster_primary_epoch{cluster=\"shop\",region=\"us-east\",server=\"shop-us\",epoch="
           "\"7\"} 7\n"
           "farshore_cluster_paused{cluster=\"shop\"} 0\n";
  }

  ServerReply receive(const ServerRequest& request) {
    const auto authorization = request.headers.find("authorization");
    const std::lock_guard lock(mutex_);
    deliveries_.push_back(
        {authorization == request.headers.end() ? "" : authorization->second, request.body});
    return {.status = 202, .body = "", .headers = {}};
  }

  std::atomic<bool> down_ = false;
  std::mutex mutex_;
  std::vector<Delivery> deliveries_;
  std::vector<std::unique_ptr<HttpServer>> vantages_;  // the servers go first: they use what is above
  std::unique_ptr<HttpServer> actuator_;
};

class Prometheus {
 public:
  Prometheus(const Topology& topology, const std::string& region, int port) : port_(port) {
    test::write_file(folder_.file("rules.yml"), generate_rules(topology).value());
    test::write_file(
        folder_.file("prometheus.yml"),
        generate_prometheus(topology, region, {.rules_file = folder_.file("rules.yml")}).value());
    start();
  }

  void start() {
    process_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"prometheus", "--config.file=" + folder_.file("prometheus.yml"),
                                 "--storage.tsdb.path=" + folder_.file("data"),
                                 "--web.listen-address=" + World::address(port_),
                                 "--rules.alert.resend-delay=15s"},
        test::SpawnOptions{.output_file = folder_.file("log"), .environment = {}, .run_as = ""});
  }

  void kill() {
    process_->signal(9);
    ASSERT_TRUE(process_->wait_exit(10s));
  }

  std::string log() const { return test::read_file(folder_.file("log")); }

  // The state of an alert as Prometheus has it now ("inactive", "pending", "firing") and since when.
  struct Alert {
    std::string state = "inactive";
    WallTime active_at;
  };
  Alert alert(const std::string& name) const {
    const auto answer = get("/api/v1/alerts");
    if (!answer) return {};
    const std::vector<JsonValue> alerts = answer->get_object("data").value().get_array("alerts").value();
    for (const JsonValue& each : alerts) {
      if (each.get_object("labels").value().get_string("alertname").value() != name) continue;
      return {each.get_string("state").value(), parse_rfc3339(each.get_string("activeAt").value()).value()};
    }
    return {};
  }

  // What is wrong with a rule, of all that were evaluated; and how many were not evaluated yet.
  struct RuleHealth {
    std::vector<std::string> errors;
    int unknown = 0, good = 0;
  };
  RuleHealth rule_health() const {
    RuleHealth found;
    const auto answer = get("/api/v1/rules");
    if (!answer) return found;
    const auto groups = answer->get_object("data").value().get_array("groups").value();
    for (const JsonValue& group : groups) {
      const auto rules = group.get_array("rules").value();
      for (const JsonValue& rule : rules) {
        const std::string health = rule.get_string("health").value();
        found.good += health == "ok" ? 1 : 0;
        found.unknown += health == "unknown" ? 1 : 0;
        if (health == "err") found.errors.push_back(rule.get_string("name").value());
      }
    }
    return found;
  }

  // The first value of an instant query; nothing when there is none.
  std::optional<double> query(const std::string& expression) const {
    const auto answer = get("/api/v1/query?query=" + url_encode(expression));
    if (!answer) return std::nullopt;
    const auto result = answer->get_object("data").value().get_array("result").value();
    if (result.empty()) return std::nullopt;
    return std::stod(result.front().get_array("value").value().at(1).as_string().value());
  }

 private:
  std::optional<JsonValue> get(const std::string& path) const {
    HttpRequest request;
    request.url = "http://" + World::address(port_) + path;
    const auto response = client_->send(request);
    if (!response || response->status != 200) return std::nullopt;
    const auto json = parse_json(response->body);
    return json ? std::optional<JsonValue>(*json) : std::nullopt;
  }

  int port_;
  test::TempDir folder_;
  std::unique_ptr<HttpClient> client_ = make_curl_client();
  std::unique_ptr<ChildProcess> process_;
};

TEST(TriggerPath, PrometheusKilledInsideForAlertsOnlyAfterForAgain) {
  World world;
  const int port = test::free_port();
  Prometheus prometheus(world.topology({port}, test::free_port()), "us-east", port);
  ASSERT_TRUE(wait_until([&] { return prometheus.query("count(farshore_pg_up == 1)") == 3.0; }, kLimit))
      << prometheus.log();
  world.lose_primary();
  ASSERT_TRUE(wait_until([&] { return prometheus.alert("FarshorePrimaryDown").state == "pending"; }, kLimit));
  prometheus.kill();
  const WallTime restarted = system_clock().wall_now();
  prometheus.start();
  ASSERT_TRUE(wait_until([&] { return prometheus.alert("FarshorePrimaryDown").state == "firing"; }, kLimit))
      << prometheus.log();
  const WallTime active_at = prometheus.alert("FarshorePrimaryDown").active_at;
  EXPECT_GE(active_at, restarted);
  // The oldest firing sample that is stored, from before the kill too.
  std::optional<double> first;
  ASSERT_TRUE(wait_until([&] {
    first = prometheus.query(
        "min_over_time(timestamp(ALERTS{alertname=\"FarshorePrimaryDown\",alertstate=\"firing\"})[5m:1s])");
    return first.has_value();
  }));
  EXPECT_GE(*first, to_seconds(active_at.time_since_epoch()) + to_seconds(kFor) - 0.001);
}

TEST(TriggerPath, EveryRuleOfThePackIsEvaluatedWithoutAnError) {
  World world;
  const int port = test::free_port();
  const Prometheus prometheus(world.topology({port}, test::free_port()), "us-east", port);
  ASSERT_TRUE(wait_until([&] { return prometheus.query("count(farshore_pg_up == 1)") == 3.0; }, kLimit))
      << prometheus.log();
  world.lose_primary();
  ASSERT_TRUE(wait_until([&] { return prometheus.alert("FarshorePrimaryDown").state == "firing"; }, kLimit));
  Prometheus::RuleHealth health;
  EXPECT_TRUE(wait_until([&] {
    return (health = prometheus.rule_health()).unknown == 0 && health.good > 60;
  })) << health.good;
  EXPECT_THAT(health.errors, testing::IsEmpty());
}

TEST(TriggerPath, RestartsOfPrometheusBesideALivingPrimaryAlertNobody) {
  World world;
  const int port = test::free_port();
  Prometheus prometheus(world.topology({port}, test::free_port()), "us-east", port);
  for (int restart = 0; restart < 2; ++restart) {
    ASSERT_TRUE(wait_until(
        [&] { return prometheus.query("count(timestamp(farshore_pg_up) > time() - 2)") == 3.0; }, kLimit))
        << prometheus.log();
    prometheus.kill();
    prometheus.start();
  }
  // Longer than `for` by then: the watchdog of the same group has been evaluated for so long.
  ASSERT_TRUE(wait_until(
      [&] {
        const auto alert = prometheus.alert("FarshoreWatchdog");
        return alert.state == "firing" && system_clock().wall_now() - alert.active_at > 2 * kFor;
      },
      kLimit))
      << prometheus.log();
  EXPECT_EQ(prometheus.query("count_over_time(ALERTS{alertname=\"FarshorePrimaryDown\"}[5m])"), std::nullopt);
}

// The alerts of a name that were delivered so far.
std::vector<std::pair<Delivery, JsonValue>> delivered(World& world, const std::string& alertname) {
  std::vector<std::pair<Delivery, JsonValue>> found;
  for (const Delivery& delivery : world.deliveries()) {
    const std::vector<JsonValue> alerts = parse_json(delivery.body).value().get_array("alerts").value();
    for (const JsonValue& alert : alerts) {
      if (alert.get_object("labels").value().get_string("alertname").value() == alertname) {
        found.emplace_back(delivery, alert);
      }
    }
  }
  return found;
}

class Alertmanager {
 public:
  Alertmanager(const Topology& topology, int port) : port_(port) {
    test::write_file(folder_.file("token"), "sesame\n", 0600);
    test::write_file(folder_.file("alertmanager.yml"),
                     generate_alertmanager(topology, {.token_file = folder_.file("token")}));
    start();
  }

  // As a machine that loses its power: what it told, and what it was told, is forgotten.
  void lose_memory() {
    process_->stop(9);
    start();
  }
  std::string log() const { return test::read_file(folder_.file("log")); }

 private:
  void start() {
    process_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{
            "prometheus-alertmanager", "--config.file=" + folder_.file("alertmanager.yml"),
            "--storage.path=" + folder_.file("data"), "--web.listen-address=" + World::address(port_),
            "--cluster.listen-address="},
        test::SpawnOptions{.output_file = folder_.file("log"), .environment = {}, .run_as = ""});
  }

  int port_;
  test::TempDir folder_;
  std::unique_ptr<ChildProcess> process_;
};

TEST(TriggerPath, AnAlertmanagerKilledWhileTheAlertFiresTellsTheActuatorAgain) {
  World world;
  const int port = test::free_port(), alertmanager_port = test::free_port();
  const Topology topology = world.topology({port}, alertmanager_port);
  Alertmanager alertmanager(topology, alertmanager_port);
  const Prometheus prometheus(topology, "us-east", port);
  ASSERT_TRUE(wait_until([&] { return prometheus.query("count(farshore_pg_up == 1)") == 3.0; }, kLimit))
      << prometheus.log();
  world.lose_primary();
  ASSERT_TRUE(wait_until([&] { return !delivered(world, "FarshorePrimaryDown").empty(); }, kLimit))
      << alertmanager.log();
  alertmanager.lose_memory();
  const size_t before = delivered(world, "FarshorePrimaryDown").size();
  ASSERT_TRUE(wait_until([&] { return delivered(world, "FarshorePrimaryDown").size() > before; }, kLimit))
      << alertmanager.log();
  const auto all = delivered(world, "FarshorePrimaryDown");
  EXPECT_EQ(all.back().second.get_string("startsAt").value(),
            all.front().second.get_string("startsAt").value())
      << "the same incident";
}

TEST(TriggerPath, TwoPrometheusServersMakeOneAlertThatReachesTheActuatorWithItsLabelsAndToken) {
  World world;
  const std::vector<int> ports = {test::free_port(), test::free_port()};
  const int alertmanager_port = test::free_port();
  const Topology topology = world.topology(ports, alertmanager_port);
  Alertmanager alertmanager(topology, alertmanager_port);
  const Prometheus one(topology, "us-east", ports[0]);
  const Prometheus two(topology, "eu-west", ports[1]);
  ASSERT_TRUE(wait_until([&] { return !delivered(world, "FarshoreWatchdog").empty(); }, kLimit))
      << alertmanager.log() << one.log();
  world.lose_primary();
  for (const Prometheus* each : {&one, &two}) {
    ASSERT_TRUE(wait_until([&] { return each->alert("FarshorePrimaryDown").state == "firing"; }, kLimit))
        << each->log();
  }
  ASSERT_TRUE(wait_until([&] { return !delivered(world, "FarshorePrimaryDown").empty(); }, kLimit))
      << alertmanager.log();
  for (const auto& [delivery, alert] : delivered(world, "FarshorePrimaryDown")) {
    EXPECT_EQ(delivery.authorization, "Bearer sesame");
    EXPECT_EQ(parse_json(delivery.body).value().get_array("alerts").value().size(), 1U) << delivery.body;
    std::map<std::string, std::string> labels;
    const auto members = alert.get_object("labels").value().members();
    for (const auto& [name, value] : members) {
      labels[name] = value.as_string().value();
    }
    EXPECT_THAT(labels,
                UnorderedElementsAre(Pair("alertname", "FarshorePrimaryDown"), Pair("cluster", "shop"),
                                     Pair("region", "us-east"), Pair("server", "shop-us"), Pair("epoch", "7"),
                                     Pair("severity", "critical"), Pair("farshore_action", "failover")));
  }
}

}  // namespace
}  // namespace farshore
