// A run that waits for a person, between real servers and with a real Prometheus that scrapes the actuator.
#include "tests/actuator/returns/fixture.h"

namespace farshore::test {
namespace {

class HeldTest : public ReturnsTest {
 protected:
  HeldTest() : ReturnsTest(options()) {}
  static WholeOptions options() {
    WholeOptions options;
    options.failover = "{mode: approve, max_data_loss: {bytes: 16MiB, time: 10s}}";
    return options;
  }
  void start_prometheus() {
    write_file(world.folder.file("prometheus.yml"),
               fmt::format("global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\n"
                           "rule_files: [{}/alerting/rules/farshore.yml]\n"
                           "scrape_configs:\n  - job_name: farshore-actuator\n"
                           "    static_configs: [{{targets: ['127.0.0.1:{}']}}]\n",
                           FARSHORE_SOURCE_DIR, world.port()));
    port = free_port();
    prometheus = std::make_unique<ChildProcess>(
        std::vector<std::string>{"prometheus", "--config.file=" + world.folder.file("prometheus.yml"),
                                 "--storage.tsdb.path=" + world.folder.file("tsdb"),
                                 fmt::format("--web.listen-address=127.0.0.1:{}", port)},
        SpawnOptions{.output_file = world.folder.file("prometheus.log"), .environment = {}, .run_as = ""});
  }
  bool alert_is_firing(const std::string& name, bool firing) {
    HttpRequest ask{.method = "GET",
                    .url = fmt::format("http://127.0.0.1:{}/api/v1/alerts", port),
                    .headers = {},
                    .body = {}};
    return wait_until(
        [&] {
          const auto answer = http->send(ask);
          return answer && answer->status == 200 &&
                 (answer->body.find('"' + name + '"') != std::string::npos) == firing;
        },
        30s);
  }

  int port = 0;
  std::unique_ptr<HttpClient> http = make_curl_client();
  std::unique_ptr<ChildProcess> prometheus;
};

TEST_F(HeldTest, ShowsAnAlertUntilAPersonWhoSawTheNewestFactsApproves) {
  start_prometheus();
  world.lose_primary();
  ASSERT_EQ(world.wait_for_run({"held", "succeeded", "refused"}), "held") << world.run_text();
  EXPECT_EQ(world.standby->sql("SELECT pg_is_in_recovery()"), "t");
  EXPECT_EQ(world.fence_acts(), "");
  EXPECT_TRUE(metric_is("farshore_runs_held{cluster=\"shop\"}", "1"));
  EXPECT_TRUE(alert_is_firing("FarshoreRunHeld", true)) << read_file(world.folder.file("prometheus.log"));

  const std::string path = "/api/v1/runs/" + world.run_id(), seen = world.approval_digest();
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(world.post(path + "/retry", "{}").status, 200);
  ASSERT_TRUE(wait_until([&] {  // while it looks there is no digest at all
    const std::string now = world.approval_digest();
    return !now.empty() && now != seen;
  })) << "a retry looks anew";
  EXPECT_EQ(world.post(path + "/approve", fmt::format(R"({{"digest":"{}"}})", seen)).status, 409)
      << "the facts are not the ones that were seen";
  EXPECT_EQ(world.standby->sql("SELECT pg_is_in_recovery()"), "t");
  EXPECT_EQ(
      world.post(path + "/approve", fmt::format(R"({{"digest":"{}"}})", world.approval_digest())).status,
      200);
  EXPECT_EQ(world.wait_for_run({"succeeded"}), "succeeded") << world.run_text();
  expect_one_promotion();
  EXPECT_TRUE(alert_is_firing("FarshoreRunHeld", false));
}

}  // namespace
}  // namespace farshore::test
