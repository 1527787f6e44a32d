// Who may be promoted and who never, in the simulated world, where the clock can pass every deadline. On real
// servers: tests/actuator/candidates.
#include <gtest/gtest.h>

#include "actuator/failover/steps.h"
#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

class FailoverCandidate : public ::testing::Test {
 protected:
  void TearDown() override {
    world.check_the_end();
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
  }
  void lose_and_alert() {
    world.lose_primary();
    world.run_for(4s);
    world.deliver_alert();
  }
  RunRecord run() { return world.last_run().value_or(RunRecord()); }

  World world;
};

TEST_F(FailoverCandidate, F8_AnExposureBeyondMaxExposureIsHeldAndSaid) {
  world.config.failover.max_exposure = 1s;
  world.run_for(5s);
  lose_and_alert();
  world.run_for(10s);
  EXPECT_EQ(run().state, RunState::kHeld);
  EXPECT_NE(run().reason.find("max_exposure is 1 s"), std::string::npos) << run().reason;
  EXPECT_GT(std::stod(world.last_facts()["exposure_seconds"]), 3.0);
}

// Mutation: without the comparison of timelines it would win, with the largest position and the probe row.
TEST_F(FailoverCandidate, F9_AStandbyOfAnotherTimelineIsNeverChosen) {
  world.run_for(5s);
  SimServer& strange = world.server("shop-eu");
  strange.primary_conninfo = "host=nowhere user=replicator";
  strange.timeline = 2;
  strange.lsn = strange.replay = Lsn(0x9000000);
  lose_and_alert();
  world.run_for(10s);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
  EXPECT_EQ(run().candidate, "shop-ap");
}

TEST_F(FailoverCandidate, F10_AStandbyWhoseSettingsAreTooLowIsNeverResumed) {
  world.run_for(5s);
  for (const char* name : {"shop-eu", "shop-ap"}) {
    world.server(name).max_connections = 50;
    world.server(name).replay_paused = true;
  }
  lose_and_alert();
  world.run_for(10s);
  EXPECT_EQ(run().state, RunState::kHeld);
  EXPECT_NE(run().reason.find("max_connections = 50, lower than 100 on shop-us"), std::string::npos)
      << run().reason;
  EXPECT_TRUE(world.server("shop-eu").running && world.server("shop-eu").replay_paused);
}

// S8: whatever time passes, a candidate that was asked to promote is not given up for another.
TEST_F(FailoverCandidate, F19_ACandidateThatDiesOnceAskedHoldsForwardAndNobodyElseIsPromoted) {
  world.run_for(5s);
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  const auto old_write = world.journal.after_write;
  world.journal.after_write = [&](std::string_view op) -> Status {
    if (op == "record_step" && run().id.size() && !run().candidate.empty())
      world.server(run().candidate).running = false;
    return old_write(op);
  };
  world.run_for(200s);
  EXPECT_EQ(run().state, RunState::kHeld);
  const std::string candidate = run().candidate;
  for (const std::string& promotion : world.promotions) EXPECT_EQ(promotion, candidate + "@1");
  world.journal.after_write = old_write;
  world.server(candidate).running = true;
  ASSERT_TRUE(run().promoting);
  EXPECT_NE(run().reason.find("the run goes on by itself"), std::string::npos) << run().reason;
  world.run_for(100s);
  EXPECT_EQ(run().state, RunState::kSucceeded) << run().reason;
  EXPECT_EQ(run().candidate, candidate);
}

// Promoted by somebody else: to this run, which has not asked, that is not "already done".
class PromotedByHand final : public PostgresServer {
 public:
  const std::string& name() const override { return name_; }
  const std::string& region() const override { return name_; }
  Result<ServerLook> look(BootTime, FailureClass*) override {
    ServerLook look;
    look.facts.timeline = 2;
    return look;
  }
  Result<SavedSettings> read_settings(BootTime) override { return SavedSettings(); }
  Status cut_streams(BootTime) override { return {}; }
  Status push_replay(BootTime) override { return {}; }
  Status restore_settings(const SavedSettings&, BootTime) override { return {}; }
  Status promote(BootTime) override { return {}; }
  Status commit_epoch_row(const EpochRow&, BootTime) override { return {}; }
  Status make_slot(const std::string&, BootTime) override { return {}; }
  Status request_checkpoint(BootTime) override { return {}; }

 private:
  const std::string name_ = "shop-eu";
};

TEST(PromoteRow, IsAlreadyDoneOnlyWhenThisRunAsked) {
  FakeClock clock;
  PromotedByHand server;
  EngineDeps deps;
  deps.clock = &clock;
  deps.servers = {&server};
  RunRecord run;
  run.candidate = "shop-eu";
  Reign reign;
  reign.timeline = 1;
  RunContext context(deps, run, reign);
  context.row_deadline = clock.boot_now() + 10s;
  const auto done = failover_steps()[point_of_no_return_row()].already_done;
  EXPECT_FALSE(done(context).value());
  context.run.promoting = true;
  EXPECT_TRUE(done(context).value());
}

}  // namespace
}  // namespace farshore::simulation
