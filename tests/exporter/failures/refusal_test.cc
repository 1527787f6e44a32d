// Servers that answer, and say no: alive, whatever it is that they refuse.
#include "tests/exporter/failures/fixture.h"

namespace farshore::test {
namespace {

class Refusal : public FailureTest {};

TEST_F(Refusal, AWrongPasswordIsAuth) {
  primary = PostgresFixture::make_primary({.name = "primary",
                                           .port = 0,
                                           .settings = {},
                                           .hba = {"host all mon 127.0.0.0/8 scram-sha-256"},
                                           .start = true});
  primary->sql("CREATE ROLE mon LOGIN PASSWORD 'right'; GRANT pg_monitor TO mon");
  const TempDir folder;
  write_file(folder.file("pgpass"), "*:*:*:mon:wrong\n", 0600);
  watch({{"p", primary->conninfo("mon", "passfile=" + folder.file("pgpass"))}});
  expect_silent(kP, "auth");
  EXPECT_THAT(exporter->process().output(), testing::Not(testing::HasSubstr("wrong")));
  write_file(folder.file("pgpass"), "*:*:*:mon:right\n", 0600);
  EXPECT_TRUE(wait_up(kP));
}

TEST_F(Refusal, AServerWithoutAFreeConnectionHasTooManyClients) {
  primary = PostgresFixture::make_primary(
      {.name = "primary",
       .port = 0,
       .settings = {"max_connections = 6", "superuser_reserved_connections = 3", "max_wal_senders = 0"},
       .hba = {},
       .start = true});
  primary->sql("CREATE ROLE mon LOGIN; GRANT pg_monitor TO mon");
  std::vector<std::unique_ptr<ChildProcess>> clients;
  for (int client = 0; client < 4; ++client)  // superusers: nobody else would be let in at last
    clients.push_back(std::make_unique<ChildProcess>(
        std::vector<std::string>{"psql", "-X", "-d", primary->conninfo(), "-c", "SELECT pg_sleep(600)"}));
  ASSERT_TRUE(primary->wait_for_sql(
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'", "4"));
  watch({{"p", primary->conninfo("mon")}});
  expect_silent(kP, "too_many_clients");
  primary->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'");
  EXPECT_TRUE(wait_up(kP));
}

TEST_F(Refusal, AServerThatIsStartingUpIsNeitherUpNorSilent) {
  make_pair();
  standby->stop();
  standby->append_settings({"hot_standby = off"});  // it goes on starting up for as long as it is a standby
  standby->start(false);
  watch({{"p", primary->conninfo()}, {"s", standby->conninfo()}});
  expect_silent(kS, "starting_up");
  EXPECT_TRUE(wait_up(kP));
  standby->stop();
  standby->append_settings({"hot_standby = on"});
  standby->start();
  EXPECT_TRUE(
      wait_page([](const Page& page) { return page.value("farshore_replication_lag_bytes", {kS}) == 0; }));
}

TEST_F(Refusal, AServerThatIsShuttingDownSaysSoUntilItsLastSessionEnds) {
  primary = PostgresFixture::make_primary();
  ChildProcess client({"psql", "-X", "-d", primary->conninfo(), "-c", "SELECT pg_sleep(600)"});
  ASSERT_TRUE(primary->wait_for_sql(
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'", "1"));
  kill(primary->postmaster_pid(), SIGTERM);  // smart: waits for the client
  watch({{"p", primary->conninfo()}});
  expect_silent(kP, "shutting_down");
  client.stop(SIGKILL);
  primary->kill();
  expect_silent(kP, "refused");
}

}  // namespace
}  // namespace farshore::test
