// The heartbeat in the program: opted in by the topology, moved by a promotion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/exporter/running_exporter.h"
#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using test::RunningExporter;
using test::Servers;
using test::wait_until;
using testing::HasSubstr;
using testing::Not;

const std::string kP = "server=\"p\"", kS = "server=\"s\"";
constexpr const char* kWriters =
    "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('farshore-heartbeat', "
    "'farshore-write-probe')";

TEST(HeartbeatProgram, WritesNothingUnlessItIsOptedIn) {
  const auto primary = PostgresFixture::make_primary();
  const std::string before = primary->sql("SELECT pg_snapshot_xmax(pg_current_snapshot())");
  const RunningExporter exporter(test::topology_yaml({{"p", primary->conninfo()}}), "us-east");
  ASSERT_TRUE(exporter.wait_value("farshore_pg_up", {kP}, 1));
  ASSERT_TRUE(exporter.wait_value("farshore_pg_in_recovery", {kP}, 0));
  EXPECT_THAT(exporter.metrics(), Not(HasSubstr("farshore_heartbeat")));
  EXPECT_THAT(exporter.metrics(), Not(HasSubstr("farshore_pg_writable")));
  EXPECT_EQ(primary->sql(kWriters), "0");
  EXPECT_EQ(primary->sql("SELECT pg_snapshot_xmax(pg_current_snapshot())"), before);
}

TEST(HeartbeatProgram, AReloadBringsItAndTakesItAway) {
  const auto primary = PostgresFixture::make_primary();
  const Servers servers{{"p", primary->conninfo()}};
  RunningExporter exporter(test::topology_yaml(servers), "us-east");
  ASSERT_TRUE(exporter.wait_value("farshore_pg_up", {kP}, 1));
  exporter.configure(test::topology_yaml(servers, ", heartbeat: 1s"));
  exporter.process().signal(SIGHUP);
  EXPECT_TRUE(exporter.wait_value("farshore_heartbeat_success", {kP}, 1));
  EXPECT_EQ(primary->sql(kWriters), "2");
  exporter.configure(test::topology_yaml(servers));
  exporter.process().signal(SIGHUP);
  EXPECT_TRUE(primary->wait_for_sql(kWriters, "0"));
  EXPECT_TRUE(
      wait_until([&] { return exporter.metrics().find("farshore_heartbeat_") == std::string::npos; }));
}

TEST(HeartbeatProgram, APromotionMovesTheBeatToTheOtherRegionsExporter) {
  const auto primary = PostgresFixture::make_primary();
  const auto standby = primary->make_standby();
  const Servers servers{{"p", primary->conninfo()}, {"s", standby->conninfo()}};
  const std::string topology = test::topology_yaml(servers, ", heartbeat: 1s");
  const RunningExporter us(topology, "us-east"), eu(topology, "eu-west");
  ASSERT_TRUE(us.wait_value("farshore_heartbeat_success", {kP}, 1));
  ASSERT_TRUE(us.wait_value("farshore_pg_writable", {kP}, 1));
  ASSERT_TRUE(
      wait_until([&] { return eu.value("farshore_heartbeat_replayed_age_seconds", {kS}).has_value(); }));
  EXPECT_THAT(eu.metrics(), Not(HasSubstr("farshore_heartbeat_success{")));
  EXPECT_EQ(standby->sql(kWriters), "0");
  EXPECT_EQ(us.promtool_complaints(), "");

  primary->kill();
  ASSERT_TRUE(us.wait_value("farshore_heartbeat_failure", {kP, "class=\"silent\""}, 1));
  EXPECT_EQ(us.value("farshore_heartbeat_success", {kP}), 0);
  EXPECT_EQ(us.value("farshore_pg_writable", {kP}), std::nullopt);
  standby->sql("SELECT pg_promote()");
  EXPECT_TRUE(eu.wait_value("farshore_heartbeat_success", {kS}, 1));
  EXPECT_TRUE(eu.wait_value("farshore_pg_writable", {kS}, 1));
  EXPECT_TRUE(wait_until([&] { return us.metrics().find("farshore_heartbeat_") == std::string::npos; }));
  EXPECT_EQ(eu.value("farshore_heartbeat_replayed_age_seconds", {kS}), std::nullopt);

  primary->start();
  ASSERT_TRUE(us.wait_value("farshore_pg_in_recovery", {kP}, 0));
  EXPECT_TRUE(eu.wait_value("farshore_heartbeat_success", {kS}, 1));
  EXPECT_EQ(primary->sql(kWriters), "0") << "the old primary is not written to";
  EXPECT_THAT(us.metrics(), Not(HasSubstr("farshore_heartbeat_")));
}

}  // namespace
}  // namespace farshore
