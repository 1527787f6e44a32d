// The program as a service and as a command: systemd, --once, --config.check.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/world.h"
#include "tests/exporter/running_exporter.h"
#include "tests/support/certificates.h"
#include "tests/support/notify_socket.h"
#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::CommandResult;
using test::PostgresFixture;
using test::RunningExporter;
using test::Servers;
using testing::HasSubstr;
using testing::Not;

TEST(ExporterService, TellsSystemdWhatItIsAt) {
  const test::NotifySocket manager;
  RunningExporter exporter(Servers{{"d", "host=127.0.0.1 port=9 user=x dbname=x"}}, {},
                           {"NOTIFY_SOCKET=" + manager.path(), "WATCHDOG_USEC=300000"});
  EXPECT_TRUE(manager.wait_for("READY=1"));
  EXPECT_EQ(exporter.value("farshore_pg_up", {"server=\"d\""}), 0) << "ready without having looked";
  EXPECT_TRUE(manager.wait_for("WATCHDOG=1"));
  EXPECT_TRUE(manager.wait_for("WATCHDOG=1"));
  exporter.process().signal(SIGHUP);
  EXPECT_TRUE(manager.wait_for("RELOADING=1"));
  EXPECT_TRUE(manager.wait_for("READY=1"));
  EXPECT_EQ(exporter.process().stop(SIGTERM), 0);
  EXPECT_TRUE(manager.wait_for("STOPPING=1"));
}

constexpr const char* kTransactions = "SELECT pg_snapshot_xmax(pg_current_snapshot())";

class ExporterCommand : public testing::Test {
 protected:
  CommandResult run(const std::string& topology, std::vector<std::string> flags,
                    const std::string& standard_error = "2>&1") {
    test::write_file(folder.file("farshore.yml"), topology);
    std::string command =
        FARSHORE_EXPORTER " --config.file " + folder.file("farshore.yml") + " --vantage eu-west";
    for (const std::string& flag : flags) command += " " + flag;
    return test::run_command({"sh", "-c", command + " " + standard_error});
  }
  test::TempDir folder;
};

// Half of the interval is the time of the slow tier: a busy machine must not look like a late server.
std::string unhurried(std::string topology) {
  const std::string hasty = "interval: 100ms, timeout: 300ms";
  return topology.replace(topology.find(hasty), hasty.size(), "interval: 1s, timeout: 1500ms");
}

TEST_F(ExporterCommand, OncePrintsOneFullLookAndNothingElse) {
  const auto primary = PostgresFixture::make_primary(
      {.name = "primary", .port = 0, .settings = {"autovacuum = off"}, .hba = {}, .start = true});
  const auto frozen =
      PostgresFixture::make_primary({.name = "frozen", .port = 0, .settings = {}, .hba = {}, .start = true});
  frozen->freeze();
  const std::string topology = unhurried(test::topology_yaml(
      {{"f", frozen->conninfo()}, {"p", primary->conninfo()}, {"d", "host=127.0.0.1 port=9 user=x dbname=x"}},
      ", heartbeat: 1s"));
  const std::string before = primary->sql(kTransactions);
  CommandResult result;
  ASSERT_TRUE(test::wait_until(
      [&] {
        result = run(topology, {"--once"}, "2>" + folder.file("said"));
        return test::read_file(folder.file("said")).find("not everything was looked at") == std::string::npos;
      },
      60s))
      << "on a busy machine something is late, and it says so: " << test::read_file(folder.file("said"));
  EXPECT_EQ(primary->sql(kTransactions), before) << "this vantage would beat in p's region";
  frozen->resume();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.output.starts_with("# HELP ")) << result.output;
  EXPECT_THAT(result.output, HasSubstr("region=\"eu-west\",server=\"p\",vantage=\"eu-west\"} 1"));
  EXPECT_THAT(result.output, HasSubstr("server=\"f\",vantage=\"eu-west\",class=\"timeout\"} 1"));
  EXPECT_THAT(result.output, HasSubstr("server=\"d\",vantage=\"eu-west\",class=\"refused\"} 1"));
  for (const char* slow : {"farshore_pg_wal_directory_bytes{", "farshore_pg_archive_mode{",
                           "farshore_pg_oldest_transaction_id_age{"})
    EXPECT_THAT(result.output, HasSubstr(slow)) << "read between two looks";
  test::write_file(folder.file("metrics"), result.output);
  const CommandResult check =
      test::run_command({"sh", "-c", "promtool check metrics < " + folder.file("metrics")});
  EXPECT_EQ(check.exit_code, 0) << check.output;
}

// What --once is made of, where the service would write.
TEST_F(ExporterCommand, OneLookHasEverythingAndWritesNowhereWhateverTheHeartbeatSays) {
  const auto primary = PostgresFixture::make_primary(
      {.name = "primary", .port = 0, .settings = {"autovacuum = off"}, .hba = {}, .start = true});
  test::write_file(folder.file("farshore.yml"),
                   unhurried(test::topology_yaml({{"p", primary->conninfo()}}, ", heartbeat: 1s")));
  bool complete = false;
  const auto start = [&](World::Purpose purpose) {
    std::shared_ptr<World> world =
        World::make(load_topology(folder.file("farshore.yml")).value(), "us-east", system_clock()).value();
    world->start(purpose);
    complete = world->wait_first_cycle(World::FirstCycle::kEverything);
    return world;
  };
  const std::string before = primary->sql(kTransactions);
  std::shared_ptr<World> look;
  for (int tries = 0; tries < 5 && !complete; ++tries) look = start(World::Purpose::kOneLook);
  ASSERT_TRUE(complete);
  const ExporterView view = look->view();
  ASSERT_NE(view.servers.at(0).details(), nullptr);
  ASSERT_NE(view.servers.at(0).slow_details(), nullptr) << "it is not left to a later look";
  EXPECT_EQ(view.servers.at(0).slow_details()->read, fact_parts(FactTier::kSlow, 150000));
  EXPECT_FALSE(view.beats.configured);
  const auto& seen = view.snapshot->servers.at(0);
  ASSERT_TRUE(test::wait_until([&] {
    const ServerObservation now = look->view().snapshot->servers.at(0);
    return *now.attempt_finished - *seen.attempt_finished > 2s;
  })) << "time for two beats";
  EXPECT_EQ(primary->sql(kTransactions), before);
  look->stop();
  const auto service = start(World::Purpose::kService);
  EXPECT_TRUE(test::wait_until([&] { return primary->sql(kTransactions) != before; }))
      << "it would beat here";
}

