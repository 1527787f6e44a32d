#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>

#include "tests/common/postgres/observer_rig.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using test::PostgresOptions;
using test::wait_until;

// Follows every published state of one server.
struct StateLog {
  std::mutex mutex;
  std::vector<ServerObservation> states;
  void attach(Observer& observer, std::string server) {
    observer.on_snapshot([this, server](const Snapshot& snapshot) {
      const std::scoped_lock lock(mutex);
      if (const auto* state = snapshot.find(kCluster, server)) states.push_back(*state);
    });
  }
  bool ever_failed() {
    const std::scoped_lock lock(mutex);
    for (const ServerObservation& state : states)
      if (state.attempt_finished && !state.up) return true;
    return false;
  }
};

TEST(Observer, BeforeTheFirstCycleNothingIsClaimed) {
  const Observer observer(topology_of({server_config("a", "host=127.0.0.1 user=x")}), quick_options(),
                          system_clock());
  const auto snapshot = observer.snapshot();
  ASSERT_EQ(snapshot->servers.size(), 1u);
  EXPECT_FALSE(snapshot->servers[0].up || snapshot->servers[0].attempt_started || snapshot->servers[0].facts);
  EXPECT_EQ(snapshot->servers[0].region, "a-region");
}

TEST(Observer, ReadsBothRolesAndKeepsTheirHistory) {
  const auto primary = PostgresFixture::make_primary();
  const auto standby = primary->make_standby();
  primary->sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
  Observer observer(topology_of({server_config("p", primary->conninfo("watcher")),
                                 server_config("s", standby->conninfo("watcher"))}),
                    quick_options(), system_clock());
  ASSERT_TRUE(standby->wait_for_sql("SELECT count(*) FROM pg_roles WHERE rolname = 'watcher'", "1"));
  ASSERT_TRUE(standby->wait_for_sql("SELECT status FROM pg_stat_wal_receiver", "streaming"));
  observer.start();
  ASSERT_TRUE(wait_up(observer, "p"));
  ASSERT_TRUE(wait_up(observer, "s"));

  const ServerFacts p = *look(observer, "p").facts, s = *look(observer, "s").facts;
  EXPECT_FALSE(p.in_recovery);
  EXPECT_TRUE(p.current && p.flush && !p.receive && !p.replay && !p.receiver);
  EXPECT_TRUE(s.in_recovery);
  EXPECT_TRUE(s.receive && s.replay && !s.current && !s.flush);
  ASSERT_TRUE(s.receiver);
  EXPECT_EQ(s.receiver->status, "streaming");
  EXPECT_TRUE(s.receiver->flushed && s.receiver->last_message_age);
  EXPECT_EQ(s.replay_paused, false);
  EXPECT_EQ(p.timeline, 1u);
  EXPECT_EQ(s.timeline, 1u);
  EXPECT_EQ(p.system_identifier, s.system_identifier);
  EXPECT_EQ(p.server_version_num, s.server_version_num);
  EXPECT_GE(p.server_version_num, 130000u);

  ASSERT_TRUE(wait_attempts(observer, "s", 3));
  EXPECT_FALSE(look(observer, "s").attempt_new_session) << "the session is kept";
  EXPECT_GE(observer.history(kCluster, "p").size(), 2u);
  EXPECT_GE(observer.history(kCluster, "s").size(), 2u);
  EXPECT_TRUE(observer.history(kCluster, "nobody").empty());
}

TEST(Observer, AKilledServerIsRefusedAndItsLastFactsRemain) {
  const auto server = PostgresFixture::make_primary();
  Observer observer(topology_of({server_config("a", server->conninfo())}), quick_options(), system_clock());
  observer.start();
  ASSERT_TRUE(wait_up(observer, "a"));
  server->kill();
  ASSERT_TRUE(wait_failure(observer, "a", FailureClass::kRefused));
  const ServerObservation seen = look(observer, "a");
  EXPECT_TRUE(seen.facts && seen.last_success);
  EXPECT_LT(*seen.last_success, *seen.attempt_started);
  server->start();
  EXPECT_TRUE(wait_up(observer, "a"));
}

