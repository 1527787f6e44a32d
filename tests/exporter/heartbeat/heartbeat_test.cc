// The heartbeat and the write probe on real servers, with an observer as in the program.
#include "exporter/heartbeat/heartbeat.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "common/postgres/observer.h"
#include "tests/support/small_disk.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using test::wait_until;

constexpr const char* kBeatSessions =
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'farshore-heartbeat'";

// One cluster for each server, all of them in the vantage's region.
Topology topology_of(const std::vector<std::pair<std::string, std::string>>& servers) {
  Topology topology;
  for (const auto& [name, conninfo] : servers) {
    ClusterConfig& cluster = topology.clusters.emplace_back();
    cluster.name = name;
    ServerConfig& server = cluster.servers.emplace_back();
    server.name = name;
    server.region = "us-east";
    server.conninfo = conninfo;
  }
  return topology;
}

class BeatingVantage {
 public:
  explicit BeatingVantage(const std::vector<std::pair<std::string, std::string>>& servers,
                          nanoseconds patience = 60s)
      : topology_(topology_of(servers)),
        heartbeat_(topology_, options(patience), system_clock()),
        observer_(topology_, observer_options(), system_clock()) {
    observer_.on_snapshot([this](const Snapshot& snapshot) { heartbeat_.note(snapshot); });
    heartbeat_.start();
    observer_.start();
  }
  ~BeatingVantage() { observer_.stop(); }

