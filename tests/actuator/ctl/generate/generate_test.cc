#include "actuator/ctl/generate/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "actuator/ctl/generate/text.h"

namespace farshore {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string kAlerting = std::string(FARSHORE_SOURCE_DIR) + "/alerting/";

Topology example() {
  const Result<Topology> topology = load_topology(kAlerting + "example-topology.yml");
  EXPECT_TRUE(topology) << topology.error().message;
  return topology.value();
}

// The committed file is what is generated; when it is not, the new text is put where it can be copied from.
void expect_golden(const std::string& name, const std::string& text) {
  std::ifstream file(kAlerting + name);
  std::stringstream committed;
  committed << file.rdbuf();
  if (committed.str() == text) return;
  std::string copy = name;
  std::replace(copy.begin(), copy.end(), '/', '_');
  copy = std::string(FARSHORE_BINARY_DIR) + "/golden_" + copy;
  std::ofstream(copy) << text;
  ADD_FAILURE() << "alerting/" << name << " is not what is generated; look at the difference, then: cp "
                << copy << " " << kAlerting << name;
}

TEST(Generate, TheCommittedRulesAreWhatIsGenerated) {
  expect_golden("rules/farshore.yml", generate_rules(example()).value());
}

TEST(Generate, TheCommittedPrometheusConfigurationIsWhatIsGenerated) {
  expect_golden("prometheus.yml", generate_prometheus(example(), "us-east").value());
}

TEST(Generate, TheCommittedAlertmanagerConfigurationIsWhatIsGenerated) {
  expect_golden("alertmanager.yml", generate_alertmanager(example()));
}

TEST(Generate, TheCommittedSqlIsWhatIsGenerated) {
  expect_golden("shop.sql", generate_sql(example(), "shop", 15).value());
}

TEST(GenerateRules, QuorumVantagesAndTimesComeFromTheTopology) {
  Topology topology = example();
  topology.vantages.names = {"a.b", "c", "d", "e", "f"};
  topology.detect = {.scrape_interval = 500ms, .for_duration = 90s};
  EXPECT_THAT(generate_rules(topology).value(),
              AllOf(HasSubstr(") >= 3\n"), HasSubstr("vantage=~\"a\\\\.b|c|d|e|f\""),
                    HasSubstr("interval: 500ms"), HasSubstr("for: 90s")));
}

TEST(GenerateRules, WithAQuorumOfOneThereIsNoMinority) {
  Topology topology = example();
  topology.vantages.quorum.fixed = 1;
  EXPECT_THAT(generate_rules(topology).value(), Not(HasSubstr("FarshorePrimaryUnreachableMinority")));
}

TEST(GeneratePrometheus, ARegionWithoutAServerIsNamedWithItsNeighbour) {
  const Result<std::string> text = generate_prometheus(example(), "eu-wst");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(text.error().message, HasSubstr("did you mean 'eu-west'?"));
}

TEST(GeneratePrometheus, AlertmanagersAreGroupedByScheme) {
  Topology topology = example();
  topology.alertmanagers[1].url = "https://am.example:9093";
  EXPECT_THAT(generate_prometheus(topology, "us-east", {.rules_file = "/x/rules.yml"}).value(),
              AllOf(HasSubstr("scheme: https\n      static_configs:\n        - targets:\n            - "
                              "\"am.example:9093\"\n"),
                    HasSubstr("scheme: http\n"), HasSubstr("\"/x/rules.yml\"")));
}

TEST(GenerateAlertmanager, EachActuatorHasARouteOfItsOwn) {
  Topology topology = example();
  topology.actuators = {"10.3.0.2:10188", "10.4.0.2:10188"};
  EXPECT_THAT(
      generate_alertmanager(topology, {.token_file = "/t"}),
      AllOf(HasSubstr("receiver: actuator_1\n"), HasSubstr("receiver: actuator_2\n"),
            HasSubstr("\"http://10.4.0.2:10188/api/v1/alerts\""), HasSubstr("credentials_file: \"/t\"")));
}

TEST(GenerateSql, BeforePostgres15NothingIsGrantedThatCannotBe) {
  for (const int version : {13, 14}) {
    EXPECT_THAT(generate_sql(example(), "shop", version).value(),
                AllOf(Not(HasSubstr("ON PARAMETER")), Not(HasSubstr("GRANT pg_checkpoint")),
                      HasSubstr("\n-- ALTER ROLE \"farshore_actuator\" SUPERUSER;")));
  }
  for (const int version : {15, 16, 17}) {
    EXPECT_THAT(
        generate_sql(example(), "shop", version).value(),
        AllOf(HasSubstr("ON PARAMETER"), HasSubstr("GRANT pg_checkpoint"), Not(HasSubstr("SUPERUSER"))));
  }
}

TEST(GenerateSql, UnknownVersionsAndClustersAreRefused) {
  EXPECT_EQ(generate_sql(example(), "shop", 12).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(generate_sql(example(), "shop", 18).error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(generate_sql(example(), "shpo", 15).error().message, HasSubstr("did you mean 'shop'?"));
}

TEST(GenerateSql, RoleNamesAreThoseOfTheTopologyAndAreQuoted) {
  Topology topology = example();
  topology.clusters[0].servers[0].conninfo = "host=a user='mon\"itor'";
  topology.clusters[0].servers[0].admin->user = "o'brien";
  EXPECT_THAT(generate_sql(topology, "shop", 15).value(),
              AllOf(HasSubstr("CREATE ROLE \"mon\"\"itor\" LOGIN"), HasSubstr("rolname = 'o''brien'"),
                    HasSubstr("CREATE ROLE \"farshore_monitor\" LOGIN")));
}

TEST(GenerateText, DurationsAreNeverFinerThanPrometheusKnows) {
  EXPECT_EQ(prometheus_duration(1s), "1s");
  EXPECT_EQ(prometheus_duration(1500ms), "1500ms");
  EXPECT_EQ(prometheus_duration(nanoseconds(1)), "1ms");
  EXPECT_EQ(prometheus_duration(nanoseconds(0)), "1ms");
}

}  // namespace
}  // namespace farshore
