// What happens to a reign after its run: traffic that somebody changes, a lost primary that comes back, a
// standby that is gone for good; and what waiting costs the journal.
#include <gtest/gtest.h>

#include "actuator/failover/settings_text.h"
#include "actuator/journal/journal_rules.h"
#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

using Kind = OpenEnds::Kind;

class ReignCare : public ::testing::Test {
 protected:
  void TearDown() override {
    world.check_the_end();
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
  }
  void lose_primary() {
    world.run_for(5s);
    world.lose_primary();
    world.run_for(4s);
    world.deliver_alert();
  }
  void fail_over() {
    lose_primary();
    world.run_for(10s);
    ASSERT_EQ(world.last_run()->state, RunState::kSucceeded);
    in_force = World::target_of(world.last_run()->region);
  }
  size_t lines() { return world.journal.steps(world.last_run()->id)->size(); }
  std::vector<OpenEnd> open(Kind kind) { return world.worker->open_ends().open(kind); }
  bool told(const std::string& text) {
    return std::any_of(world.told.begin(), world.told.end(),
                       [&](const Event& event) { return event.message.find(text) != std::string::npos; });
  }

  World world;
  std::string in_force;
};

TEST_F(ReignCare, TrafficThatSomebodyChangesIsPointedBack) {
  fail_over();
  world.dns = "192.0.2.10";
  world.run_for(10s);
  EXPECT_EQ(world.dns, in_force);
  EXPECT_TRUE(open(Kind::kTraffic).empty());
  EXPECT_TRUE(told("does not point at eu-west any more"));
}

TEST_F(ReignCare, TrafficThatKeepsBeingChangedIsPointedBackOnceAMinute) {
  fail_over();
  world.dns = "192.0.2.10";
  world.run_for(10s);
  ASSERT_EQ(world.dns, in_force);
  world.dns = "192.0.2.10";
  world.run_for(20s);
  EXPECT_EQ(world.dns, "192.0.2.10");
  ASSERT_EQ(open(Kind::kTraffic).size(), 1u);
  EXPECT_EQ(open(Kind::kTraffic).front().name, "orders.example.com");
  world.run_for(60s);
  EXPECT_EQ(world.dns, in_force);
}

TEST_F(ReignCare, WhileTheClusterIsPausedChangedTrafficIsOnlyTold) {
  fail_over();
  ASSERT_TRUE(world.journal.pause({"shop", "bob", "moving by hand", world.clock.wall_now()}));
  world.dns = "192.0.2.10";
  world.run_for(20s);
  EXPECT_EQ(world.dns, "192.0.2.10");
  EXPECT_EQ(open(Kind::kTraffic).size(), 1u);
  ASSERT_TRUE(world.journal.resume("shop"));
  world.run_for(10s);
  EXPECT_EQ(world.dns, in_force);
}

TEST_F(ReignCare, TrafficIsNotPointedBackAtAPrimaryThatIsGone) {
  fail_over();
  world.server(world.last_run()->candidate).running = false;
  world.run_for(5s);
  world.dns = "192.0.2.10";
  world.run_for(20s);
  EXPECT_EQ(world.dns, "192.0.2.10");
}

// ---- what a switch leaves open at the provider though clients are sent right ----

TEST_F(ReignCare, TrafficThatSomebodyMovedByHandIsToldOfTheNewEpochAllTheSame) {
  world.dns = "198.51.100.20";
  fail_over();
  EXPECT_EQ(world.dns_token, 2) << "a writer of the epoch before would not be kept out";
  EXPECT_TRUE(open(Kind::kTraffic).empty());
}

TEST_F(ReignCare, ATokenThatCouldNotBeWrittenDelaysNobodyIsToldAndIsWrittenLater) {
  world.dns_token_works = false;
  fail_over();
  EXPECT_EQ(world.dns, in_force);
  EXPECT_EQ(world.hook_acts.size(), 2u) << "clients are sent right: nobody waits";
  ASSERT_EQ(open(Kind::kTraffic).size(), 1u);
  EXPECT_NE(open(Kind::kTraffic).front().why.find("its epoch token is missing"), std::string::npos);
  world.dns_token_works = true;
  world.run_for(40s);
  EXPECT_EQ(world.dns_token, 2);
  EXPECT_TRUE(open(Kind::kTraffic).empty());
}

TEST_F(ReignCare, ATokenThatCouldNotBeWrittenIsWrittenByAProcessThatWasStartedSince) {
  world.dns_token_works = false;
  fail_over();
  world.restart_process();
  world.run_for(10s);
  ASSERT_EQ(open(Kind::kTraffic).size(), 1u);
  world.dns_token_works = true;
  world.run_for(40s);
  EXPECT_EQ(world.dns_token, 2);
  EXPECT_TRUE(open(Kind::kTraffic).empty());
}