  std::optional<BeatState> state(const std::string& name = "p") const {
    const BeatStates states = heartbeat_.states();
    const BeatState* found = states.find(name, name);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  bool wait_beats(uint64_t more = 3, const std::string& name = "p") const {
    return wait_more(&BeatState::beat, more, name);
  }
  bool wait_probes(uint64_t more = 3, const std::string& name = "p") const {
    return wait_more(&BeatState::probe, more, name);
  }
  bool wait_class(WriteRecord BeatState::* what, WriteFailure failure, const std::string& name = "p") const {
    return wait_until([&] {
      const auto now = state(name);
      return now && ((*now).*what).newest == failure;
    });
  }
  bool wait_gone(const std::string& name = "p") const {
    return wait_until([&] { return !state(name); });
  }

 private:
  static HeartbeatOptions options(nanoseconds patience) {
    HeartbeatOptions options;
    options.vantage = "us-east";
    options.beat = {.interval = 50ms, .timeout = 300ms, .patience = patience, .longest_patience = 1h};
    options.probe = options.beat;
    options.fresh_for = 1s;
    return options;
  }
  static ObserverOptions observer_options() {
    ObserverOptions options;
    options.interval = 50ms;
    options.timeout = 300ms;
    return options;
  }
  bool wait_more(WriteRecord BeatState::* what, uint64_t more, const std::string& name) const {
    const auto successes = [&]() -> uint64_t {
      const auto now = state(name);
      return now ? ((*now).*what).successes : 0;
    };
    const uint64_t before = successes();
    return wait_until([&] { return successes() >= before + more; });
  }

  const Topology topology_;
  Heartbeat heartbeat_;
  Observer observer_;
};

std::string make_monitor(const PostgresFixture& server) {
  server.sql("CREATE ROLE mon LOGIN; GRANT pg_monitor TO mon");
  return server.conninfo("mon");
}

TEST(Heartbeat, MovesTheStandbysReplayTimeOfAnIdlePrimaryWithTheMonitoringRoleAlone) {
  const auto primary = PostgresFixture::make_primary();
  const auto standby = primary->make_standby();
  const BeatingVantage vantage({{"p", make_monitor(*primary)}});
  ASSERT_TRUE(vantage.wait_beats());
  ASSERT_TRUE(vantage.wait_probes(1));
  constexpr const char* kReplayed = "SELECT pg_last_xact_replay_timestamp()";
  ASSERT_TRUE(wait_until([&] { return !standby->sql(kReplayed).empty(); }));
  for (int time = 0; time < 3; ++time) {
    const std::string before = standby->sql(kReplayed);
    EXPECT_TRUE(wait_until([&] { return standby->sql(kReplayed) > before; })) << before;
  }
  EXPECT_EQ(primary->sql(kBeatSessions), "1");
  EXPECT_EQ(standby->sql(kBeatSessions), "0");
  EXPECT_TRUE(vantage.state()->beat.duration && vantage.state()->beat.last_success);
}

TEST(Heartbeat, AReadOnlyPrimaryIsSickAndGetsNothing) {
  const auto primary = PostgresFixture::make_primary();
  const BeatingVantage vantage({{"p", make_monitor(*primary)}});
  ASSERT_TRUE(vantage.wait_beats());
  primary->sql("ALTER SYSTEM SET default_transaction_read_only = on");
  primary->reload();
  ASSERT_TRUE(vantage.wait_class(&BeatState::beat, WriteFailure::kReadOnly));
  ASSERT_TRUE(vantage.wait_class(&BeatState::probe, WriteFailure::kReadOnly));
  constexpr const char* kNextXid = "SELECT pg_snapshot_xmax(pg_current_snapshot())";
  constexpr const char* kAsked =
      "SELECT max(query_start) FROM pg_stat_activity WHERE application_name = 'farshore-heartbeat'";
  const std::string xid = primary->sql(kNextXid), asked = primary->sql(kAsked);
  ASSERT_TRUE(wait_until([&] { return primary->sql(kAsked) > asked; }));
  EXPECT_EQ(primary->sql(kNextXid), xid);
  primary->sql("ALTER SYSTEM RESET default_transaction_read_only");
  primary->reload();
  EXPECT_TRUE(vantage.wait_beats());
  EXPECT_TRUE(vantage.wait_class(&BeatState::probe, WriteFailure::kNone));
}

TEST(Heartbeat, ARoleThatIsReadOnlyByItselfSaysNothingOfTheServer) {
  const auto primary = PostgresFixture::make_primary();
  const std::string conninfo = make_monitor(*primary);
  primary->sql("ALTER ROLE mon SET default_transaction_read_only = on");
  const BeatingVantage vantage({{"p", conninfo}});
  EXPECT_TRUE(vantage.wait_class(&BeatState::probe, WriteFailure::kRoleReadOnly));
  EXPECT_TRUE(vantage.wait_class(&BeatState::beat, WriteFailure::kRoleReadOnly));
}

TEST(Heartbeat, GoesOnWhileEveryCommitWaitsForAStandbyThatIsNotThere) {
  const auto primary = PostgresFixture::make_primary();
  const BeatingVantage vantage({{"p", make_monitor(*primary)}});
  ASSERT_TRUE(vantage.wait_beats(1));
  primary->sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  primary->reload();
  ASSERT_TRUE(primary->wait_for_sql("SHOW synchronous_standby_names", "nobody"));
  EXPECT_THROW(primary->sql("CREATE TABLE t ()", 500ms), std::runtime_error) << "a client's commit hangs";
  ASSERT_TRUE(
      primary->wait_for_sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", "1"));
  EXPECT_TRUE(vantage.wait_beats());
  EXPECT_TRUE(vantage.wait_probes());
}

TEST(Heartbeat, AFrozenServerDelaysNoOtherAndKeepsNoSecondSession) {
  const auto frozen =
      PostgresFixture::make_primary({.name = "a", .port = 0, .settings = {}, .hba = {}, .start = true});
  const auto other =
      PostgresFixture::make_primary({.name = "b", .port = 0, .settings = {}, .hba = {}, .start = true});
  const BeatingVantage vantage({{"a", frozen->conninfo()}, {"b", other->conninfo()}});
  ASSERT_TRUE(vantage.wait_beats(3, "a"));
  ASSERT_TRUE(vantage.wait_probes(3, "b"));
  frozen->freeze();
  ASSERT_TRUE(wait_until([&] {
    const auto newest = vantage.state("a")->beat.newest;
    return newest == WriteFailure::kTimeout || newest == WriteFailure::kSilent;
  }));
  EXPECT_TRUE(vantage.wait_beats(10, "b"));
  EXPECT_TRUE(vantage.wait_probes(10, "b"));
  EXPECT_NE(vantage.state("a")->beat.newest, WriteFailure::kNone);
  frozen->resume();
  EXPECT_TRUE(vantage.wait_beats(3, "a"));
  EXPECT_EQ(frozen->sql(kBeatSessions), "1");
}

// A backend that stands still while the server answers, as one does that waits for its disk.
class StuckBackend : public testing::Test {
 protected:
  void stop_backend() {
    pid = std::stoi(
        primary->sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'farshore-heartbeat'"));
    ASSERT_EQ(kill(pid, SIGSTOP), 0);
  }
  const std::unique_ptr<PostgresFixture> primary = PostgresFixture::make_primary();
  pid_t pid = -1;
};

TEST_F(StuckBackend, IsWaitedForAndNeverDoubled) {
  const BeatingVantage vantage({{"p", primary->conninfo()}});
  ASSERT_TRUE(vantage.wait_beats());
  stop_backend();
  ASSERT_TRUE(vantage.wait_class(&BeatState::beat, WriteFailure::kTimeout));
  EXPECT_TRUE(vantage.wait_probes(20)) << "the other kind of write goes on";
  EXPECT_EQ(primary->sql(kBeatSessions), "1");
  ASSERT_EQ(kill(pid, SIGCONT), 0);
  EXPECT_TRUE(vantage.wait_beats());
  EXPECT_EQ(primary->sql(kBeatSessions), "1");
}

TEST_F(StuckBackend, IsLeftBehindWhenPatienceEnds) {
  const BeatingVantage vantage({{"p", primary->conninfo()}}, 600ms);
  ASSERT_TRUE(vantage.wait_beats());
  stop_backend();
  ASSERT_TRUE(vantage.wait_class(&BeatState::beat, WriteFailure::kTimeout));
  EXPECT_TRUE(vantage.wait_beats()) << "through a new session";
  EXPECT_EQ(primary->sql(kBeatSessions), "2");
}

TEST(Heartbeat, EndsWithDemotionAndNeverReachesTheStandbyThatTheServerBecame) {
  const auto server = PostgresFixture::make_primary();
  const BeatingVantage vantage({{"p", server->conninfo()}});
  ASSERT_TRUE(vantage.wait_beats());
  server->stop();
  test::write_file(server->data_dir() + "/standby.signal", "");
  server->append_settings({"log_statement = all"});
  const size_t before = server->log().size();
  server->start();
  EXPECT_TRUE(vantage.wait_gone());
  ASSERT_TRUE(server->wait_for_sql(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'farshore-exporter'", "1"));
  EXPECT_EQ(server->sql(kBeatSessions), "0");
  EXPECT_EQ(server->log().find("pg_current_xact_id", before), std::string::npos);
}

TEST(Heartbeat, AFullDiskIsFeltByTheProbeAndNotByTheBeat) {
  const auto primary = PostgresFixture::make_primary();
  const std::string conninfo = make_monitor(*primary);
  primary->stop();
  if (!test::move_to_small_disk(*primary, "128m")) GTEST_SKIP() << "cannot mount a tmpfs here";
  primary->start();
  const BeatingVantage vantage({{"p", conninfo}});
  ASSERT_TRUE(vantage.wait_probes());
  test::fill_disk(*primary);
  EXPECT_TRUE(vantage.wait_class(&BeatState::probe, WriteFailure::kDiskFull));
  EXPECT_TRUE(vantage.wait_beats()) << "a commit of some bytes finds room in the WAL that is there";
  test::free_disk(*primary);
  EXPECT_TRUE(vantage.wait_class(&BeatState::probe, WriteFailure::kNone));
}

}  // namespace
}  // namespace farshore
