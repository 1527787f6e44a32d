// Traffic after a failover: changed by somebody, slow to be published, half settled.
#include "tests/actuator/failover/reign_care.h"

namespace farshore::simulation {
namespace {

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
  EXPECT_EQ(open(Kind::kTraffic).front().name, "orders.example.com A");
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

// ---- a provider that takes its time to publish ----

TEST_F(ReignCare, ASlowPublicationIsNotHeldAndNobodyIsCalledForIt) {
  world.dns_publishes_in = 70s;
  world.dns_settles_within = 90s;
  world.receipt.change = "request-7";
  lose_primary();
  world.run_for(60s);
  ASSERT_EQ(world.last_run()->state, RunState::kRunning) << world.last_run()->reason;
  EXPECT_EQ(open(Kind::kTraffic).size(), 1u);
  EXPECT_EQ(world.last_facts()["traffic_change.orders.example.com A"], "request-7");
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

TEST_F(ReignCare, AProcessThatIsStartedAfterTheChangeStillTellsWhenCachesClear) {
  world.dns_publishes_in = 70s;
  world.dns_settles_within = 90s;
  world.receipt.cached_for = 10min;
  lose_primary();
  world.run_for(30s);
  world.receipt = {};  // of the process that is gone
  world.restart_process();
  world.run_for(60s);
  ASSERT_EQ(world.last_run()->state, RunState::kSucceeded);
  RunFacts facts = world.last_facts();
  EXPECT_EQ(to_seconds(*parse_rfc3339(facts["traffic_caches_clear_at"]) -
                       *parse_rfc3339(facts["traffic_verified_at"])),
            600);
  EXPECT_NE(facts["report"].find("old answers leave caches by"), std::string::npos) << facts["report"];
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