TEST_F(ReignCare, ADayOfATokenThatCannotBeWrittenCostsTheJournalNothingAndTheProviderLittle) {
  world.dns_token_works = false;
  fail_over();
  world.run_for(1min);
  const size_t before = lines();
  const int asked = world.dns_asked;
  world.run_for(1h);
  EXPECT_EQ(lines(), before);
  EXPECT_LE(world.dns_asked - asked, 130);
}

TEST_F(ReignCare, ATokenOfANewerEpochIsToldAndNotWrittenOver) {
  world.dns = "198.51.100.20";
  world.dns_token = 9;
  fail_over();
  ASSERT_EQ(open(Kind::kTraffic).size(), 1u);
  EXPECT_NE(open(Kind::kTraffic).front().why.find("newer"), std::string::npos);
  world.run_for(2min);
  EXPECT_EQ(world.dns_token, 9);
  EXPECT_EQ(world.dns, "198.51.100.20");
}

TEST_F(ReignCare, WhenAllIsSettledNoProviderIsAsked) {
  fail_over();
  const int asked = world.dns_asked;
  world.run_for(1h);
  EXPECT_EQ(world.dns_asked, asked);
}

TEST_F(ReignCare, ALostPrimaryThatComesBackIsFencedAgainAndNobodyIsPromoted) {
  fail_over();
  world.return_primary();
  world.run_for(5s);
  EXPECT_TRUE(world.server("shop-us").fenced);
  ASSERT_EQ(open(Kind::kStalePrimary).size(), 1u) << "an alert must have the time to see it";
  EXPECT_EQ(open(Kind::kStalePrimary).front().name, "shop-us");
  EXPECT_TRUE(
      told("shop-us lost the reign to shop-eu and"));  // by the observer or the fence, who looks first
  EXPECT_EQ(world.promotions.size(), 1u);
  world.run_for(70s);
  EXPECT_TRUE(open(Kind::kStalePrimary).empty());
}

// Seen by its fence alone: somebody boots it, and the actuator cannot reach its region.
TEST_F(ReignCare, ALostPrimaryThatIsBootedWhereNobodyReachesItIsFencedAgain) {
  fail_over();
  world.return_primary();
  world.cut_off_primary();
  world.run_for(10s);
  EXPECT_TRUE(world.server("shop-us").fenced);
  ASSERT_EQ(open(Kind::kStalePrimary).size(), 1u) << "an alert must have the time to see it";
  EXPECT_TRUE(told("nothing proves any more that it cannot write: running"));
  world.run_for(70s);
  EXPECT_TRUE(open(Kind::kStalePrimary).empty());
  EXPECT_EQ(world.promotions.size(), 1u);
}

TEST_F(ReignCare, SoIsOneThatLostAReignBeforeTheLast) {
  world.config.failover.cooldown = 0ns;
  fail_over();
  world.server("shop-eu").running = false;
  world.run_for(4s);
  world.deliver_alert(2);
  world.run_for(10s);
  ASSERT_EQ(world.last_facts()["needs"], "proof") << world.last_run()->reason;  // shop-eu has no fence
  world.approved_without_proof = true;
  const std::string digest = approval_digest(*world.last_run(), world.last_facts());
  ASSERT_TRUE(world.journal.approve({world.last_run()->id, "alice", digest, world.clock.wall_now()}));
  ASSERT_TRUE(world.worker->command(PersonCommand::kApprove, world.last_run()->id, "alice"));
  world.run_for(20s);
  ASSERT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
  ASSERT_EQ(world.last_run()->candidate, "shop-ap");
  world.return_primary();
  world.cut_off_primary();
  world.run_for(10s);
  EXPECT_TRUE(world.server("shop-us").fenced);
}

TEST_F(ReignCare, AProviderThatIsDownRaisesNoAlert) {
  fail_over();
  world.run_for(10s);
  const size_t before = lines(), said = world.told.size();
  world.fence_works = false;
  world.run_for(10min);
  EXPECT_TRUE(open(Kind::kStalePrimary).empty());
  EXPECT_EQ(lines(), before);
  EXPECT_EQ(world.told.size(), said);
  world.return_primary();
  world.cut_off_primary();
  world.fence_works = true;
  world.run_for(10s);
  EXPECT_TRUE(world.server("shop-us").fenced) << "the look goes on";
}

