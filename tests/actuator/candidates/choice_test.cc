// Who is promoted, who never: the more advanced of two, and not the diverged, the strange, or those of
// another timeline, however much WAL they hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/actuator/candidates/rig.h"

namespace farshore::test {
namespace {

using testing::HasSubstr;

BootTime soon() { return system_clock().boot_now() + 20s; }

const std::vector<RigStandby> kTwo = {{.name = "shop_eu"},
                                      {.name = "shop_ap", .settings = {}, .priority = 9}};

// A server that was a primary for a while, back in recovery with WAL that nobody else has, and more of it.
void diverge(PostgresFixture& server, bool promoted) {
  server.stop();
  std::filesystem::remove(server.data_dir() + "/standby.signal");
  server.append_settings({"primary_conninfo = ''"});
  if (promoted) write_file(server.data_dir() + "/standby.signal", "");
  server.start();
  if (promoted) server.sql("SELECT pg_promote()");
  server.sql("ALTER SYSTEM RESET primary_conninfo");
  server.sql("CREATE TABLE diverged AS SELECT generate_series(1, 100000) AS n");
  server.stop();
  write_file(server.data_dir() + "/standby.signal", "");
  server.start();
}

// Its position, and that it is the largest of the two standbys.
bool holds_the_most(Rig& rig, const std::string& name) {
  return rig.hands(name).look(soon()).value().facts.held() >
         rig.hands("shop_eu").look(soon()).value().facts.held();
}

void expect_the_other_is_chosen(Rig& rig, const std::string& why_not) {
  ASSERT_TRUE(rig.standby("shop_ap").wait_for_sql("SELECT pg_is_in_recovery()", "t"));
  EXPECT_TRUE(holds_the_most(rig, "shop_ap"));
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_THAT(rig.fact("not_eligible.shop_ap"), HasSubstr(why_not));
  EXPECT_EQ(rig.standby("shop_ap").sql("SELECT pg_is_in_recovery()"), "t");
}

TEST(CandidateChoice, F9b_TheMoreAdvancedStandbyIsPromotedAndTheOtherStreamsFromItThroughItsSlot) {
  Rig rig(kTwo);
  PostgresServer& behind = rig.hands("shop_ap");
  const SavedSettings settings = behind.read_settings(soon()).value();
  ASSERT_TRUE(behind.cut_streams(soon()));
  ASSERT_TRUE(rig.standby("shop_ap").wait_for_sql("SELECT count(*) FROM pg_stat_wal_receiver", "0"));
  rig.primary().sql("CREATE TABLE later AS SELECT generate_series(1, 1000) AS n");
  ASSERT_TRUE(rig.standby().wait_for_sql("SELECT count(*) FROM later", "1000"));
  rig.lose_primary();
  ASSERT_TRUE(behind.restore_settings(settings, soon()));
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_TRUE(rig.reconcile());
  EXPECT_TRUE(rig.streams_from("shop_ap", "shop_eu")) << rig.standby("shop_ap").log();
  EXPECT_EQ(rig.standby("shop_ap").sql("SELECT count(*) FROM later"), "1000");
  EXPECT_EQ(rig.standby().sql("SELECT slot_name, active FROM pg_replication_slots"), "shop_ap|t");
}

// No receiver is what every outage looks like: the primary that starts again must find the streams cut.
TEST(CandidateChoice, F1_F9b_EveryStandbyIsCutInEffectAlthoughTheirReceiversAreGoneAlready) {
  Rig rig(kTwo);
  rig.lose_primary();
  for (const char* name : {"shop_eu", "shop_ap"})
    ASSERT_TRUE(rig.standby(name).wait_for_sql("SELECT count(*) FROM pg_stat_wal_receiver", "0"));
  rig.fail_over_until("choose_candidate");
  rig.primary().start();  // half-dead: it feeds whoever asks
  rig.primary().sql("CREATE TABLE half_dead AS SELECT 1 AS n");
  for (const char* name : {"shop_eu", "shop_ap"}) {
    EXPECT_EQ(rig.standby(name).sql("SHOW primary_conninfo"), "");
    EXPECT_FALSE(
        wait_until([&] { return rig.hands(name).look(soon()).value().facts.receiver.has_value(); }, 1s));
    EXPECT_EQ(rig.standby(name).sql("SELECT to_regclass('half_dead') IS NULL"), "t");
  }
  rig.primary().kill();
  EXPECT_EQ(rig.go_on(), "succeeded") << rig.reason();
}

TEST(CandidateChoice, F9_TheOldPrimaryOfAnotherReignIsNotChosenAlthoughItHoldsTheMostWal) {
  Rig rig(kTwo);
  diverge(rig.standby("shop_ap"), false);
  rig.standby("shop_ap").sql("SELECT 1");
  // As it would be: the reign in force began without it.
  ASSERT_TRUE(rig.hands("shop_us").commit_epoch_row({"shop", 2, "shop_us"}, soon()));
  ASSERT_TRUE(rig.standby().wait_for_sql("SELECT max(epoch) FROM farshore.epoch", "2"));
  rig.reign_again(2);
  ASSERT_TRUE(holds_the_most(rig, "shop_ap"));
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_EQ(rig.run().candidate, "shop_eu");
  EXPECT_THAT(rig.fact("not_eligible.shop_ap"), HasSubstr("does not hold the probe row of epoch 2"));
  EXPECT_EQ(rig.standby("shop_ap").sql("SELECT pg_is_in_recovery()"), "t");
}

TEST(CandidateChoice, F9_AStandbyOfAnotherTimelineIsNotChosenAlthoughItHoldsTheProbeRowAndTheMostWal) {
  Rig rig(kTwo);
  diverge(rig.standby("shop_ap"), true);
  ASSERT_EQ(rig.standby("shop_ap").sql("SELECT max(epoch) FROM farshore.epoch"), "1");
  expect_the_other_is_chosen(rig, "is on timeline 2, the reign is on 1");
}

TEST(CandidateChoice, F9_AStandbyOfAnotherSystemIsNotChosen) {
  Rig rig(kTwo);
  const auto stranger = PostgresFixture::make_primary(
      {.name = "stranger", .port = 0, .settings = {}, .hba = {}, .start = true});
  stranger->sql(rig.roles());
  stranger->sql(
      "INSERT INTO farshore.epoch VALUES ('shop', 1, 'shop_us'); CREATE TABLE big AS SELECT "
      "generate_series(1, 100000) AS n");
  for (int segment = 0; segment < 5; ++segment)
    stranger->sql("SELECT pg_logical_emit_message(true, 'a', 'b'), pg_switch_wal()");
  rig.replace("shop_ap", stranger->make_standby(
                             {.name = "shop_ap", .port = 0, .settings = {}, .hba = {}, .start = true}));
  ASSERT_TRUE(rig.standby("shop_ap").wait_for_sql("SELECT count(*) FROM big", "100000"));
  expect_the_other_is_chosen(rig, "belongs to another system");
}

TEST(CandidateChoice, F9_AStandbyThatNeverHeldTheProbeRowIsHeldWhenItIsTheOnlyOne) {
  Rig rig;
  rig.standby().sql("ALTER SYSTEM SET primary_conninfo = ''");
  rig.standby().reload();
  ASSERT_TRUE(rig.standby().wait_for_sql("SELECT count(*) FROM pg_stat_wal_receiver", "0"));
  ASSERT_TRUE(rig.hands("shop_us").commit_epoch_row({"shop", 2, "shop_us"}, soon()));
  rig.reign_again(2);
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "held");
  EXPECT_THAT(rig.reason(), HasSubstr("shop_eu: does not hold the probe row of epoch 2: it did not follow "
                                      "shop_us, rebuild it"));
  EXPECT_EQ(rig.isolations(), 0u);
  EXPECT_EQ(rig.standby().sql("SELECT pg_is_in_recovery()"), "t");
  EXPECT_FALSE(rig.claimed());
}

}  // namespace
}  // namespace farshore::test
