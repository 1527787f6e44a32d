// The observer with everything asked for: details never cost a look.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "common/postgres/fact_details.h"
#include "common/postgres/observer.h"
#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using test::wait_until;

Topology topology_of(const std::string& conninfo) {
  Topology topology;
  ClusterConfig& cluster = topology.clusters.emplace_back();
  cluster.name = "shop";
  ServerConfig& server = cluster.servers.emplace_back();
  server.name = "a";
  server.conninfo = conninfo;
  return topology;
}

ObserverOptions everything() {
  ObserverOptions options;
  options.interval = 500ms;  // half of it is the time of the slow tier
  options.timeout = 2s;
  options.scope = FactScope::kAll;
  return options;
}

ServerObservation look(const Observer& observer) { return observer.snapshot()->servers.at(0); }
bool wait_up(const Observer& observer) {
  return wait_until([&] { return look(observer).up; });
}

TEST(Details, ComeWithEveryLookWhenAskedForAndElseNot) {
  const auto server = PostgresFixture::make_primary();
  Observer all(topology_of(server->conninfo()), everything(), system_clock());
  ObserverOptions spine = everything();
  spine.scope = FactScope::kSpine;
  Observer few(topology_of(server->conninfo()), spine, system_clock());
  all.start();
  few.start();
  ASSERT_TRUE(wait_up(all) && wait_up(few));
  ASSERT_TRUE(look(all).facts->details);
  EXPECT_EQ(look(all).facts->details->read, fact_parts(FactTier::kFast, 150000));
  EXPECT_FALSE(look(few).facts->details);
  const auto first = look(all).attempt_finished;
  ASSERT_TRUE(wait_until([&] { return look(all).attempt_finished != first; }));
  EXPECT_FALSE(look(all).attempt_new_session) << "the session is kept";
}

TEST(Details, ThatTheServerRefusesAreLeftOutPartByPart) {
  const auto server = PostgresFixture::make_primary();
  server->sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
  server->sql("REVOKE EXECUTE ON FUNCTION pg_prepared_xact() FROM public");
  Observer observer(topology_of(server->conninfo("watcher")), everything(), system_clock());
  std::atomic<bool> failed = false;
  observer.on_snapshot([&](const Snapshot& snapshot) {
    const ServerObservation& seen = snapshot.servers.at(0);
    if (seen.attempt_finished && !seen.up) failed = true;
  });
  observer.start();
  ASSERT_TRUE(wait_up(observer));
  EXPECT_TRUE(look(observer).facts->flush) << "the spine, at once";
  FactParts expected = fact_parts(FactTier::kFast, 150000);
  std::erase(expected, FactPart::kPrepared);
  EXPECT_TRUE(wait_until([&] {
    const ServerObservation seen = look(observer);
    return seen.facts->details && seen.facts->details->read == expected;
  }));
  EXPECT_FALSE(failed);
}

TEST(Details, OfTheSlowTierComeBesideTheLooks) {
  const auto server = PostgresFixture::make_primary();
  ObserverOptions options = everything();
  options.slow_interval = 200ms;
  Observer observer(topology_of(server->conninfo()), options, system_clock());
  observer.start();
  std::shared_ptr<const SlowTier> first;
  ASSERT_TRUE(wait_until([&] {
    first = look(observer).slow;
    return first && first->facts && first->late.empty();
  }));
  EXPECT_EQ(first->facts->read, fact_parts(FactTier::kSlow, 150000));
  EXPECT_GT(first->facts->directories->wal_bytes, 0);
  EXPECT_TRUE(wait_until([&] { return look(observer).slow != first; })) << "again after its interval";
  EXPECT_TRUE(look(observer).up);
  EXPECT_FALSE(look(observer).attempt_new_session);
}

