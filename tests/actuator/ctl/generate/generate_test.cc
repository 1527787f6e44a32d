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
  expect_golden("alertmanager-mutual-tls.yml",
                generate_alertmanager(example(), {.tls_folder = "/etc/alertmanager/farshore"}));
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

// A state is written with every scrape: where that is slow, it is looked for and waited for longer.
TEST(GenerateRules, AStateIsLookedForAsLongAsItTakesToBeWrittenTwice) {
  Topology topology = example();
  topology.detect.scrape_interval = 2s;
  const std::string split_brain =
      "count by (cluster) "
      "(last_over_time(cluster_region_server_state:farshore_pg_state:vantages{state=\"4\"}";
  EXPECT_THAT(generate_rules(topology).value(), HasSubstr(split_brain + "[4s])) > 1\n        for: 7s\n"));
  topology.detect.scrape_interval = 100ms;
  EXPECT_THAT(generate_rules(topology).value(), HasSubstr(split_brain + "[2s])) > 1\n        for: 5s\n"));
}

TEST(GenerateRules, WithAQuorumOfOneThereIsNoMinority) {
  Topology topology = example();
  topology.vantages.quorum.fixed = 1;
  EXPECT_THAT(generate_rules(topology).value(), Not(HasSubstr("FarshorePrimaryUnreachableMinority")));
}

TEST(GenerateRules, WithoutPrometheusServersNothingIsSaidOfThem) {
  Topology topology = example();
  topology.prometheus.servers.clear();
  EXPECT_THAT(generate_rules(topology).value(), Not(HasSubstr("FarshorePrometheusQuorumLost")));
}

TEST(GenerateRules, EveryPlaceholderIsFilledIn) {
  EXPECT_THAT(generate_rules(example()).value(), Not(HasSubstr("${")));
}

TEST(GenerateRules, ClustersOfOneLimitShareATermAndOthersHaveTheirOwn) {
  Topology topology = example();
  for (const char* name : {"crm", "big"}) {
    topology.clusters.push_back(topology.clusters.front());
    topology.clusters.back().name = name;
  }
  topology.clusters.back().failover.max_data_loss = {.bytes = 5, .time = 1500ms};
  EXPECT_THAT(
      generate_rules(topology).value(),
      AllOf(
          HasSubstr("farshore_pg_state:vantages{cluster=~\"big|crm|shop\"}[2s]"),
          HasSubstr("farshore_predicted_loss_bytes:min{cluster=~\"crm|shop\"} <= 16777216\n"),
          HasSubstr("farshore_predicted_loss_bytes:min{cluster=~\"big\"} <= 5\n"),
          HasSubstr("min by (cluster) "
                    "(cluster_region_server:farshore_predicted_loss_seconds:min{cluster=~\"big\"}) > 1.5\n"),
          HasSubstr("farshore_replication_lag_bytes{cluster=~\"big\"}[4s])) > 0.5 * 5\n")));
}

TEST(GenerateRules, ATopologyWithoutRecordsHasNoLimitOfTheirTtl) {
  Topology topology = example();
  topology.clusters.front().traffic.clear();
  EXPECT_THAT(generate_rules(topology).value(), Not(HasSubstr("farshore_dns_ttl")));
}

TEST(GenerateRules, AThresholdCanBeGivenAnotherValue) {
  const RulesOptions options{.thresholds = {"clock_offset_seconds=2.5"}, .runbook_url = "https://wiki/x"};
  EXPECT_THAT(
      generate_rules(example(), options).value(),
      AllOf(HasSubstr("(last_over_time(farshore_vantage_clock_offset_seconds[4s])) > 2.5\n"),
            Not(HasSubstr(" > 0.5\n")), HasSubstr("runbook_url: \"https://wiki/x/FarshoreRunHeld.md\"")));
}

TEST(GenerateRules, AThresholdThatDoesNotExistOrIsNoNumberIsRefused) {
  EXPECT_THAT(generate_rules(example(), {.thresholds = {"clock_ofset_seconds=2"}}).error().message,
              HasSubstr("did you mean 'clock_offset_seconds'?"));
  for (const char* wrong : {"lag_share", "lag_share=", "lag_share=1m", "lag_share=-1", "lag_share=1.2.3",
                            "lag_share=1 or vector(1)", "lag_share=.5"}) {
    const auto rules = generate_rules(example(), {.thresholds = {wrong}});
    ASSERT_FALSE(rules) << wrong;
    EXPECT_EQ(rules.error().code, ErrorCode::kInvalidArgument);
  }
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

TEST(GeneratePrometheus, AMonitoringServerBehindTlsIsScrapedByTls) {
  Topology topology = example();
  topology.prometheus.servers[2].url = "https://prometheus.example:9090";
  EXPECT_THAT(generate_prometheus(topology, "us-east").value(),
              HasSubstr("      - targets:\n          - \"prometheus.example:9090\"\n        labels: "
                        "{__scheme__: https}\n"));
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