TEST_F(ReignCare, OneThatRejoinedIsNotFencedWhenItIsOutOfSight) {
  fail_over();
  SimServer& old = world.server("shop-us");
  ASSERT_TRUE(world.journal.pause({"shop", "bob", "rebuilding it", world.clock.wall_now()}));
  old.fenced = false;
  old.running = old.in_recovery = true;
  old.primary_conninfo = "host=shop-eu user=replicator";
  old.lsn = old.replay = Lsn(0x3000000);
  world.run_for(10s);
  ASSERT_TRUE(world.journal.resume("shop"));
  old.cut_off = true;
  world.run_for(1min);
  EXPECT_FALSE(old.fenced);
  world.restart_process();
  world.run_for(1min);
  EXPECT_FALSE(old.fenced);
  EXPECT_TRUE(open(Kind::kStalePrimary).empty());
}

// The fence that proves it has a bad moment, and one that never could says so.
TEST_F(ReignCare, OneBadMomentOfTheFenceThatProvesItRaisesNoAlert) {
  class OpenFirewall final : public Fence {
   public:
    const std::string& server() const override { return server_; }
    std::string grade() const override { return "firewall"; }
    Status isolate(BootTime) override { return fail(ErrorCode::kUnavailable, "it migrates"); }
    FenceProof proof(BootTime) override { return {FenceState::kNotIsolated, "", "lets traffic pass", {}}; }

   private:
    const std::string server_ = "shop-us";
  } firewall;
  world.further_fences = {&firewall};
  world.restart_process();
  fail_over();
  world.run_for(10s);
  for (int times = 0; times < 3; ++times) {
    world.fence_works = false;
    world.run_for(5s);
    world.fence_works = true;
    world.run_for(20s);
  }
  EXPECT_TRUE(open(Kind::kStalePrimary).empty());
  world.fence_works = false;
  world.run_for(20s);
  EXPECT_EQ(open(Kind::kStalePrimary).size(), 1u) << "no bad moment any more";
}

TEST_F(ReignCare, ItIsFencedAgainByAProcessThatWasStartedSince) {
  fail_over();
  world.restart_process();
  world.return_primary();
  world.run_for(5s);
  EXPECT_TRUE(world.server("shop-us").fenced);
}

TEST_F(ReignCare, ItIsFencedAgainWhileARunForTheNextReignIsHeld) {
  fail_over();
  world.server("shop-eu").running = false;
  world.run_for(4s);
  world.deliver_alert(2);
  world.run_for(10s);
  ASSERT_EQ(world.last_run()->state, RunState::kHeld);  // the cooldown
  world.return_primary();
  world.run_for(5s);
  EXPECT_TRUE(world.server("shop-us").fenced);
}

TEST_F(ReignCare, ItIsFencedAgainWhileTheRunWaitsForTheDnsProvider) {
  world.dns_works = false;
  lose_primary();
  world.run_for(30s);
  ASSERT_TRUE(world.last_run()->promoting);
  ASSERT_EQ(open(Kind::kTraffic).size(), 1u);
  world.return_primary();
  world.run_for(20s);
  EXPECT_TRUE(world.server("shop-us").fenced);
  EXPECT_EQ(world.server("shop-ap").rows.back().epoch, 2) << "standbys need not wait for DNS";
  world.dns_works = true;
  world.run_for(20s);
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded);
  EXPECT_TRUE(open(Kind::kTraffic).empty());
}

// ---- a provider that takes its time to publish ----

TEST_F(ReignCare, ASlowPublicationIsNotHeldAndNobodyIsCalledForIt) {
  world.dns_publishes_in = 70s;
  world.dns_settles_within = 90s;
  world.receipt.change = "request-7";
  lose_primary();
  world.run_for(60s);
  ASSERT_EQ(world.last_run()->state, RunState::kRunning) << world.last_run()->reason;
  EXPECT_EQ(open(Kind::kTraffic).size(), 1u);
  EXPECT_EQ(world.last_facts()["traffic_change.orders.example.com"], "request-7");
  world.run_for(30s);
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded);
  EXPECT_EQ(world.hook_acts.size(), 2u);
  EXPECT_GE(std::stod(world.last_facts()["seconds.switch_traffic"]), 69.0);
  for (const Event& event : world.told) EXPECT_NE(event.kind, "held") << event.message;
}

TEST_F(ReignCare, APublicationThatTakesLongerThanItsProviderMayIsHeldAndFinishesWhenItComes) {
  world.dns_publishes_in = 10min;
  world.dns_settles_within = 90s;
  lose_primary();
  world.run_for(80s);
  ASSERT_EQ(world.last_run()->state, RunState::kRunning);
  world.run_for(20s);
  ASSERT_EQ(world.last_run()->state, RunState::kHeld);
  EXPECT_NE(world.last_run()->reason.find("does not point at eu-west everywhere yet"), std::string::npos);
  world.run_for(10min);
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded);
}

