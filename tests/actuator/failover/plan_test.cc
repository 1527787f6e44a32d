#include "actuator/failover/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "actuator/failover/obstacle_reason.h"
#include "actuator/failover/rehearsal.h"
#include "actuator/failover/spectator.h"
#include "tests/simulation/world.h"

namespace farshore {
namespace {

using simulation::World;

// A healthy cluster: shop-us reigns, shop-eu and shop-ap follow, everything answers.
class PlanTest : public ::testing::Test {
 protected:
  PlanTest() { world.run_for(5s); }

  FailoverPlan rehearse() { return rehearse_failover(world.worker->deps()); }
  // The reasons of a rehearsal now, in the order of the rows: "paused,standby_delayed".
  std::string reasons() {
    std::string words;
    for (const Obstacle& obstacle : rehearse().obstacles)
      words += (words.empty() ? "" : ",") + obstacle.reason;
    return words;
  }
  static const PlanStep& step(const FailoverPlan& plan, const std::string& name) {
    return *std::ranges::find(plan.steps, name, &PlanStep::name);
  }
  // The world as the fences, the traffic and the votes of the worker's dependencies, but with other entries.
  EngineDeps deps() { return world.worker->deps(); }

  World world;
};

TEST_F(PlanTest, AHealthyClusterIsReadyAndSaysForWhomAndAtWhatLoss) {
  world.config.servers[2].priority = 5;  // shop-ap, at the same position
  const FailoverPlan plan = rehearse();
  EXPECT_TRUE(plan.ready()) << plan.obstacles.front().text;
  EXPECT_EQ(plan.cluster, "shop");
  EXPECT_EQ(plan.primary, "shop-us");
  EXPECT_EQ(plan.candidate, "shop-ap");
  EXPECT_EQ(plan.loss_bytes, 0);
  EXPECT_EQ(plan.loss_time, 0ns);
  ASSERT_EQ(plan.steps.size(), 7u);
  for (const PlanStep& row : plan.steps) {
    EXPECT_EQ(row.state, PlanState::kFine) << row.name << ": " << row.text;
    EXPECT_FALSE(row.text.empty()) << row.name;
    EXPECT_FALSE(row.danger.empty()) << row.name;
  }
  EXPECT_NE(step(plan, "fence_old_primary").text.find("running"), std::string::npos);
  EXPECT_NE(step(plan, "switch_traffic").text.find("192.0.2.10"), std::string::npos);
}

// Every journal write and every effect of the world passes a point where the process may die: none is passed.
TEST_F(PlanTest, ARehearsalPassesNoPointWhereAnythingIsWrittenOrDone) {
  world.server("shop-eu").replay_paused = true;
  world.die_at(0);
  for (const bool healthy : {true, false}) {
    if (!healthy) world.lose_primary();
    world.clock.advance(6s);
    EXPECT_GE(rehearse().steps.size(), 7u);
  }
  EXPECT_EQ(world.points(), 0u);
  EXPECT_TRUE(world.promotions.empty());
  EXPECT_TRUE(world.server("shop-eu").replay_paused);
  EXPECT_EQ(world.server("shop-eu").primary_conninfo, "host=shop-us user=replicator");
  EXPECT_FALSE(world.server("shop-us").fenced);
  EXPECT_EQ(world.dns, "192.0.2.10");
  EXPECT_TRUE(world.journal.runs(10)->empty());
  EXPECT_TRUE(world.journal.recent_actions(10)->empty());
}

TEST_F(PlanTest, ASpectatorRefusesEverythingThatWouldChangeTheWorld) {
  const Spectator spectator(world.worker->deps());
  const BootTime soon = world.clock.boot_now() + 1s;
  world.die_at(0);
  for (PostgresServer* server : spectator.deps().servers) {
    EXPECT_EQ(server->cut_streams(soon).error().code, ErrorCode::kInternal);
    EXPECT_EQ(server->restore_settings({}, soon).error().code, ErrorCode::kInternal);
    EXPECT_EQ(server->promote(soon).error().code, ErrorCode::kInternal);
    EXPECT_EQ(server->commit_epoch_row({}, soon).error().code, ErrorCode::kInternal);
    EXPECT_EQ(server->request_checkpoint(soon).error().code, ErrorCode::kInternal);
    EXPECT_TRUE(server->look(soon, nullptr)) << server->name();
  }
  EXPECT_EQ(spectator.deps().fences.at(0)->isolate(soon).error().code, ErrorCode::kInternal);
  EXPECT_EQ(spectator.deps().traffic.at(0)->point_to("eu-west", 2, soon).error().code, ErrorCode::kInternal);
  EXPECT_EQ(world.points(), 0u);
  EXPECT_TRUE(world.promotions.empty());
  EXPECT_TRUE(world.violations().empty());
}

TEST_F(PlanTest, ALostPrimaryIsNoObstacleWhenItsSilenceCanBeTold) {
  world.lose_primary();
  world.clock.advance(6s);
  const FailoverPlan plan = rehearse();
  EXPECT_TRUE(plan.ready()) << plan.obstacles.front().text;
  EXPECT_NE(step(plan, "confirm_outage").text.find("shop-us: timeout"), std::string::npos);
}

TEST_F(PlanTest, NotBeingAbleToTellWhetherThePrimaryLivesIsAnObstacle) {
  world.restart_process();  // an observer without memory, and none of its looks has ended
  world.clock.on_move = {};
  world.clock.advance(5s);
  const FailoverPlan plan = rehearse();
  ASSERT_FALSE(plan.ready());
  EXPECT_EQ(plan.obstacles.front().reason, "primary_unknown");
  EXPECT_FALSE(plan.obstacles.front().approvable);
}

TEST_F(PlanTest, NamesWhatStandsInTheWayOfTheCluster) {
  world.config.failover.mode = FailoverMode::kOff;
  EXPECT_EQ(reasons(), "mode_off");
  world.config.failover.mode = FailoverMode::kApprove;
  EXPECT_EQ(reasons(), "mode_approve");
  EXPECT_TRUE(rehearse().obstacles.front().approvable);
  world.config.failover.mode = FailoverMode::kAutomatic;
  ASSERT_TRUE(world.journal.pause({"shop", "bob", "upgrade", world.clock.wall_now()}));
  EXPECT_EQ(reasons(), "paused");
  EXPECT_EQ(rehearse().obstacles.front().text.find("paused by bob: upgrade"), 0u);
  ASSERT_TRUE(world.journal.resume("shop"));
  ASSERT_TRUE(world.journal.latch({"two regions at once", world.clock.wall_now()}));
  EXPECT_EQ(reasons(), "latched");
  ASSERT_TRUE(world.journal.unlatch());
  world.prometheus_alive = 1;
  EXPECT_EQ(reasons(), "prometheus");
  world.prometheus_alive = 3;
  EXPECT_EQ(reasons(), "");
}

TEST_F(PlanTest, OneStandbyThatIsFitIsEnoughAndTheOthersAreToldOf) {
  world.server("shop-eu").running = false;
  const FailoverPlan plan = rehearse();
  EXPECT_TRUE(plan.ready()) << plan.obstacles.front().text;
  EXPECT_EQ(plan.candidate, "shop-ap");
  EXPECT_NE(step(plan, "admit").text.find("shop-eu could not be looked at"), std::string::npos);
}

TEST_F(PlanTest, NamesWhatStandsInTheWayOfEachStandbyWhenNoneIsFit) {
  world.server("shop-eu").running = false;
  auto& other = world.server("shop-ap");
  other.apply_delay = 30s;
  EXPECT_EQ(reasons(), "standby_unreachable,standby_delayed");
  EXPECT_TRUE(rehearse().candidate.empty());
  EXPECT_EQ(step(rehearse(), "choose_candidate").state, PlanState::kBlocked);
  other.apply_delay = 0s;
  other.missing_privileges = {"membership in pg_monitor"};
  EXPECT_EQ(reasons(), "standby_unreachable,standby_privileges");
  other.missing_privileges.clear();
  other.rows.clear();
  other.primary_conninfo = "host=nobody";
  EXPECT_EQ(reasons(), "standby_unreachable,standby_diverged");
}

TEST_F(PlanTest, NamesTheLossThatWouldBeTooMuchOrUnknown) {
  for (const char* name : {"shop-eu", "shop-ap"}) world.server(name).primary_conninfo = "host=nobody";
  world.clock.advance(60s);  // 1.2 MB behind
  EXPECT_EQ(reasons(), "loss_limit");
  const FailoverPlan plan = rehearse();
  EXPECT_TRUE(plan.obstacles.front().approvable);
  EXPECT_GT(plan.loss_bytes.value_or(0), 1'000'000);
  EXPECT_GE(plan.loss_time.value_or(0s), 58s);
}

TEST_F(PlanTest, NamesWhatStandsInTheWayOfTheFence) {
  world.fence_works = false;
  EXPECT_EQ(reasons(), "fence_unreadable");
  EXPECT_TRUE(rehearse().obstacles.front().approvable);
  EngineDeps without = deps();
  without.fences.clear();
  const FailoverPlan plan = rehearse_failover(without);
  ASSERT_EQ(plan.obstacles.size(), 1u);
  EXPECT_EQ(plan.obstacles.front().reason, "fence_missing");
  EXPECT_TRUE(plan.obstacles.front().approvable);
}

// A fence that says "isolated" of a server that answers would let two servers write (S1).
TEST_F(PlanTest, AFenceThatSaysIsolatedOfALivingPrimaryIsAnObstacleThatNobodyCanApprove) {
  class Liar final : public Fence {
   public:
    const std::string& server() const override { return name; }
    std::string grade() const override { return "command"; }
    Status isolate(BootTime) override { return {}; }
    FenceProof proof(BootTime) override { return {FenceState::kIsolated, "command", "exit 0", {}}; }
    const std::string name = "shop-us";
  } liar;
  EngineDeps lied_to = deps();
  lied_to.fences = {&liar};
  const FailoverPlan plan = rehearse_failover(lied_to);
  ASSERT_EQ(plan.obstacles.size(), 1u);
  EXPECT_EQ(plan.obstacles.front().reason, "fence_wrong");
  EXPECT_FALSE(plan.obstacles.front().approvable);
  world.lose_primary();
  world.clock.advance(6s);
  EXPECT_TRUE(rehearse_failover(lied_to).ready()) << "it may well be isolated when it is silent";
}

TEST_F(PlanTest, NamesTrafficThatCouldNotBeMoved) {
  world.dns_works = false;
  EXPECT_EQ(reasons(), "traffic_unreadable");
}

// A standby whose settings cannot be read: they would be journaled with a password in them.
class WithPassword final : public PostgresServer {
 public:
  explicit WithPassword(PostgresServer& server) : server_(server) {}
  const std::string& name() const override { return server_.name(); }
  const std::string& region() const override { return server_.region(); }
  Result<ServerLook> look(BootTime deadline, FailureClass* failure) override {
    return server_.look(deadline, failure);
  }
  Result<SavedSettings> read_settings(BootTime) override {
    return fail(ErrorCode::kConflict, "primary_conninfo of {} holds a password", name());
  }
  Status cut_streams(BootTime) override { return {}; }
  Status push_replay(BootTime) override { return {}; }
  Status make_slot(const std::string&, BootTime) override { return {}; }
  Status restore_settings(const SavedSettings&, BootTime) override { return {}; }
  Status promote(BootTime) override { return {}; }
  Status commit_epoch_row(const EpochRow&, BootTime) override { return {}; }
  Status request_checkpoint(BootTime) override { return {}; }