TEST(Observer, AFrozenServerTimesOutWithoutGrowthAndWithoutHarmToOthers) {
  const auto frozen =
      PostgresFixture::make_primary({.name = "frozen", .port = 0, .settings = {}, .hba = {}, .start = true});
  const auto living =
      PostgresFixture::make_primary({.name = "living", .port = 0, .settings = {}, .hba = {}, .start = true});
  Observer observer(
      topology_of({server_config("frozen", frozen->conninfo()), server_config("living", living->conninfo())}),
      quick_options(), system_clock());
  observer.start();
  ASSERT_TRUE(wait_up(observer, "frozen"));
  ASSERT_TRUE(wait_up(observer, "living"));
  frozen->freeze();
  ASSERT_TRUE(wait_failure(observer, "frozen", FailureClass::kTimeout));
  const size_t fds = entries_of("/proc/self/fd"), threads = entries_of("/proc/self/task");
  const auto living_before = look(observer, "living").attempt_finished;
  ASSERT_TRUE(wait_attempts(observer, "frozen", 10));
  EXPECT_TRUE(look(observer, "frozen").attempt_new_session);
  EXPECT_EQ(look(observer, "frozen").failure, FailureClass::kTimeout);
  EXPECT_LE(entries_of("/proc/self/fd"), fds + 1) << "at most the socket of the attempt under way";
  EXPECT_LE(entries_of("/proc/self/task"), threads);
  EXPECT_TRUE(look(observer, "living").up);
  EXPECT_GT(*look(observer, "living").attempt_finished, *living_before);
  EXPECT_EQ(living->sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'farshore-exporter'"),
            "1");
  frozen->resume();
  EXPECT_TRUE(wait_up(observer, "frozen"));
  EXPECT_TRUE(frozen->wait_for_sql(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'farshore-exporter'", "1"))
      << "abandoned sessions end once the server runs again";
}

TEST(Observer, AFrozenPostmasterIsSilentToNewSessionsOnly) {
  const auto server = PostgresFixture::make_primary();
  Observer observer(topology_of({server_config("a", server->conninfo())}), quick_options(), system_clock());
  observer.start();
  ASSERT_TRUE(wait_up(observer, "a"));
  server->freeze_postmaster();
  ASSERT_TRUE(wait_attempts(observer, "a", 5));
  EXPECT_TRUE(look(observer, "a").up) << "the kept session goes on";
  server->resume();
}

TEST(Observer, AClosedSessionIsReplacedAtOnceAndNeverShownAsDown) {
  const auto server = PostgresFixture::make_primary();
  ObserverOptions options = quick_options();
  options.interval = 1h;  // only the end of the session can begin another attempt
  options.timeout = 10s;
  Observer observer(topology_of({server_config("a", server->conninfo())}), options, system_clock());
  StateLog log;
  log.attach(observer, "a");
  observer.start();
  ASSERT_TRUE(wait_up(observer, "a"));
  const auto first = look(observer, "a").attempt_finished;
  server->sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'farshore-exporter'");
  ASSERT_TRUE(wait_until([&] { return look(observer, "a").attempt_finished != first; }));
  EXPECT_TRUE(look(observer, "a").up);
  EXPECT_TRUE(look(observer, "a").attempt_new_session);
  observer.stop();
  EXPECT_FALSE(log.ever_failed());
}

TEST(Observer, AKilledServerIsNoticedWithoutWaitingForTheInterval) {
  const auto server = PostgresFixture::make_primary();
  ObserverOptions options = quick_options();
  options.interval = 1h;
  Observer observer(topology_of({server_config("a", server->conninfo())}), options, system_clock());
  observer.start();
  ASSERT_TRUE(wait_up(observer, "a"));
  server->kill();
  EXPECT_TRUE(wait_until([&] { return !look(observer, "a").up; }));
}

// Accepts connections and closes them at once, as the postmaster of a dying region does, until it is stopped.
class ClosingServer {
 public:
  ClosingServer() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 16);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~ClosingServer() { stop(); }
  ClosingServer(const ClosingServer&) = delete;
  ClosingServer& operator=(const ClosingServer&) = delete;

  int port() const { return port_; }
  // Nobody listens any more when the client sees its connection closed: its next look begins at once.
  void close_last() {
    const int connection = accept(listener_, nullptr, nullptr);
    stop();
    if (connection >= 0) close(connection);
  }
  void stop() {
    if (listener_ >= 0) close(std::exchange(listener_, -1));
  }

 private:
  int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
};

TEST(Observer, AServerThatClosesWhileItDiesIsLookedAtAgainWithoutWaitingForTheInterval) {
  ClosingServer dying;
  ObserverOptions options = quick_options();
  options.interval = 1h;
  options.timeout = 10s;
  const std::string conninfo =
      fmt::format("host=127.0.0.1 port={} user=postgres dbname=postgres", dying.port());
  Observer observer(topology_of({server_config("a", conninfo)}), options, system_clock());
  observer.start();
  dying.close_last();
  EXPECT_TRUE(wait_failure(observer, "a", FailureClass::kRefused));
}

TEST(Observer, LookNowBeginsAnAttemptOfThatClusterOnly) {
  const auto server = PostgresFixture::make_primary();
  Topology topology = topology_of({server_config("a", server->conninfo())});
  ClusterConfig other;
  other.name = "other";
  other.servers = {server_config("b", server->conninfo())};
  topology.clusters.push_back(other);
  ObserverOptions options = quick_options();
  options.interval = 1h;
  Observer observer(topology, options, system_clock());
  observer.start();
  const auto b = [&] { return *observer.snapshot()->find("other", "b"); };
  ASSERT_TRUE(wait_up(observer, "a") && wait_until([&] { return b().up; }));
  const auto before = look(observer, "a").attempt_finished, b_before = b().attempt_finished;
  observer.look_now(kCluster);
  EXPECT_TRUE(wait_until([&] { return look(observer, "a").attempt_finished != before; }));
  EXPECT_EQ(b().attempt_finished, b_before);
}

TEST(Observer, KeepsNoSessionAfterStop) {
  const auto server = PostgresFixture::make_primary();
  Observer observer(topology_of({server_config("a", server->conninfo())}), quick_options(), system_clock());
  observer.start();
  ASSERT_TRUE(wait_up(observer, "a"));
  observer.stop();
  EXPECT_TRUE(look(observer, "a").up) << "the last snapshot stays";
  EXPECT_TRUE(server->wait_for_sql(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'farshore-exporter'", "0"));
  observer.start();
  const auto before = look(observer, "a").attempt_finished;
  EXPECT_TRUE(wait_until([&] { return look(observer, "a").attempt_finished != before; }));
}

TEST(Observer, APromotionChangesRoleAndTimeline) {
  const auto primary = PostgresFixture::make_primary();
  const auto standby = primary->make_standby();
  Observer observer(topology_of({server_config("s", standby->conninfo())}), quick_options(), system_clock());
  observer.start();
  ASSERT_TRUE(wait_until([&] { return look(observer, "s").up && look(observer, "s").facts->in_recovery; }));
  primary->kill();
  standby->sql("SELECT pg_promote()");
  ASSERT_TRUE(wait_until([&] { return look(observer, "s").up && !look(observer, "s").facts->in_recovery; }));
  EXPECT_EQ(look(observer, "s").facts->timeline, 2u);
  EXPECT_TRUE(look(observer, "s").facts->flush);
}

}  // namespace
}  // namespace farshore
