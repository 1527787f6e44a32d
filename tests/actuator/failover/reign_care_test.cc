// What happens to a reign after its run: a lost primary that comes back, or whose proof does not hold any
// more.
#include "tests/actuator/failover/reign_care.h"

namespace farshore::simulation {
namespace {

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

}  // namespace
}  // namespace farshore::simulation