 private:
  PostgresServer& server_;
};

TEST_F(PlanTest, AStandbyWhoseSettingsCannotBeSavedIsNoCandidateAndWithoutAnotherAnObstacle) {
  EngineDeps some = deps();
  WithPassword eu(*some.servers.at(1)), ap(*some.servers.at(2));
  some.servers[1] = &eu;
  EXPECT_TRUE(rehearse_failover(some).ready());
  EXPECT_EQ(rehearse_failover(some).candidate, "shop-ap");
  some.servers[2] = &ap;
  const FailoverPlan plan = rehearse_failover(some);
  ASSERT_EQ(plan.obstacles.size(), 2u);
  for (const Obstacle& obstacle : plan.obstacles) EXPECT_EQ(obstacle.reason, "settings");
  EXPECT_TRUE(plan.candidate.empty());
}

// Traffic that has no target where the candidate stands, and name servers that do not answer.
class NoTarget final : public TrafficSwitch {
 public:
  const std::string& key() const override { return key_; }
  const std::string& kind() const override { return key_; }
  Result<std::string> target_of(const std::string& region) const override {
    return fail(ErrorCode::kNotFound, "no target for {}", region);
  }
  Result<std::string> current(BootTime) override { return std::string("192.0.2.10"); }
  Status point_to(const std::string&, int64_t, BootTime) override { return {}; }
  Result<TrafficView> observed(BootTime) override { return TrafficView{{{"ns1", {}, "no answer"}}}; }