TEST_F(ExporterCommand, OnceAndCheckFailWhenTheConfigurationIsBad) {
  for (const char* flag : {"--once", "--config.check"}) {
    const CommandResult bad = run("vantages: 3\n", {flag});
    EXPECT_EQ(bad.exit_code, 1) << flag;
    EXPECT_THAT(bad.output, HasSubstr("farshore.yml:1:")) << flag;
    const CommandResult server =
        run(test::topology_yaml({{"p", "host=127.0.0.1 user=x"}}), {flag, "--server", "q"});
    EXPECT_EQ(server.exit_code, 1) << flag;
    EXPECT_THAT(server.output, HasSubstr("has no server 'q'")) << flag;
  }
}

TEST_F(ExporterCommand, CheckReadsTheWebConfigurationToo) {
  test::write_file(folder.file("web.yml"), "tls_server_config: {cert_fill: x}\n");
  const CommandResult bad = run(test::topology_yaml({{"p", "host=127.0.0.1 user=x"}}),
                                {"--config.check", "--web.config.file", folder.file("web.yml")});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.output, HasSubstr("web.yml:1:"));
}

class ExporterCheck : public ExporterCommand {
 protected:
  // On a good topology; what stands in `web` is the file of --web.config.file, empty: there is none.
  CommandResult check(std::vector<std::string> flags, const std::string& web = "") {
    flags.emplace_back("--config.check");
    if (!web.empty()) {
      test::write_file(ca_.folder().file("web.yml"), web);
      flags.push_back("--web.config.file=" + ca_.folder().file("web.yml"));
    }
    return run(test::topology_yaml({{"p", "host=nowhere.invalid user=x"}}), std::move(flags));
  }
  void expect_refused(const CommandResult& result, const std::string& why) {
    EXPECT_EQ(result.exit_code, 1) << result.output;
    EXPECT_THAT(result.output, HasSubstr(why));
    EXPECT_THAT(result.output, Not(HasSubstr("is good")));
  }
  test::CertificateAuthority ca_;
};

TEST_F(ExporterCheck, RefusesAddressesAndPathsThatCannotBeServed) {
  for (const char* address : {"127.0.0.1:99999", "example.com:80", "10187"})
    expect_refused(check({"--web.listen-address", address}), address);
  for (const char* path : {"metrics", "/", "/-/metrics"})
    expect_refused(check({"--web.telemetry-path", path}), "--web.telemetry-path=");
  expect_refused(check({"--web.telemetry-path", "/probe"}), "/probe");
  expect_refused(check({"--server", "p", "--web.telemetry-path", "/primary"}), "/primary");
  EXPECT_EQ(check({"--web.telemetry-path", "/primary"}).exit_code, 0) << "it is free without --server";
}

TEST_F(ExporterCheck, RefusesCertificatesThatCannotBeServed) {
  const auto tls = [](const std::string& certificate, const std::string& key) {
    return "tls_server_config: {cert_file: " + certificate + ", key_file: " + key + "}\n";
  };
  ca_.issue("server");
  ca_.issue("other");
  expect_refused(check({}, tls("gone.pem", "server.key")), "gone.pem cannot be read");
  expect_refused(check({}, tls("server.pem", "other.key")), "is not that of the certificate");
  expect_refused(check({"--web.haproxy=/nowhere/haproxy"}, tls("server.pem", "server.key")),
                 "--web.haproxy=/nowhere/haproxy");
  const std::string weak = ca_.folder().file("weak");
  const CommandResult made =
      test::run_command({"openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=localhost",
                         "-days", "2", "-keyout", weak + ".key", "-out", weak + ".pem"});
  ASSERT_EQ(made.exit_code, 0) << made.output;
  expect_refused(check({}, tls("weak.pem", "weak.key")), "haproxy");
  const CommandResult good = check({}, tls("server.pem", "server.key"));
  EXPECT_EQ(good.exit_code, 0) << good.output;
}

TEST_F(ExporterCheck, RefusesNothingBecauseAnAddressIsTaken) {
  const RunningExporter running(Servers{{"d", "host=127.0.0.1 port=9 user=x dbname=x"}});
  const CommandResult good = check({fmt::format("--web.listen-address=127.0.0.1:{}", running.port())});
  EXPECT_EQ(good.exit_code, 0) << "it is checked before the reload of the very service: " << good.output;
}

TEST_F(ExporterCommand, CheckConnectsToNothing) {
  const CommandResult good =
      run(test::topology_yaml({{"p", "host=nowhere.invalid user=x"}}), {"--config.check"});
  EXPECT_EQ(good.exit_code, 0) << good.output;
  EXPECT_THAT(good.output, HasSubstr("the configuration is good"));
  EXPECT_THAT(good.output, Not(HasSubstr("msg=")));
}

}  // namespace
}  // namespace farshore
