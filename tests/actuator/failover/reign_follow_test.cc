// Standbys and hooks after a failover: those that were away, those that fail.
#include "actuator/failover/settings_text.h"
#include "tests/actuator/failover/reign_care.h"

namespace farshore::simulation {
namespace {

TEST_F(ReignCare, ALostPrimaryThatComesBackWhileDnsIsPublishedIsFencedWithinSecondsAndStandbysAreLed) {
  world.dns_publishes_in = 80s;
  world.dns_settles_within = 90s;
  lose_primary();
  world.run_for(15s);
  ASSERT_EQ(world.last_run()->state, RunState::kRunning);
  EXPECT_EQ(world.server("shop-ap").rows.back().epoch, 2);
  world.return_primary();
  world.run_for(8s);
  EXPECT_TRUE(world.server("shop-us").fenced) << "not only when the record is published";
  world.run_for(80s);
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded);
}

TEST_F(ReignCare, ADayWithoutTheOtherStandbyCostsTheJournalALine) {
  world.run_for(5s);
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.tick();
  // It was cut, and then its region went too.
  world.server("shop-ap").cut_off = true;
  world.server("shop-ap").primary_conninfo.clear();
  RunRecord run = *world.last_run();
  ASSERT_EQ(run.state, RunState::kSucceeded);
  StepRecord again{run.id, 0, 1, "follow", StepEvent::kFailed, world.clock.wall_now(), "not following yet",
                   {}};
  again.facts["saved.shop-ap"] =
      settings_to_text({{"primary_conninfo", "host=shop-us user=replicator"}, {"restore_command", ""}});
  ASSERT_TRUE(world.journal.record_step(again));
  world.restart_process();
  world.run_for(1min);
  const size_t before = lines();
  world.run_for(2h);
  EXPECT_EQ(lines(), before);
  world.server("shop-ap").cut_off = false;
  world.run_for(3min);
  EXPECT_EQ(world.server("shop-ap").primary_conninfo, "host=shop-eu user=replicator");
}

TEST_F(ReignCare, AStandbyThatWasAwayFollowsWhenItComesBack) {
  world.run_for(5s);
  world.server("shop-ap").cut_off = true;
  lose_primary();
  world.run_for(10s);
  ASSERT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
  const size_t before = lines();
  world.run_for(1h);
  EXPECT_EQ(lines(), before) << "nobody waits for one that is away";
  EXPECT_FALSE(world.server("shop-eu").slots.contains("ap-south")) << "its slot would keep WAL for ever";
  world.server("shop-ap").cut_off = false;
  world.run_for(20s);
  EXPECT_EQ(world.server("shop-ap").primary_conninfo, "host=shop-eu user=replicator");
  EXPECT_EQ(world.server("shop-ap").rows.back().epoch, 2);
  EXPECT_TRUE(world.server("shop-eu").slots.contains("ap-south"));
}

TEST_F(ReignCare, AStandbyThatWasAwayAndIsTakenCareOfBySomebodyElseIsLeftAlone) {
  world.run_for(5s);
  world.server("shop-ap").cut_off = true;
  lose_primary();
  world.run_for(10s);
  SimServer& away = world.server("shop-ap");
  away.primary_conninfo = "host=shop-eu user=somebody";
  away.slot_name.clear();
  away.cut_off = false;
  world.run_for(20s);
  EXPECT_EQ(away.primary_conninfo, "host=shop-eu user=somebody");
  EXPECT_EQ(away.rows.back().epoch, 2);
}

TEST_F(ReignCare, AHookThatFailsIsAskedAgainAndTheOthersWereNotHeldUp) {
  world.hooks_work = false;
  lose_primary();
  world.run_for(30s);
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
  ASSERT_EQ(open(Kind::kHook).size(), 2u);
  EXPECT_EQ(open(Kind::kHook).front().name, "env");
  EXPECT_EQ(open(Kind::kHook).front().why, "act: exit 1");
  EXPECT_TRUE(told("not in force yet: env: act: exit 1; pooler: act: exit 1"));
  world.hooks_work = true;
  world.run_for(70s);
  EXPECT_TRUE(open(Kind::kHook).empty());
  EXPECT_EQ(world.hook_acts, (std::vector<std::string>{"env@2", "pooler@2"}));
  EXPECT_EQ(world.clients["pooler"], "shop-eu");
}

TEST_F(ReignCare, AHookThatWasInForceIsNotAskedAgainInThisReign) {
  fail_over();
  ASSERT_EQ(world.hook_acts.size(), 2u);
  world.clients["env"] = "somebody's choice";
  world.restart_process();
  world.run_for(5min);
  EXPECT_EQ(world.clients["env"], "somebody's choice");
  EXPECT_EQ(world.hook_acts.size(), 2u);
}

TEST_F(ReignCare, AHookThatIsAddedToTheTopologyLaterIsNotAskedForAReignThatBeganWithoutIt) {
  fail_over();
  HookConfig late;
  late.name = "late";
  world.config.hooks.push_back(late);
  world.restart_process();
  world.run_for(5min);
  EXPECT_EQ(world.hook_acts.size(), 2u);
  EXPECT_TRUE(open(Kind::kHook).empty());
}

TEST_F(ReignCare, HooksWaitForTrafficBecauseWhatTheyRestartWouldLookItUpTooEarly) {
  world.dns_works = false;
  lose_primary();
  world.run_for(30s);
  EXPECT_TRUE(world.hook_acts.empty());
  world.dns_works = true;
  world.run_for(20s);
  EXPECT_EQ(world.hook_acts.size(), 2u);
}

TEST_F(ReignCare, WhileTheClusterIsPausedNoHookIsAskedAgain) {
  world.hooks_work = false;
  fail_over();
  ASSERT_TRUE(world.journal.pause({"shop", "bob", "by hand", world.clock.wall_now()}));
  world.hooks_work = true;
  world.run_for(3min);
  EXPECT_TRUE(world.hook_acts.empty());
  EXPECT_EQ(open(Kind::kHook).size(), 2u);
  ASSERT_TRUE(world.journal.resume("shop"));
  world.run_for(70s);
  EXPECT_EQ(world.hook_acts.size(), 2u);
}

TEST_F(ReignCare, ADayOfAHookThatFailsCostsTheJournalNothing) {
  world.hooks_work = false;
  fail_over();
  world.run_for(1min);
  const size_t before = lines();
  world.run_for(6h);
  EXPECT_EQ(lines(), before);
}

}  // namespace
}  // namespace farshore::simulation