 private:
  const std::string key_ = "orders";
};

TEST_F(PlanTest, TrafficWithoutATargetForTheCandidateOrWithoutANameServerIsAnObstacle) {
  EngineDeps some = deps();
  NoTarget traffic;
  some.traffic = {&traffic};
  const FailoverPlan plan = rehearse_failover(some);
  ASSERT_EQ(plan.obstacles.size(), 2u);
  EXPECT_EQ(plan.obstacles[0].text, "orders: no target for eu-west");
  EXPECT_EQ(plan.obstacles[0].reason, "traffic_target");
  EXPECT_EQ(plan.obstacles[1].reason, "traffic_nameservers");
}

// What is lost with the region of the primary cannot be counted on.
TEST_F(PlanTest, APrometheusInTheRegionOfThePrimaryIsNotCounted) {
  world.prometheus_alive = 2;  // in the regions 0 and 1
  EXPECT_EQ(reasons(), "");
  world.config.servers[0].region = "1";
  EXPECT_EQ(reasons(), "prometheus");
}

TEST_F(PlanTest, AJournalWithoutPowerAndAClusterWithoutAReignAreSaidAndNothingIsLookedAt) {
  world.journal.lose_power();
  EXPECT_EQ(reasons(), "journal");
  MemoryJournal empty;
  EngineDeps fresh = deps();
  fresh.journal = &empty;
  const FailoverPlan plan = rehearse_failover(fresh);
  ASSERT_EQ(plan.obstacles.size(), 1u);
  EXPECT_EQ(plan.obstacles.front().reason, "no_reign");
  ASSERT_EQ(plan.steps.size(), 7u);
  for (const PlanStep& row : plan.steps) EXPECT_EQ(row.state, PlanState::kNotLooked) << row.name;
}

TEST_F(PlanTest, AHeldRunAndItsClaimStandInTheWayAndARunUnderWayStopsTheLooking) {
  RunRecord run;
  run.cluster = "shop";
  run.from_epoch = 1;
  ASSERT_TRUE(world.journal.create_run(run));
  EXPECT_EQ(reasons(), "run_open");
  EXPECT_EQ(rehearse().steps.front().state, PlanState::kNotLooked);
  ASSERT_TRUE(world.journal.take_claim("shop", 1, run.id));
  run.state = RunState::kHeld;
  ASSERT_TRUE(world.journal.update_run(run));
  EXPECT_EQ(reasons(), "run_open,claim");
  EXPECT_EQ(rehearse().steps.front().state, PlanState::kFine);
}

TEST_F(PlanTest, TheCooldownAfterAFailoverIsAnObstacleThatAPersonPasses) {
  RunRecord run;
  run.cluster = "shop";
  ASSERT_TRUE(world.journal.create_run(run));
  run.state = RunState::kSucceeded;
  run.ended_at = world.clock.wall_now();
  ASSERT_TRUE(world.journal.update_run(run));
  EXPECT_EQ(reasons(), "cooldown");
  world.clock.advance(2h);
  EXPECT_EQ(reasons(), "");
}

TEST_F(PlanTest, AStopEndsARehearsalAfterTheRowAtHand) {
  std::stop_source stop;
  stop.request_stop();
  const FailoverPlan plan = rehearse_failover(world.worker->deps(), stop.get_token());
  ASSERT_EQ(plan.steps.size(), 7u);
  EXPECT_EQ(plan.steps.front().state, PlanState::kNotLooked);
}

TEST_F(PlanTest, WhatItSaysOfTheCandidateIsWhatARunThenDoes) {
  const FailoverPlan plan = rehearse();
  world.lose_primary();
  world.clock.advance(4s);
  world.deliver_alert();
  world.run_for(30s);
  ASSERT_TRUE(world.last_run().has_value());
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
  EXPECT_EQ(world.last_run()->candidate, plan.candidate);
}

}  // namespace
}  // namespace farshore
