// A sound pair of real servers passes every check; each thing that is broken fails its own lines and no
// others.
#include "actuator/check/live_check.h"

#include <gtest/gtest.h>

#include "actuator/ctl/generate/generate.h"
#include "common/http/server.h"
#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using test::wait_until;
using test::write_file;

const std::vector<std::string> kSettings = {"wal_receiver_timeout = '2s'",
                                            "wal_receiver_status_interval = '1s'", "max_connections = 20"};

// Prometheus, Alertmanager and exporter in one: what they say when all is well.
std::unique_ptr<HttpServer> play_monitoring() {
  const auto says = [](const std::string& path, const std::string& text) {
    return Route{.method = "GET", .path = path, .handler = [text](const ServerRequest& request) {
                   std::string body = text;
                   const size_t at = body.find("SELF");
                   if (at != std::string::npos) body.replace(at, 4, request.headers.at("host"));
                   return ServerReply{200, "text/plain", body, {}};
                 }};
  };
  HttpServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  return std::move(*HttpServer::start(
      options,
      {says("/api/v1/query", R"({"status":"success","data":{"resultType":"vector","result":[)"
                             R"({"metric":{"instance":"SELF"},"value":[1,"1"]}]}})"),
       says("/-/ready", "OK"), says("/metrics", "farshore_snapshot_age_seconds{vantage=\"us-east\"} 0\n")}));
}

class LiveCheckTest : public ::testing::Test {
 protected:
  LiveCheckTest() {
    write_script("fence", "exit 1");
    write_script("traffic", "echo 192.0.2.10");
    make_topology();
    primary->sql(generate_sql(topology, "shop", 15).value());
    primary->sql(
        "INSERT INTO farshore.epoch (cluster, epoch, server, at) VALUES ('shop', 1, 'shop-us', now())");
    EXPECT_TRUE(standby->wait_for_sql("SELECT count(*) FROM farshore.epoch", "1"));
  }

  static std::unique_ptr<PostgresFixture> make_primary() {
    return PostgresFixture::make_primary(
        {.name = "us", .port = 0, .settings = kSettings, .hba = {}, .start = true});
  }
  std::unique_ptr<PostgresFixture> make_standby() {
    return primary->make_standby({.name = "eu", .port = 0, .settings = kSettings, .hba = {}, .start = true});
  }
  void write_script(const std::string& name, const std::string& body) {
    write_file(folder.file(name), "#!/bin/sh\n" + body + "\n", 0755);
  }
  void make_topology() {
    const std::string here = fmt::format("127.0.0.1:{}", monitoring->port());
    topology.prometheus.servers = {{"us-east", "http://" + here}};
    topology.alertmanagers = {{"us-east", "http://" + here}};
    topology.exporters = {{"us-east", here}};
    ClusterConfig shop;
    shop.name = "shop";
    for (const auto& [name, region, server] :
         {std::tuple("shop-us", "us-east", primary.get()), {"shop-eu", "eu-west", standby.get()}}) {
      ServerConfig config;
      config.name = name;
      config.region = region;
      config.conninfo = server->conninfo("farshore_monitor");
      config.admin = AdminRole{"farshore_actuator", "/nonexistent/pgpass"};
      shop.servers.push_back(config);
      FenceConfig fence;
      fence.server = name;
      fence.provider.kind = "command";
      fence.provider.lists = {{"act", {"/bin/false"}}, {"proof", {folder.file("fence")}}};
      shop.fences.push_back(fence);
    }
    TrafficConfig traffic;
    traffic.name = "orders";
    traffic.targets = {{"us-east", "192.0.2.10"}, {"eu-west", "198.51.100.20"}};
    traffic.provider.kind = "command";
    traffic.provider.lists = {{"act", {"/bin/false"}}, {"read", {folder.file("traffic")}}};
    shop.traffic = {traffic};
    topology.clusters = {shop};
  }
  std::vector<CheckLine> check() { return check_live(topology, {*http, *commands, *dns, system_clock()}); }
  // Every line that is not ok: "fail shop-eu: wal_receiver_timeout is ...", one a line.
  std::string troubles() {
    std::string text;
    for (const CheckLine& line : check())
      if (line.state != CheckState::kOk) {
        EXPECT_FALSE(line.remedy.empty()) << line.text;
        text += fmt::format("{} {}: {}\n", to_string(line.state), line.subject, line.text);
      }
    return text;
  }
  // The troubles are these beginnings of lines, in this order, and no others.
  bool troubles_are(const std::vector<std::string>& beginnings) {
    return wait_until([&] {
      last = troubles();
      size_t at = 0;
      for (const std::string& beginning : beginnings) {
        if (last.compare(at, beginning.size(), beginning) != 0) return false;
        at = last.find('\n', at) + 1;
      }
      return at == last.size();
    });
  }