TEST_F(ReignCare, AProviderThatTookNothingHasNoTimeToPublishIt) {
  world.dns_works = false;
  world.dns_settles_within = 90s;
  lose_primary();
  world.run_for(20s);
  EXPECT_EQ(world.last_run()->state, RunState::kHeld);
  world.dns_works = true;
  world.run_for(20s);
}

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

TEST_F(ReignCare, AProcessThatIsStartedWhileDnsIsPublishedGoesOnWaiting) {
  world.dns_publishes_in = 70s;
  world.dns_settles_within = 90s;
  lose_primary();
  world.run_for(30s);
  world.restart_process();
  world.run_for(60s);
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded);
  for (const Event& event : world.told) EXPECT_NE(event.kind, "held") << event.message;
}

TEST_F(ReignCare, ViewsAreAskedForAtTheirOwnPaceAndAProviderThatTookTheTargetSeldom) {
  world.dns_publishes_in = 50s;
  world.dns_settles_within = 60s;
  world.dns_pace = kApiPace;
  lose_primary();
  world.run_for(30s);
  ASSERT_EQ(world.last_run()->state, RunState::kRunning);
  EXPECT_LE(world.dns_looks, 40) << "an API counts its requests";
  EXPECT_LE(world.dns_asked, 30);
  world.run_for(30s);
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded);
}

TEST_F(ReignCare, AFenceThatFailsThenIsAskedUntilItWorks) {
  fail_over();
  world.fence_works = false;
  world.return_primary();
  world.run_for(30s);
  EXPECT_FALSE(world.server("shop-us").fenced);
  EXPECT_EQ(open(Kind::kStalePrimary).size(), 1u);
  world.fence_works = true;
  world.run_for(3s);
  EXPECT_TRUE(world.server("shop-us").fenced);
}

TEST_F(ReignCare, AfterAPromotionWithoutProofFencingGoesOnUntilThereIsOne) {
  world.fence_works = false;
  lose_primary();
  world.run_for(40s);
  ASSERT_EQ(world.last_facts()["needs"], "proof");
  world.approved_without_proof = true;
  const std::string digest = approval_digest(*world.last_run(), world.last_facts());
  ASSERT_TRUE(world.journal.approve({world.last_run()->id, "alice", digest, world.clock.wall_now()}));
  ASSERT_TRUE(world.worker->command(PersonCommand::kApprove, world.last_run()->id, "alice"));
  world.run_for(40s);
  ASSERT_EQ(world.last_run()->state, RunState::kSucceeded);
  ASSERT_EQ(open(Kind::kStalePrimary).size(), 1u);
  EXPECT_NE(open(Kind::kStalePrimary).front().why.find("nothing proves"), std::string::npos);
  world.fence_works = true;
  world.run_for(5s);
  EXPECT_TRUE(world.server("shop-us").fenced);
}

TEST_F(ReignCare, AServerThatFollowedTheReignAndWasPromotedBySomebodyIsNotFenced) {
  fail_over();
  SimServer& old = world.server("shop-us");
  ASSERT_TRUE(world.journal.pause({"shop", "bob", "rebuilding it", world.clock.wall_now()}));
  old.fenced = false;  // rebuilt: follows, then somebody promotes it while the reign's primary is stopped
  old.running = true;
  old.in_recovery = true;
  old.primary_conninfo = "host=shop-eu user=replicator";
  old.lsn = old.replay = Lsn(0x3000000);
  world.run_for(5s);
  ASSERT_EQ(old.rows.back().epoch, 2);
  ASSERT_TRUE(world.journal.resume("shop"));
  world.server("shop-eu").running = false;
  old.in_recovery = false;
  old.timeline = 3;
  world.run_for(20s);
  EXPECT_FALSE(old.fenced);
  EXPECT_TRUE(open(Kind::kStalePrimary).empty());
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

TEST_F(ReignCare, ADayWithoutTheDnsProviderCostsTheJournalNothing) {
  world.dns_works = false;
  lose_primary();
  world.run_for(60s);
  ASSERT_EQ(world.last_run()->state, RunState::kHeld);
  const size_t before = lines();
  for (int hour = 0; hour < 24; ++hour) {
    world.clock.advance(1h);
    world.run_for(1min);
  }
  EXPECT_EQ(lines(), before);
  world.dns_works = true;
  world.run_for(20s);
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded);
  EXPECT_EQ(world.promotions.size(), 1u);
}

}  // namespace
}  // namespace farshore::simulation
