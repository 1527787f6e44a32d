// The committed configuration through the checkers of the programs that will read it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actuator/ctl/generate/generate.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

const std::string kAlerting = std::string(FARSHORE_SOURCE_DIR) + "/alerting/";

void expect_success(const std::vector<std::string>& argv) {
  const auto result = test::run_command(argv);
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

Topology example() { return load_topology(kAlerting + "example-topology.yml").value(); }

TEST(AlertingConfig, PromtoolAcceptsTheRules) {
  expect_success({"promtool", "check", "rules", kAlerting + "rules/farshore.yml"});
}

TEST(AlertingConfig, PromtoolAcceptsThePrometheusConfiguration) {
  expect_success({"promtool", "check", "config", "--syntax-only", kAlerting + "prometheus.yml"});
  const test::TempDir folder;
  test::write_file(
      folder.file("p.yml"),
      generate_prometheus(example(), "eu-west", {.rules_file = kAlerting + "rules/farshore.yml"}).value());
  expect_success({"promtool", "check", "config", folder.file("p.yml")});
}

TEST(AlertingConfig, AmtoolAcceptsTheAlertmanagerConfiguration) {
  for (const char* name : {"alertmanager.yml", "alertmanager-mutual-tls.yml"})
    expect_success({"amtool", "check-config", kAlerting + name});
}

// `amtool config routes test` exits with 1 when the receivers are others.
void expect_route(const std::string& file, const std::string& receivers,
                  const std::vector<std::string>& labels) {
  std::vector<std::string> argv = {
      "amtool", "config", "routes", "test", "--config.file", file, "--verify.receivers=" + receivers};
  argv.insert(argv.end(), labels.begin(), labels.end());
  expect_success(argv);
}

TEST(AlertingConfig, EveryActuatorIsTold) {
  Topology topology = example();
  topology.actuators = {"10.3.0.2:10188", "10.4.0.2:10188"};
  const test::TempDir folder;
  test::write_file(folder.file("am.yml"), generate_alertmanager(topology));
  expect_success({"amtool", "check-config", folder.file("am.yml")});
  expect_route(folder.file("am.yml"), "actuator_1,actuator_2,pager",
               {"farshore_action=failover", "severity=critical"});
  expect_route(folder.file("am.yml"), "actuator_1,actuator_2,dead_man", {"farshore_action=watchdog"});
}

}  // namespace
}  // namespace farshore
