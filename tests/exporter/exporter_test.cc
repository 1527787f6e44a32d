// The program itself on real servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporter/running_exporter.h"
#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using test::RunningExporter;
using test::Servers;
using test::TempDir;
using test::wait_until;
using testing::HasSubstr;
using testing::Not;

const std::string kP = "server=\"p\"", kS = "server=\"s\"";

TEST(ExporterProgram, ShowsAPairAndAServerThatIsDownInCleanMetrics) {
  const auto primary = PostgresFixture::make_primary();
  const auto standby = primary->make_standby();
  RunningExporter exporter(
      Servers{{"p", primary->conninfo()},
              {"s", standby->conninfo()},
              {"d", fmt::format("host=127.0.0.1 port={} user=x dbname=x", test::free_port())}});
  ASSERT_TRUE(exporter.wait_value("farshore_pg_up", {kP}, 1));
  ASSERT_TRUE(exporter.wait_value("farshore_pg_wal_receiver_streaming", {kS}, 1));
  ASSERT_TRUE(exporter.wait_value("farshore_pg_failure", {"server=\"d\"", "class=\"refused\""}, 1));
  EXPECT_EQ(exporter.value("farshore_pg_in_recovery", {kP}), 0);
  EXPECT_EQ(exporter.value("farshore_pg_in_recovery", {kS}), 1);
  ASSERT_TRUE(exporter.wait_value("farshore_replication_lag_bytes", {kS}, 0));
  EXPECT_TRUE(exporter.wait_value("farshore_replication_lag_seconds", {kS}, 0));
  EXPECT_TRUE(wait_until([&] { return exporter.get("/-/ready").status == 200; }));

  const TempDir folder;
  test::write_file(folder.file("metrics"), exporter.metrics());
  const test::CommandResult check =
      test::run_command({"sh", "-c", "promtool check metrics < " + folder.file("metrics")});
  EXPECT_EQ(check.exit_code, 0) << check.output;
  EXPECT_EQ(check.output, "");
}

TEST(ExporterProgram, ServesItsPagesAndStopsCleanly) {
  RunningExporter exporter(Servers{{"p", "host=127.0.0.1 port=9 user=x dbname=x"}});
  const HttpResponse metrics = exporter.get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(metrics.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(exporter.get("/-/healthy").status, 200);
  EXPECT_THAT(exporter.get("/").body, HasSubstr("<td>p</td>"));
  EXPECT_EQ(exporter.get("/metricsx").status, 404);
  EXPECT_THAT(exporter.get("/probe?target=p").body, HasSubstr("\nprobe_success 0\n"));
  EXPECT_EQ(exporter.get("/probe?target=127.0.0.1:5432").status, 400);
  EXPECT_EQ(exporter.process().stop(SIGTERM), 0);
  EXPECT_THAT(exporter.process().output(), HasSubstr("msg=stopped"));
}

TEST(ExporterProgram, AnswersAndDoesNotGrowWhileAServerIsFrozen) {
  const auto primary = PostgresFixture::make_primary();
  const auto standby = primary->make_standby();
  RunningExporter exporter(Servers{{"p", primary->conninfo()}, {"s", standby->conninfo()}});
  ASSERT_TRUE(exporter.wait_value("farshore_pg_up", {kP}, 1));
  ASSERT_TRUE(exporter.wait_value("farshore_pg_up", {kS}, 1));
  primary->freeze();
  ASSERT_TRUE(exporter.wait_value("farshore_pg_failure", {kP, "class=\"timeout\""}, 1));
  EXPECT_EQ(exporter.value("farshore_pg_up", {kP}), 0);
  EXPECT_EQ(exporter.value("farshore_pg_up", {kS}), 1);
  EXPECT_EQ(exporter.value("farshore_pg_in_recovery", {kP}), std::nullopt);
  const double threads = exporter.value("process_threads").value_or(-1);
  const double fds = exporter.value("process_open_fds").value_or(-1);
  for (int scrape = 0; scrape < 50; ++scrape) {
    EXPECT_LE(exporter.value("process_threads").value_or(1e9), threads);
    EXPECT_LE(exporter.value("process_open_fds").value_or(1e9), fds + 2) << "its attempt and this request";
  }
  EXPECT_EQ(
      standby->sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'farshore-exporter'"),
      "1");
  primary->resume();
  EXPECT_TRUE(exporter.wait_value("farshore_pg_up", {kP}, 1));
}

TEST(ExporterProgram, FollowsAPromotion) {
  const auto primary = PostgresFixture::make_primary();
  const auto standby = primary->make_standby();
  RunningExporter exporter(Servers{{"p", primary->conninfo()}, {"s", standby->conninfo()}});
  ASSERT_TRUE(exporter.wait_value("farshore_pg_in_recovery", {kS}, 1));
  primary->kill();
  ASSERT_TRUE(exporter.wait_value("farshore_pg_failure", {kP, "class=\"refused\""}, 1));
  standby->sql("SELECT pg_promote()");
  EXPECT_TRUE(exporter.wait_value("farshore_pg_in_recovery", {kS}, 0));
  EXPECT_TRUE(exporter.wait_value("farshore_pg_timeline_id", {kS}, 2));
  EXPECT_EQ(exporter.value("farshore_replication_lag_bytes", {kS}), std::nullopt);
}

TEST(ExporterProgram, LagInSecondsGrowsWhileTheStandbyIsCutOff) {
  const auto primary = PostgresFixture::make_primary();
  const auto standby = primary->make_standby();
  RunningExporter exporter(Servers{{"p", primary->conninfo()}, {"s", standby->conninfo()}});
  ASSERT_TRUE(exporter.wait_value("farshore_replication_lag_seconds", {kS}, 0));
  standby->sql("ALTER SYSTEM SET primary_conninfo = ''");
  standby->reload();
  ASSERT_TRUE(exporter.wait_value("farshore_pg_wal_receiver_streaming", {kS}, 0));
  primary->sql("CREATE TABLE t AS SELECT generate_series(1, 1000)");
  ASSERT_TRUE(
      wait_until([&] { return exporter.value("farshore_replication_lag_bytes", {kS}).value_or(0) > 10000; }));
  const double first = exporter.value("farshore_replication_lag_seconds", {kS}).value_or(-1);
  EXPECT_GE(first, 0);
  EXPECT_TRUE(wait_until(
      [&] { return exporter.value("farshore_replication_lag_seconds", {kS}).value_or(0) > first + 0.3; }));
}

TEST(ExporterProgram, RefusesToStartOnAWrongVantageOrFile) {
  const TempDir folder;
  test::write_file(folder.file("good.yml"), test::topology_yaml(Servers{{"p", "host=127.0.0.1 user=x"}}));
  test::write_file(folder.file("bad.yml"), "vantages: 3\n");
  const auto run = [&](const std::string& file, const std::string& vantage) {
    return test::run_command({FARSHORE_EXPORTER, "--config.file", folder.file(file), "--vantage", vantage,
                              "--web.listen-address", "127.0.0.1:0"});
  };
  const test::CommandResult vantage = run("good.yml", "us-west");
  EXPECT_EQ(vantage.exit_code, 1);
  EXPECT_THAT(vantage.output, HasSubstr("us-east, eu-west, eu-central"));
  const test::CommandResult file = run("bad.yml", "us-east");
  EXPECT_EQ(file.exit_code, 1);
  EXPECT_THAT(file.output, HasSubstr("bad.yml:1:"));
}

}  // namespace
}  // namespace farshore
