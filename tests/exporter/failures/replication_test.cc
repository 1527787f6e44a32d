// The stream between a primary and its standby: cut, stopped, delayed, turned around.
#include "common/postgres/session.h"
#include "tests/exporter/failures/fixture.h"

namespace farshore::test {
namespace {

const std::string kStandbyRow = "application_name=\"standby\"";

class Replication : public FailureTest {
 protected:
  // A pair whose stream goes through an address of its own, so that it can be cut alone.
  void make_pair_with_link() {
    make_pair({.name = "primary",
               .port = 0,
               .settings = {"listen_addresses = '127.0.0.1,127.0.0.2'"},
               .hba = {},
               .start = true});
    standby->sql(
        fmt::format("ALTER SYSTEM SET primary_conninfo = "
                    "'host=127.0.0.2 port={} user=postgres application_name=standby'",
                    primary->port()));
    standby->reload();
    ASSERT_TRUE(standby->wait_for_sql("SELECT sender_host || ' ' || status FROM pg_stat_wal_receiver",
                                      "127.0.0.2 streaming"));
    watch_pair();
  }
  static std::vector<std::string> primary_only() {
    return {"farshore_pg_wal_insert_lsn_bytes", "farshore_pg_wal_current_lsn_bytes",
            "farshore_pg_wal_flush_lsn_bytes", "farshore_pg_archiver_failed_total"};
  }
  static std::vector<std::string> standby_only() {
    return {"farshore_pg_wal_receive_lsn_bytes",
            "farshore_pg_wal_replay_lsn_bytes",
            "farshore_pg_wal_receiver_up",
            "farshore_pg_wal_receiver_streaming",
            "farshore_pg_replay_paused",
            "farshore_pg_replay_pause_state",
            "farshore_pg_recovery_min_apply_delay_seconds",
            "farshore_replication_lag_bytes"};
  }
};

TEST_F(Replication, ALinkThatSwallowsEverythingLeavesBothServersUpAndTheLagGrowing) {
  in_network([&] {
    make_pair_with_link();
    add_rule("ip daddr 127.0.0.2 drop; add rule inet test output ip saddr 127.0.0.2");
    write_some();
    expect_growing_lag();
    expect_answers(kP);
    expect_answers(kS);
    EXPECT_EQ(scrape().value("farshore_pg_wal_receiver_streaming", {kS}), 1) << "it does not know yet";
    clear_rules();
    EXPECT_TRUE(
        wait_page([](const Page& page) { return page.value("farshore_replication_lag_bytes", {kS}) == 0; }));
  });
}

TEST_F(Replication, ALinkThatIsResetShowsNoStreamAndTheLagGrowing) {
  in_network([&] {
    make_pair_with_link();
    for (const char* end : {"daddr", "saddr"})  // the resets themselves must pass
      add_rule(fmt::format("tcp flags & rst == 0 ip {} 127.0.0.2", end), "reject with tcp reset");
    write_some();
    expect_growing_lag();
    EXPECT_TRUE(wait_page(
        [](const Page& page) { return page.value("farshore_pg_wal_receiver_streaming", {kS}) == 0; }));
    EXPECT_EQ(scrape().value("farshore_pg_wal_receiver_last_message_age_seconds", {kS}), std::nullopt);
    EXPECT_TRUE(wait_page([](const Page& page) { return page.names_with(kStandbyRow).empty(); }))
        << "the primary knows of no such standby any more";
    EXPECT_EQ(scrape().value("farshore_pg_replication_slot_active", {kP, "slot=\"standby\""}), 0);
    expect_answers(kP);
    expect_answers(kS);
    clear_rules();
    EXPECT_TRUE(
        wait_page([](const Page& page) { return page.value("farshore_replication_lag_bytes", {kS}) == 0; }));
  });
}

TEST_F(Replication, AStandbyThatRestartsWithoutItsPrimaryHasNoReceivedPositionAndNoFalseLag) {
  make_pair();
  watch_pair();
  write_some();
  ASSERT_TRUE(
      wait_page([](const Page& page) { return page.value("farshore_replication_lag_bytes", {kS}) == 0; }));
  primary->kill();
  expect_silent(kP, "refused");
  standby->stop();
  expect_silent(kS, "refused");
  standby->start();
  ASSERT_TRUE(wait_page([](const Page& page) { return page.value("farshore_pg_in_recovery", {kS}) == 1; }));
  for (int time = 0; time < 5; ++time) {
    const Page page = scrape();
    EXPECT_EQ(page.value("farshore_pg_wal_receiver_streaming", {kS}), 0);
    EXPECT_GT(page.value("farshore_pg_wal_replay_lsn_bytes", {kS}).value_or(0), 0);
    const auto received = page.value("farshore_pg_wal_receive_lsn_bytes", {kS});
    EXPECT_TRUE(!received || *received > 0) << "absent until a receiver has been there, never zero";
    EXPECT_EQ(page.value("farshore_replication_lag_seconds", {kS}), std::nullopt);
    EXPECT_LT(page.value("farshore_replication_lag_bytes", {kS}).value_or(0), 16 << 20);
  }
}

TEST_F(Replication, AStandbyWhoseReplayIsPausedHoldsWhatItReceives) {
  make_pair();
  watch_pair();
  standby->sql("SELECT pg_wal_replay_pause()");
  ASSERT_TRUE(standby->wait_for_sql("SELECT pg_get_wal_replay_pause_state()", "paused"));
  write_some();
  EXPECT_TRUE(wait_page([](const Page& page) {
    return page.value("farshore_pg_wal_receive_lsn_bytes", {kS}).value_or(0) >
               page.value("farshore_pg_wal_replay_lsn_bytes", {kS}).value_or(0) + 10000 &&
           page.value("farshore_replication_lag_bytes", {kS}) == 0;
  }));
  expect_answers(kS);
  const Page paused = scrape();
  EXPECT_EQ(paused.value("farshore_pg_replay_paused", {kS}), 1);
  EXPECT_EQ(paused.value("farshore_pg_replay_stalled_seconds", {kS}), std::nullopt);
  EXPECT_THAT(paused.set_to_one("farshore_pg_replay_pause_state", "state", kS),
              testing::ElementsAre("paused"));
  standby->sql("SELECT pg_wal_replay_resume()");
  EXPECT_TRUE(wait_page([](const Page& page) {
    return page.value("farshore_pg_replay_paused", {kS}) == 0 &&
           page.value("farshore_pg_replay_pause_state", {kS, "not_paused"}) == 1 &&
           page.value("farshore_pg_wal_receive_lsn_bytes", {kS}) ==
               page.value("farshore_pg_wal_replay_lsn_bytes", {kS});
  }));
}

TEST_F(Replication, AStandbyWhoseReplayWaitsForAQueryStandsStill) {
  make_pair({}, {"max_standby_streaming_delay = -1"});
  watch_pair();
  write_some();
  ASSERT_TRUE(standby->wait_for_sql("SELECT count(*) FROM t", "1000"));
  const auto stalled = [](const Page& page) {
    return page.value("farshore_pg_replay_stalled_seconds", {kS});
  };
  ASSERT_TRUE(wait_page([&](const Page& page) { return stalled(page) == 0; }));
  const BootTime limit = system_clock().boot_now() + 1min;
  std::optional<PgSession> reader = PgSession::open(standby->conninfo(), {}, limit, system_clock()).value();
  ASSERT_TRUE(reader->query("BEGIN ISOLATION LEVEL REPEATABLE READ", {}, limit));
  ASSERT_TRUE(reader->query("SELECT count(*) FROM t", {}, limit));
  primary->sql("DELETE FROM t");
  primary->sql("VACUUM t");
  write_some();
  EXPECT_TRUE(wait_page([&](const Page& page) { return stalled(page).value_or(0) > 1; }));
  expect_answers(kS);
  reader.reset();
  EXPECT_TRUE(wait_page([&](const Page& page) { return stalled(page) == 0; }));
}

TEST_F(Replication, ADelayedStandbyHoldsWhatItReceives) {
  make_pair({}, {"recovery_min_apply_delay = 1h"});
  watch_pair();
  write_some();  // its commit waits, and what comes after it
  write_some();
  EXPECT_TRUE(wait_page([](const Page& page) {
    return page.value("farshore_pg_wal_receive_lsn_bytes", {kS}).value_or(0) >
               page.value("farshore_pg_wal_replay_lsn_bytes", {kS}).value_or(0) + 10000 &&
           page.value("farshore_replication_lag_bytes", {kS}) == 0;
  }));
  EXPECT_EQ(scrape().value("farshore_pg_recovery_min_apply_delay_seconds", {kS}), 3600);
  EXPECT_EQ(scrape().value("farshore_pg_replay_stalled_seconds", {kS}), std::nullopt);
  EXPECT_EQ(scrape().value("farshore_pg_replay_paused", {kS}), 0);
  expect_answers(kS);
}

TEST_F(Replication, APromotionTurnsEverySeriesAroundAndASiblingFollowsOnTheNewTimeline) {
  make_pair();
  const auto sibling =
      primary->make_standby({.name = "sibling", .port = 0, .settings = {}, .hba = {}, .start = true});
  watch({{"p", primary->conninfo()}, {"s", standby->conninfo()}, {"t", sibling->conninfo()}});
  ASSERT_TRUE(wait_page([](const Page& page) {
    return page.value("farshore_replication_lag_bytes", {kS}) == 0 &&
           page.value("farshore_replication_lag_bytes", {kT}) == 0;
  }));
  primary->kill();
  expect_silent(kP, "refused");
  standby->sql("SELECT pg_promote()");
  ASSERT_TRUE(wait_page([](const Page& page) { return page.value("farshore_pg_timeline_id", {kS}) == 2; }));
  const Page page = scrape();
  EXPECT_EQ(page.value("farshore_pg_in_recovery", {kS}), 0);
  for (const std::string& name : primary_only()) EXPECT_TRUE(page.value(name, {kS}).has_value()) << name;
  for (const std::string& name : standby_only()) EXPECT_EQ(page.value(name, {kS}), std::nullopt) << name;
  EXPECT_EQ(page.value("farshore_pg_timeline_id", {kT}), 1);
  EXPECT_EQ(page.value("farshore_pg_timelines_behind", {kT}), 1);
  EXPECT_EQ(page.value("farshore_pg_timelines_behind", {kS}), std::nullopt);
  // What it holds of the dead primary is more or less than the new one has, and neither is a lag.
  for (const char* name : {"farshore_replication_lag_bytes", "farshore_replication_lag_seconds"})
    EXPECT_EQ(page.value(name, {kT}), std::nullopt) << name;

  standby->sql("SELECT pg_create_physical_replication_slot('sibling')");
  sibling->sql(
      fmt::format("ALTER SYSTEM SET primary_conninfo = '{} application_name=sibling'", standby->conninfo()));
  sibling->reload();
  EXPECT_TRUE(wait_page([](const Page& now) {
    return now.value("farshore_pg_timeline_id", {kT}) == 2 &&
           !now.value("farshore_pg_timelines_behind", {kT}) &&
           now.value("farshore_replication_lag_bytes", {kT}) == 0 &&
           now.value("farshore_replication_lag_seconds", {kT}) == 0 &&
           now.value("farshore_pg_wal_receiver_streaming", {kT}) == 1;
  })) << "before its first restartpoint of that timeline";
  EXPECT_EQ(scrape().value("farshore_pg_in_recovery", {kT}), 1);
  expect_silent(kP, "refused");
}

}  // namespace
}  // namespace farshore::test
