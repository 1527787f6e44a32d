// One behaviour of the failover each, in the simulated world.
#include "tests/actuator/failover/engine_rig.h"

namespace farshore::simulation {
namespace {

TEST_F(FailoverEngine, PromotesTheStandbyAndMovesTrafficWhenThePrimaryIsLost) {
  lose_and_alert();
  world.run_for(5s);
  EXPECT_EQ(run().state, RunState::kSucceeded);
  EXPECT_EQ(run().epoch, 2);
  EXPECT_EQ(world.journal.reign("shop")->value().server, run().candidate);
  EXPECT_EQ(world.dns, World::target_of(run().region));
  EXPECT_TRUE(world.last_facts().contains("fork_lsn"));
  EXPECT_EQ(verdict_of_last_alert(), "acted_on: ");
}

TEST_F(FailoverEngine, TellsWhenClientsFollowAndThatThoseOfAFencedPrimaryAreNotKnown) {
  world.receipt = {"serial 42", 30s};
  lose_and_alert();
  world.run_for(5s);
  const RunFacts facts = world.last_facts();
  EXPECT_EQ(facts.at("traffic_change.orders.example.com A"), "serial 42");
  EXPECT_EQ(to_seconds(*parse_rfc3339(facts.at("traffic_caches_clear_at")) -
                       *parse_rfc3339(facts.at("traffic_verified_at"))),
            30);
  EXPECT_EQ(facts.at("old_primary_sessions"), "unknown");
  EXPECT_NE(facts.at("report").find("old answers leave caches by"), std::string::npos) << facts.at("report");
  EXPECT_NE(facts.at("report").find("client sessions left on shop-us: unknown"), std::string::npos);
}

TEST_F(FailoverEngine, CountsTheSessionsThatStayOnAnOldPrimaryThatStillAnswers) {
  world.server("shop-us").sessions_behind_fence = 7;
  lose_and_alert();
  world.run_for(5s);
  ASSERT_EQ(run().state, RunState::kSucceeded) << run().reason;
  EXPECT_EQ(world.last_facts().at("old_primary_sessions"), "7");
  EXPECT_NE(world.last_facts().at("report").find("7 client sessions are still established on shop-us"),
            std::string::npos);
}

TEST_F(FailoverEngine, RefusesWhenThePrimaryIsAliveAlthoughTheAlertFires) {
  world.run_for(5s);
  world.deliver_alert();
  world.run_for(20s);
  EXPECT_EQ(run().state, RunState::kRefused);
  EXPECT_TRUE(run().retryable);
  EXPECT_NE(run().reason.find("alive"), std::string::npos) << run().reason;
  EXPECT_TRUE(world.promotions.empty());
}

TEST_F(FailoverEngine, RefusesWhenTooFewPrometheusServersSeeTheAlert) {
  world.prometheus_alive = 1;
  lose_and_alert();
  world.run_for(20s);
  EXPECT_EQ(run().state, RunState::kRefused);
  EXPECT_NE(run().reason.find("1 of the Prometheus servers"), std::string::npos) << run().reason;
}

TEST_F(FailoverEngine, ThePrimaryThatComesBackWhileTheOutageIsConfirmedEndsTheRun) {
  world.prometheus_alive = 1;
  lose_and_alert();
  world.worker->tick();  // confirms for 15 s, in vain
  world.heal_primary();
  world.run_for(30s);
  EXPECT_EQ(run().state, RunState::kRefused);
  EXPECT_FALSE(world.server("shop-us").fenced);
}

TEST_F(FailoverEngine, ARetryableRefusalIsTriedAgainWithoutANewWebhook) {
  world.prometheus_alive = 1;
  lose_and_alert();
  world.run_for(16s);
  ASSERT_EQ(run().state, RunState::kRefused);
  world.prometheus_alive = 3;
  world.run_for(20s);
  EXPECT_EQ(run().state, RunState::kSucceeded);
  EXPECT_EQ(world.journal.runs(10)->size(), 2u);
}

TEST_F(FailoverEngine, TwentyAlertsOpenOneRun) {
  lose_and_alert();
  for (int i = 0; i < 19; ++i) world.deliver_alert();
  world.run_for(10s);
  EXPECT_EQ(world.journal.runs(100)->size(), 1u);
  EXPECT_EQ(world.promotions.size(), 1u);
}

TEST_F(FailoverEngine, AnAlertOfAnEarlierEpochIsRefused) {
  lose_and_alert();
  world.run_for(10s);
  world.deliver_alert(1);
  world.run_for(2s);
  EXPECT_EQ(verdict_of_last_alert(),
            "refused: epoch 1 is not the reign, which is 2: the failover it asks for was done");
}

TEST_F(FailoverEngine, APausedClusterRefusesAndSaysWhoPausedIt) {
  ASSERT_TRUE(world.journal.pause({"shop", "bob", "upgrade", world.clock.wall_now()}));
  lose_and_alert();
  world.run_for(5s);
  EXPECT_FALSE(world.last_run().has_value());
  EXPECT_EQ(verdict_of_last_alert(), "refused: paused by bob: upgrade; 'farshorectl resume shop' ends it");
}

TEST_F(FailoverEngine, ModeOffNeverActs) {
  world.config.failover.mode = FailoverMode::kOff;
  lose_and_alert();
  world.run_for(20s);
  EXPECT_FALSE(world.last_run().has_value());
  EXPECT_FALSE(world.server("shop-us").fenced);
}

TEST_F(FailoverEngine, WithoutAFenceItHoldsAndOnlyANamedPersonCanGoOn) {
  world.with_fence = false;
  world.restart_process();
  lose_and_alert();
  world.run_for(10s);
  expect_held("has no fence");
  world.approved_without_proof = true;
  approve();
  world.run_for(10s);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
  EXPECT_EQ(world.last_facts()["fence_grade"], "none: approved by alice");
}

TEST_F(FailoverEngine, AFenceThatDoesNotAnswerHoldsAndLeavesReplicationAsItWas) {
  world.fence_works = false;
  lose_and_alert();
  world.run_for(40s);
  expect_held("no proof that shop-us cannot write");
  EXPECT_FALSE(world.server("shop-eu").primary_conninfo.empty());
  EXPECT_FALSE(world.journal.claim("shop")->has_value());
}

TEST_F(FailoverEngine, ARetryOfAHeldRunLooksAnewAndSucceedsWhenTheCauseIsMended) {
  world.fence_works = false;
  lose_and_alert();
  world.run_for(40s);
  ASSERT_EQ(run().state, RunState::kHeld);
  world.fence_works = true;
  ASSERT_TRUE(world.worker->command(PersonCommand::kRetry, run().id, "alice"));
  world.run_for(10s);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
  EXPECT_EQ(run().epoch, 3);  // the number of the claim that was given back is used up
}

TEST_F(FailoverEngine, AnAbandonedRunIsOverAndNothingWasDone) {
  world.config.failover.mode = FailoverMode::kApprove;
  lose_and_alert();
  world.run_for(10s);
  ASSERT_TRUE(world.worker->command(PersonCommand::kAbandon, run().id, "alice"));
  world.run_for(2s);
  EXPECT_EQ(run().state, RunState::kRefused);
  EXPECT_EQ(run().reason, "abandoned by alice");
}

TEST_F(FailoverEngine, MoreLossThanAllowedIsHeld) {
  world.config.failover.max_data_loss.bytes = 1000;
  world.run_for(5s);
  for (const char* standby : {"shop-eu", "shop-ap"})
    world.server(standby).primary_conninfo = "host=nowhere user=replicator";
  world.run_for(3s);  // about 60 kB that no standby has
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.run_for(10s);
  expect_held("bytes were missing when the primary was last seen, 1000 are allowed");
}

TEST_F(FailoverEngine, ASecondFailoverWithinTheCooldownIsHeld) {
  lose_and_alert();
  world.run_for(10s);
  ASSERT_EQ(run().state, RunState::kSucceeded);
  world.server(run().candidate).running = false;
  world.run_for(4s);
  world.deliver_alert(2);
  world.run_for(10s);
  EXPECT_EQ(run().state, RunState::kHeld);
  EXPECT_NE(run().reason.find("cooldown"), std::string::npos) << run().reason;
}

TEST_F(FailoverEngine, AStandbyThatDidNotFollowTheReignIsNotPromoted) {
  world.run_for(5s);
  world.server("shop-eu").rows.clear();
  world.server("shop-eu").primary_conninfo = "host=nowhere user=replicator";
  world.server("shop-eu").lsn = world.server("shop-eu").replay = Lsn(0x9000000);  // the largest of all
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.run_for(10s);
  EXPECT_EQ(run().state, RunState::kSucceeded);
  EXPECT_EQ(run().candidate, "shop-ap");
}

TEST_F(FailoverEngine, ADelayedOrUnprivilegedStandbyIsNotEligible) {
  world.run_for(5s);
  world.server("shop-eu").apply_delay = 1h;
  world.server("shop-ap").missing_privileges = {"EXECUTE on pg_promote"};
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.run_for(10s);
  expect_held("no standby can be promoted");
  EXPECT_NE(run().reason.find("recovery_min_apply_delay"), std::string::npos) << run().reason;
  EXPECT_NE(run().reason.find("EXECUTE on pg_promote"), std::string::npos) << run().reason;
}

TEST_F(FailoverEngine, TheMoreAdvancedStandbyWinsAndTheOtherFollowsIt) {
  world.run_for(5s);
  world.server("shop-eu").primary_conninfo = "host=nowhere user=replicator";
  world.run_for(1s);
  world.server("shop-eu").primary_conninfo = "host=shop-us user=replicator";
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.run_for(10s);
  EXPECT_EQ(run().candidate, "shop-ap");
  EXPECT_EQ(world.server("shop-eu").primary_conninfo, "host=shop-ap user=replicator");
  EXPECT_EQ(world.server("shop-eu").rows.back().epoch, 2);
}

TEST_F(FailoverEngine, ADeadDnsProviderHoldsForwardAndTheRunFinishesWhenItReturns) {
  world.dns_works = false;
  lose_and_alert();
  world.run_for(30s);
  EXPECT_EQ(run().state, RunState::kHeld);
  EXPECT_TRUE(run().promoting);
  EXPECT_EQ(world.journal.reign("shop")->value().epoch, 2);
  world.dns_works = true;
  world.run_for(60s);
  EXPECT_EQ(run().state, RunState::kSucceeded);
  EXPECT_EQ(world.promotions.size(), 1u);
}

TEST_F(FailoverEngine, NothingIsTouchedWhileTheJournalCannotBeWritten) {
  world.run_for(5s);
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.journal.before_write = [](std::string_view) -> Status {
    return fail(ErrorCode::kUnavailable, "disk full");
  };
  world.run_for(10s);
  EXPECT_FALSE(world.server("shop-us").fenced);
  EXPECT_FALSE(world.server("shop-eu").primary_conninfo.empty());
  EXPECT_TRUE(world.promotions.empty());
  world.journal.before_write = {};
  world.run_for(30s);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
}

TEST_F(FailoverEngine, ASlowStandbyIsLookedAtAgainBeforeNoneIsFit) {
  world.run_for(5s);
  world.server("shop-ap").missing_privileges = {"EXECUTE on pg_promote"};
  world.server("shop-eu").cut_off = true;
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  const auto move = world.clock.on_move;
  std::optional<BootTime> admitting;
  world.clock.on_move = [&] {  // two seconds into the row
    move();
    if (!admitting && world.last_facts().contains("seconds.confirm_outage"))
      admitting = world.clock.boot_now();
    if (admitting && world.clock.boot_now() - *admitting > 2s) world.server("shop-eu").cut_off = false;
  };
  world.run_for(10s);
  world.clock.on_move = move;
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
  EXPECT_EQ(run().candidate, "shop-eu");
  EXPECT_EQ(world.last_facts().at("attempt"), "1") << "it was not held";
}

// It did not answer while the outage was confirmed; what it has heard counts all the same (S7).
TEST_F(FailoverEngine, AStandbyThatAnswersLateAndHasHeardThePrimaryEndsTheRun) {
  world.run_for(5s);
  world.server("shop-ap").missing_privileges = {"EXECUTE on pg_promote"};
  world.server("shop-eu").cut_off = true;
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  const auto move = world.clock.on_move;
  world.clock.on_move = [&] {
    move();
    if (!world.last_facts().contains("seconds.confirm_outage")) return;
    world.server("shop-eu").cut_off = false;
    world.server("shop-eu").last_message = world.clock.boot_now();
  };
  world.run_for(8s);
  world.clock.on_move = move;
  EXPECT_EQ(run().state, RunState::kRefused);
  EXPECT_NE(run().reason.find("the WAL receiver of shop-eu heard from the primary"), std::string::npos)
      << run().reason;
  EXPECT_FALSE(world.server("shop-us").fenced);
}

TEST_F(FailoverEngine, NoReignIsAdoptedUntilEveryServerWasSeen) {
  world.server("shop-ap").cut_off = true;
  world.run_for(5s);
  EXPECT_FALSE(world.journal.reign("shop")->has_value());
  EXPECT_NE(world.worker->problem().find("shop-ap could not be looked at"), std::string::npos)
      << world.worker->problem();
  world.server("shop-ap").cut_off = false;
  world.run_for(3s);
  ASSERT_TRUE(world.journal.reign("shop")->has_value());
  EXPECT_EQ(world.journal.reign("shop")->value().server, "shop-us");
  EXPECT_EQ(world.worker->problem(), "");
}

TEST_F(FailoverEngine, AWritableServerThatIsNotTheReignsIsNotAdopted) {
  world.server("shop-us").rows = {{"shop", 4, "shop-eu"}};
  world.run_for(5s);
  EXPECT_FALSE(world.journal.reign("shop")->has_value());
  EXPECT_NE(world.worker->problem().find("epoch 4 belongs to shop-eu"), std::string::npos)
      << world.worker->problem();
}

}  // namespace
}  // namespace farshore::simulation