// A server whose slow tier never ends; `stubborn`: not even when it is cancelled, as on a disk that hangs.
std::unique_ptr<PostgresFixture> hanging_server(bool stubborn) {
  auto server = PostgresFixture::make_primary(
      {.name = "primary", .port = 0, .settings = {"allow_system_table_mods = on"}, .hba = {}, .start = true});
  server->sql(
      fmt::format("CREATE FUNCTION public.hang() RETURNS void LANGUAGE plpgsql AS "
                  "'BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN {} THEN PERFORM pg_sleep(600); END'",
                  stubborn ? "query_canceled" : "division_by_zero"));
  server->sql(
      "CREATE OR REPLACE VIEW pg_catalog.pg_settings AS SELECT s.* FROM pg_show_all_settings() s, "
      "public.hang()");
  return server;
}

// Looks go on, none fails, and all but the slow tier is there.
void expect_untouched_looks(const PostgresFixture& server, const std::string& slow_failure) {
  ObserverOptions options = everything();
  options.interval = 200ms;
  options.slow_interval = 200ms;
  Observer observer(topology_of(server.conninfo()), options, system_clock());
  std::atomic<int> looks = 0;
  std::atomic<bool> failed = false;
  observer.on_snapshot([&](const Snapshot& snapshot) {
    const ServerObservation& seen = snapshot.servers.at(0);
    if (seen.up) ++looks;
    if (seen.attempt_finished && !seen.up) failed = true;
  });
  observer.start();
  EXPECT_TRUE(wait_until([&] {
    const auto slow = look(observer).slow;
    return slow && slow->failure_text.find(slow_failure) != std::string::npos;
  }));
  const int before = looks;
  EXPECT_TRUE(wait_until([&] { return looks > before + 5; }));
  EXPECT_FALSE(failed);
  EXPECT_TRUE(wait_until([&] {
    const auto details = look(observer).facts->details;
    return details && details->late.empty() && !details->read.empty();
  })) << "all but the slow tier is there";
  const auto slow = look(observer).slow;
  EXPECT_THAT(slow->late, testing::Contains(FactPart::kSettings));
  EXPECT_TRUE(!slow->facts || !slow->facts->settings);
  EXPECT_TRUE(wait_until([&] {
    const auto later = look(observer).slow;
    return later->facts && later->facts->directories && later->facts->oldest_xid_age;
  })) << "what does not hang is there";
}

TEST(Details, ASlowTierThatTakesTooLongIsCancelledAndHarmsNoLook) {
  expect_untouched_looks(*hanging_server(false), "statement timeout");
}

TEST(Details, ASlowTierThatCannotBeCancelledCostsItsSessionAndNoLook) {
  expect_untouched_looks(*hanging_server(true), "no answer in time");
}

TEST(Details, ThatWaitForALockAreDoneWithout) {
  const auto server = PostgresFixture::make_primary();
  const auto standby = server->make_standby();
  server->sql("CREATE TABLE t (n int)");
  Observer observer(topology_of(standby->conninfo()), everything(), system_clock());
  observer.start();
  ASSERT_TRUE(wait_up(observer));
  ASSERT_TRUE(look(observer).facts->details);
  // Replayed on the standby, the lock is held there until the transaction ends here: what VACUUM FULL does.
  test::ChildProcess holder({"psql", "-X", "-d", server->conninfo(), "-c",
                             "BEGIN; LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE; "
                             "SELECT pg_switch_wal(); SELECT pg_sleep(600)"},
                            test::SpawnOptions{});
  EXPECT_TRUE(wait_until([&] {
    const ServerObservation seen = look(observer);
    return seen.up && seen.facts->details && !seen.facts->details->late.empty();
  }));
  EXPECT_THAT(look(observer).facts->details->read, testing::IsEmpty());
  EXPECT_EQ(look(observer).failure, FailureClass::kNone);
  EXPECT_TRUE(look(observer).facts->replay);
  holder.stop(SIGKILL);
}

}  // namespace
}  // namespace farshore