  test::TempDir folder{"farshore-check"};
  std::unique_ptr<HttpServer> monitoring = play_monitoring();
  std::unique_ptr<PostgresFixture> primary = make_primary(), standby = make_standby();
  std::unique_ptr<HttpClient> http = make_curl_client();
  std::unique_ptr<CommandRunner> commands = make_command_runner(system_clock());
  std::unique_ptr<DnsResolver> dns = make_dns_resolver(system_clock());
  Topology topology;
  std::string last;
};

TEST_F(LiveCheckTest, ASoundPairPassesAndWhateverIsBrokenFailsItsOwnLine) {
  ASSERT_TRUE(troubles_are({})) << last;
  EXPECT_GE(check().size(), 18u);

  primary->sql("REVOKE pg_signal_backend FROM farshore_actuator");
  EXPECT_TRUE(troubles_are({"fail shop-us: the admin role lacks membership in pg_signal_backend",
                            "fail shop-eu: the admin role lacks membership in pg_signal_backend"}))
      << last;
  primary->sql("GRANT pg_signal_backend TO farshore_actuator");
  primary->sql("REVOKE pg_monitor FROM farshore_monitor");
  EXPECT_TRUE(troubles_are({"fail shop-us: the monitoring role lacks membership in pg_monitor",
                            "fail shop-eu: the monitoring role lacks membership in pg_monitor"}))
      << last;
  primary->sql("GRANT pg_monitor TO farshore_monitor");

  const std::string conninfo = standby->sql("SHOW primary_conninfo");
  const auto set_conninfo = [&](const std::string& more) {
    std::string quoted;
    for (const char c : conninfo + more) quoted += c == '\'' ? "''" : std::string(1, c);
    standby->sql("ALTER SYSTEM SET primary_conninfo = '" + quoted + "'");
    standby->reload();
  };
  set_conninfo(" password=secret-of-the-test");
  EXPECT_TRUE(troubles_are({"fail shop-eu: not so: primary_conninfo without a password"})) << last;
  EXPECT_EQ(last.find("secret-of-the-test"), std::string::npos);
  set_conninfo("");

  standby->sql("ALTER SYSTEM SET wal_receiver_timeout = '60s'");
  standby->sql("ALTER SYSTEM SET synchronous_standby_names = 'us'");
  standby->reload();
  EXPECT_TRUE(troubles_are({"fail shop-eu: wal_receiver_timeout is 60000 ms, longer than two thirds",
                            "warn shop-eu: synchronous_standby_names = 'us' would let commits wait"}))
      << last;
  standby->sql("ALTER SYSTEM RESET wal_receiver_timeout");
  standby->sql("ALTER SYSTEM RESET synchronous_standby_names");
  standby->reload();

  write_script("fence", "echo it is off; exit 0");
  EXPECT_TRUE(troubles_are({"fail fence shop-us: its proof says isolated, and the server answers",
                            "fail fence shop-eu: its proof says isolated, and the server answers"}))
      << last;
  write_script("fence", "exit 1");
  write_script("traffic", "exit 7");
  EXPECT_TRUE(troubles_are({"fail traffic orders: the provider does not say where it points",
                            "fail traffic orders: read command: "}))
      << last;
  write_script("traffic", "echo 192.0.2.10");
  EXPECT_TRUE(troubles_are({})) << last;
}

TEST_F(LiveCheckTest, AFrozenServerFailsAloneAndASmallerStandbyIsNamed) {
  standby->freeze();
  EXPECT_TRUE(troubles_are(
      {"fail shop-eu: the monitoring role is not let in", "fail shop-eu: the admin role is not"}))
      << last;
  standby->resume();
  ASSERT_TRUE(troubles_are({})) << last;
  primary->stop();
  primary->append_settings({"max_connections = 30"});
  primary->start();
  EXPECT_TRUE(troubles_are({"fail cluster shop: max_connections of shop-eu is 20, less than 30 of shop-us"}))
      << last;
  monitoring.reset();
  EXPECT_TRUE(troubles_are(
      {"fail cluster shop: max_connections of shop-eu", "fail prometheus us-east: does not answer",
       "fail alertmanager us-east: is not ready", "fail exporter us-east: does not answer"}))
      << last;
}

}  // namespace
}  // namespace farshore
