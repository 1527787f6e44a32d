// What the observer says of servers that refuse, and of names that cannot be found.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "tests/common/postgres/observer_rig.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using test::wait_until;

TEST(Observer, RefusalsOfALivingServerHaveTheirOwnClasses) {
  const auto server = PostgresFixture::make_primary(
      {.name = "primary",
       .port = 0,
       .settings = {"max_connections = 5", "superuser_reserved_connections = 1"},
       .hba = {"host all locked 127.0.0.0/8 scram-sha-256", "host all unlisted 127.0.0.0/8 reject"},
       .start = true});
  server->sql("CREATE ROLE locked LOGIN PASSWORD 'right'");
  server->sql("CREATE ROLE plain LOGIN");
  ServerConfig full = server_config("full", server->conninfo("plain"));
  Observer observer(topology_of({server_config("wrong", server->conninfo("locked", "password=guess")),
                                 server_config("none", server->conninfo("locked", "passfile=/nonexistent")),
                                 server_config("unlisted", server->conninfo("unlisted")),
                                 server_config("tls", server->conninfo("plain", "sslmode=require")),
                                 server_config("nodb", server->conninfo("plain") + " dbname=nope")}),
                    quick_options(), system_clock());
  observer.start();
  EXPECT_TRUE(wait_failure(observer, "wrong", FailureClass::kAuth));
  EXPECT_TRUE(wait_failure(observer, "none", FailureClass::kAuth));
  EXPECT_TRUE(wait_failure(observer, "unlisted", FailureClass::kAuth));
  EXPECT_TRUE(wait_failure(observer, "tls", FailureClass::kTls));
  EXPECT_TRUE(wait_failure(observer, "nodb", FailureClass::kQuery));
  observer.stop();

  // A guest that came while a slot was still being given back was turned away: another comes in its place.
  std::vector<std::unique_ptr<test::ChildProcess>> guests(4);
  ASSERT_TRUE(wait_until(
      [&] {
        for (auto& guest : guests)
          if (!guest || !guest->running())
            guest = std::make_unique<test::ChildProcess>(std::vector<std::string>{
                "psql", "-X", "-d", server->conninfo("plain"), "-c", "SELECT pg_sleep(600)"});
        return server->sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(6%'") ==
               "4";
      },
      30s));
  Observer crowded(topology_of({full}), quick_options(), system_clock());
  crowded.start();
  EXPECT_TRUE(wait_failure(crowded, "full", FailureClass::kTooManyClients));
}

TEST(Observer, StartingUpAndShuttingDownProveLife) {
  const auto primary = PostgresFixture::make_primary();
  const auto standby = primary->make_standby(
      {.name = "standby", .port = 0, .settings = {"hot_standby = off"}, .hba = {}, .start = false});
  standby->start(false);
  test::ChildProcess guest({"psql", "-X", "-d", primary->conninfo(), "-c", "SELECT pg_sleep(600)"});
  ASSERT_TRUE(
      primary->wait_for_sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(6%'", "2"));
  ::kill(primary->postmaster_pid(), SIGTERM);  // smart: waits for the guest, lets nobody else in
  Observer observer(topology_of({server_config("starting", standby->conninfo()),
                                 server_config("stopping", primary->conninfo())}),
                    quick_options(), system_clock());
  observer.start();
  EXPECT_TRUE(wait_failure(observer, "starting", FailureClass::kStartingUp));
  EXPECT_TRUE(wait_failure(observer, "stopping", FailureClass::kShuttingDown));
}

TEST(Observer, ANameWhoseLookUpHangsIsDnsAndHarmsNobodyElse) {
  const auto server = PostgresFixture::make_primary();
  struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
  };
  const auto gate = std::make_shared<Gate>();
  ObserverOptions options = quick_options();
  options.resolve = [gate](const std::string& name) -> Result<std::vector<std::string>> {
    if (name == "broken") return fail(ErrorCode::kUnavailable, "no such name");
    std::unique_lock lock(gate->mutex);
    if (name == "hanging") gate->changed.wait(lock, [&] { return gate->open; });
    return std::vector<std::string>{"127.0.0.1"};
  };
  const auto at = [&](const std::string& host) {
    return server_config(host,
                         fmt::format("host={} port={} user=postgres dbname=postgres", host, server->port()));
  };
  Observer observer(topology_of({at("hanging"), at("broken"), at("good"), at("127.0.0.1")}), options,
                    system_clock());
  observer.start();
  EXPECT_TRUE(wait_failure(observer, "hanging", FailureClass::kDns));
  EXPECT_TRUE(wait_failure(observer, "broken", FailureClass::kDns));
  EXPECT_TRUE(wait_up(observer, "good"));
  EXPECT_TRUE(wait_up(observer, "127.0.0.1"));
  const size_t threads = entries_of("/proc/self/task");
  ASSERT_TRUE(wait_attempts(observer, "hanging", 3));
  EXPECT_LE(entries_of("/proc/self/task"), threads + 1) << "one look-up of a name at a time";
  {
    const std::scoped_lock lock(gate->mutex);
    gate->open = true;
    gate->changed.notify_all();
  }
  EXPECT_TRUE(wait_up(observer, "hanging"));
}

TEST(Observer, AConnectionStringThatCannotBeReadSaysNothingAboutTheServer) {
  const Observer observer(topology_of({server_config("a", "this is none")}), quick_options(), system_clock());
  EXPECT_EQ(look(observer, "a").failure, FailureClass::kDns);
  EXPECT_FALSE(look(observer, "a").failure_text.empty());
}

}  // namespace
}  // namespace farshore
