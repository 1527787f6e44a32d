// A real HAProxy with the configuration of examples/haproxy in front of two PostgreSQL servers, through a
// failover.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporter/running_exporter.h"
#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::ChildProcess;
using test::CommandResult;
using test::PostgresFixture;
using test::run_command;
using test::RunningExporter;
using test::Servers;
using test::wait_until;
using testing::HasSubstr;

// The example's rows with the ports of these servers.
std::string start_down(int us_port, int eu_port) {
  std::istringstream rows(test::read_file(FARSHORE_SOURCE_DIR "/examples/haproxy/start-down.state"));
  std::string text;
  for (std::string row; std::getline(rows, row);) {
    const int port = row.find(" shop-us ") != std::string::npos ? us_port : eu_port;
    if (const size_t at = row.find(" 5432 "); at != std::string::npos)
      row.replace(at, 6, fmt::format(" {} ", port));
    text += row + "\n";
  }
  return text;
}

class HaproxyTest : public testing::Test {
 protected:
  HaproxyTest() {
    us->sql("CREATE TABLE written (id int)");
    test::write_file(folder.file("start-down.state"), start_down(us->port(), eu->port()));
    start_haproxy();
  }
  ~HaproxyTest() override {
    if (HasFailure()) ADD_FAILURE() << haproxy->output() << exporter.process().output();
  }

  void start_haproxy() {
    const std::vector<std::string> environment = {fmt::format("WRITE_ADDRESS=127.0.0.1:{}", write_port),
                                                  fmt::format("READ_ADDRESS=127.0.0.1:{}", read_port),
                                                  fmt::format("SHOP_US=127.0.0.1:{}", us->port()),
                                                  fmt::format("SHOP_EU=127.0.0.1:{}", eu->port()),
                                                  "START_DOWN=" + folder.file("start-down.state"),
                                                  "EXPORTER_HOST=127.0.0.1",
                                                  fmt::format("EXPORTER_PORT={}", exporter.port())};
    haproxy = std::make_unique<ChildProcess>(
        std::vector<std::string>{"haproxy", "-db", "-f", FARSHORE_SOURCE_DIR "/examples/haproxy/haproxy.cfg"},
        test::SpawnOptions{.output_file = folder.file(fmt::format("haproxy-{}.log", ++starts)),
                           .environment = environment,
                           .run_as = "",
                           .death_signal = 9});
  }

  // A new connection through HAProxy; empty when there is no server for it.
  static std::string through(int port, const std::string& sql) {
    const CommandResult result = run_command(
        {"psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql,
         fmt::format("host=127.0.0.1 port={} dbname=postgres user=postgres connect_timeout=5", port)});
    return result.exit_code == 0 ? result.output.substr(0, result.output.find('\n')) : "";
  }
  static std::string server_behind(int port) { return through(port, "SELECT inet_server_port()"); }
  static bool leads_to(int port, const PostgresFixture& server) {
    return wait_until([&] { return server_behind(port) == std::to_string(server.port()); }, 20s);
  }
  // Writes so many numbers through the write port, each until it is acknowledged.
  void write(int times) {
    for (int i = 0; i < times; ++i)
      EXPECT_TRUE(wait_until([&] {
        const std::string id = std::to_string(++last_id);
        const bool done = through(write_port, "INSERT INTO written VALUES (" + id + ") RETURNING id") == id;
        if (done) acknowledged += (acknowledged.empty() ? "" : ",") + id;
        return done;
      }));
  }
  std::string why_not_primary(const std::string& server) const {
    const HttpResponse answer = exporter.get("/server/" + server + "/primary");
    return answer.status == 503 ? answer.body : "";
  }

  std::unique_ptr<PostgresFixture> us = PostgresFixture::make_primary();
  std::unique_ptr<PostgresFixture> eu = us->make_standby();
  RunningExporter exporter{test::patient_topology({{"shop-us", us->conninfo()}, {"shop-eu", eu->conninfo()}}),
                           "eu-west"};
  test::TempDir folder;
  int write_port = test::free_port(), read_port = test::free_port(), last_id = 0, starts = 0;
  std::string acknowledged;  // "1,2,5"
  std::unique_ptr<ChildProcess> haproxy;
};

TEST_F(HaproxyTest, WritesReachThePrimaryAloneThroughAFailoverAndItsStaleReturn) {
  ASSERT_TRUE(leads_to(write_port, *us));
  write(5);
  const std::string before = us->sql("SELECT count(*) FROM written");
  ASSERT_TRUE(eu->wait_for_sql("SELECT count(*) FROM written", before));

  us->kill();
  eu->sql("SELECT pg_promote()");
  ASSERT_TRUE(leads_to(write_port, *eu));
  write(5);

  us->start();  // nobody told it: it takes writes, on its old timeline
  ASSERT_EQ(us->sql("SELECT pg_is_in_recovery()"), "f");
  ASSERT_TRUE(wait_until([&] { return exporter.get("/server/shop-us/health").status == 200; }));
  EXPECT_THAT(why_not_primary("shop-us"), HasSubstr("it lost its role"));
  for (int i = 0; i < 20; ++i) {
    write(1);
    EXPECT_THAT(why_not_primary("shop-us"), HasSubstr("it lost its role"));
  }
  EXPECT_EQ(us->sql("SELECT count(*) FROM written"), before) << "a lost primary was written to";
  EXPECT_EQ(
      eu->sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM written WHERE id IN (" + acknowledged + ")"),
      acknowledged);
  EXPECT_EQ(us->sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql' AND pid <> "
                    "pg_backend_pid()"),
            "0");
}

TEST_F(HaproxyTest, ReadsReachStandbysThatKeepUp) {
  ASSERT_TRUE(leads_to(read_port, *eu));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(server_behind(read_port), std::to_string(eu->port()));
  eu->sql("SELECT pg_wal_replay_pause()");
  us->sql(
      "SELECT count(pg_logical_emit_message(false, 'x', repeat('x', 1000000))) FROM generate_series(1, 20)");
  ASSERT_TRUE(wait_until([&] { return server_behind(read_port).empty(); }));
  EXPECT_EQ(exporter.get("/server/shop-eu/replica").status, 200);
  const HttpResponse behind = exporter.get("/server/shop-eu/replica?lag=16MB");
  EXPECT_EQ(behind.status, 503);
  EXPECT_THAT(behind.body, HasSubstr("behind 'shop-us'"));
  eu->sql("SELECT pg_wal_replay_resume()");
  EXPECT_TRUE(leads_to(read_port, *eu));
}

TEST_F(HaproxyTest, NoServerIsUsedBeforeTheExporterHasSaidSo) {
  ASSERT_TRUE(leads_to(write_port, *us));
  exporter.process().signal(SIGSTOP);  // its first checks wait for their deadline
  haproxy->stop(SIGTERM);
  start_haproxy();
  ASSERT_TRUE(haproxy->wait_for_output("Server read/shop-eu is DOWN, changed from server-state"));
  EXPECT_EQ(server_behind(write_port), "");
  EXPECT_EQ(server_behind(read_port), "");
  exporter.process().signal(SIGCONT);
  EXPECT_TRUE(leads_to(write_port, *us));
}

TEST_F(HaproxyTest, WithoutTheExporterNobodyGetsTraffic) {
  ASSERT_TRUE(leads_to(write_port, *us));
  exporter.process().stop(SIGTERM);
  EXPECT_TRUE(wait_until([&] { return server_behind(write_port).empty(); }));
}

TEST(HealthEndpoints, OfTheProgramAnswerGetHeadAndOptionsAlike) {
  const auto primary = PostgresFixture::make_primary();
  RunningExporter exporter(Servers{{"p", primary->conninfo()}}, {"--server", "p"});
  ASSERT_TRUE(wait_until([&] { return exporter.get("/primary").status == 200; }));
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    EXPECT_EQ(exporter.ask(method, "/primary").status, 200) << method;
    EXPECT_EQ(exporter.ask(method, "/replica").status, 503) << method;
    EXPECT_EQ(exporter.ask(method, "/server/p/read-only?lag=1MB").status, 200) << method;
    EXPECT_EQ(exporter.ask(method, "/server/x/primary").status, 404) << method;
    EXPECT_EQ(exporter.ask(method, "/replica?lag=1MiB").status, 400) << method;
  }
  EXPECT_THAT(exporter.get("/primary").body, HasSubstr(R"("role":"primary")"));
  EXPECT_EQ(exporter.ask("OPTIONS", "/primary").body, "");
  EXPECT_EQ(exporter.ask("POST", "/primary").status, 405);
  EXPECT_THAT(exporter.get("/").body, HasSubstr("Farshore exporter")) << "the landing page, not a check";
}

}  // namespace
}  // namespace farshore
