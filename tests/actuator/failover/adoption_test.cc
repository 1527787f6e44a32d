// A journal that was lost or put back from a copy, and the person who names the primary.
#include "actuator/failover/adoption.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

class Adoption : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_TRUE(world.violations().empty()) << world.violations().front(); }
  // What Supervisor does on the thread of a request while the worker ticks.
  Status adopt(const std::string& server) {
    auto done = std::async(std::launch::async, [&] { return world.worker->adopt(server, "alice", 30s); });
    while (done.wait_for(1ms) != std::future_status::ready) world.tick();
    return done.get();
  }
  // The world went on without this journal: shop-eu is the primary of epoch 2, shop-us follows it.
  void fail_over_elsewhere() {
    world.run_for(3s);
    const EpochRow second{"shop", 2, "shop-eu"};
    for (const char* name : {"shop-us", "shop-eu", "shop-ap"}) {
      auto& server = world.server(name);
      server.rows.push_back(second);
      server.timeline = 2;
      server.in_recovery = server.name != "shop-eu";
      server.primary_conninfo = server.in_recovery ? "host=shop-eu user=replicator" : "";
    }
    world.restart_process();
    world.run_for(2s);
  }
  Reign reign() { return world.journal.reign("shop")->value(); }
  std::string verdict_of_last_alert() {
    const auto alerts = world.journal.recent_alerts(1);
    return alerts->front().verdict + ": " + alerts->front().reason;
  }

  World world;
};

TEST_F(Adoption, AJournalThatIsOlderThanTheServersDoesNothingUntilAPersonNamesThePrimary) {
  fail_over_elsewhere();
  EXPECT_NE(world.worker->problem().find("epoch 2, whose primary is shop-eu"), std::string::npos)
      << world.worker->problem();
  world.deliver_alert(1);
  world.run_for(20s);
  EXPECT_FALSE(world.last_run().has_value());
  EXPECT_NE(verdict_of_last_alert().find("refused: "), std::string::npos);
  EXPECT_NE(verdict_of_last_alert().find("farshorectl adopt shop --server shop-eu"), std::string::npos);
  ASSERT_TRUE(adopt("shop-eu"));
  EXPECT_EQ(reign().epoch, 2);
  EXPECT_EQ(reign().server, "shop-eu");
  EXPECT_EQ(reign().timeline, 2U);
  world.tick();
  EXPECT_EQ(world.worker->problem(), "");
}

TEST_F(Adoption, AnOpenRunOfAnOlderJournalIsNeitherDrivenNorPutBackAndEndsWhenThePrimaryIsNamed) {
  world.run_for(3s);
  RunRecord old;
  old.cluster = "shop";
  old.from_epoch = 1;
  old.old_primary = "shop-us";
  old.candidate = "shop-ap";
  old.promoting = true;
  ASSERT_TRUE(world.journal.create_run(old));
  ASSERT_TRUE(world.journal.take_claim("shop", 1, old.id));
  fail_over_elsewhere();  // the row of epoch 2 is not that of the run's candidate
  world.run_for(10s);
  EXPECT_EQ(world.last_run()->state, RunState::kRunning);
  EXPECT_EQ(world.server("shop-ap").primary_conninfo, "host=shop-eu user=replicator");
  ASSERT_TRUE(adopt("shop-eu"));
  EXPECT_EQ(world.last_run()->state, RunState::kRefused);
  EXPECT_EQ(world.last_run()->reason, "alice named shop-eu as the primary of epoch 2");
  EXPECT_FALSE(world.journal.claim("shop")->has_value());
  world.run_for(10s);
  EXPECT_TRUE(world.promotions.empty());
}

TEST_F(Adoption, OnlyAWritableServerThatIsTheOnlyOneCanBeNamed) {
  fail_over_elsewhere();
  EXPECT_EQ(adopt("nobody").error().code, ErrorCode::kNotFound);
  EXPECT_NE(adopt("shop-us").error().message.find("is a standby"), std::string::npos);
  world.server("shop-eu").cut_off = true;
  EXPECT_EQ(adopt("shop-eu").error().code, ErrorCode::kUnavailable);
  world.server("shop-eu").cut_off = false;
  world.approved_without_proof = true;  // two writers are what this is about
  world.server("shop-us").in_recovery = false;
  EXPECT_NE(adopt("shop-eu").error().message.find("shop-eu and shop-us are both writable"),
            std::string::npos);
  EXPECT_EQ(reign().epoch, 1);
}

TEST_F(Adoption, ANamedReignHasALargerNumberThanEveryRowSeenAndEveryNumberUsed) {
  world.run_for(3s);
  RunRecord run;
  run.cluster = "shop";
  ASSERT_TRUE(world.journal.create_run(run));
  ASSERT_EQ(world.journal.take_claim("shop", 1, run.id).value(), 2);  // used up
  ASSERT_TRUE(world.journal.release_claim("shop", run.id));
  run.state = RunState::kRefused;
  ASSERT_TRUE(world.journal.update_run(run));
  // A person promoted shop-eu by hand: no row says so.
  world.server("shop-us").running = false;
  world.server("shop-eu").in_recovery = false;
  world.server("shop-eu").timeline = 2;
  world.run_for(1s);
  ASSERT_TRUE(adopt("shop-eu"));
  EXPECT_EQ(reign().epoch, 3);
  EXPECT_EQ(world.server("shop-eu").rows.back(), (EpochRow{"shop", 3, "shop-eu"}));
  EXPECT_EQ(adopt("shop-eu").error().code, ErrorCode::kConflict);
  EXPECT_EQ(reign().epoch, 3);
}

TEST_F(Adoption, ALostJournalWithAServerUnseenWaitsForAPersonAndKeepsTheNumber) {
  world.server("shop-eu").cut_off = true;
  world.server("shop-us").rows = world.server("shop-ap").rows = {{"shop", 7, "shop-us"}};
  world.run_for(3s);
  EXPECT_NE(world.worker->problem().find("shop-eu could not be looked at"), std::string::npos);
  ASSERT_TRUE(adopt("shop-us"));
  EXPECT_EQ(reign().epoch, 7);
  RunRecord run;
  run.cluster = "shop";
  ASSERT_TRUE(world.journal.create_run(run));
  EXPECT_EQ(world.journal.take_claim("shop", 7, run.id).value(), 8);
}

TEST_F(Adoption, AHeldRunIsToBeAbandonedFirst) {
  world.run_for(5s);
  world.fence_works = false;
  world.lose_primary();
  world.run_for(4s);
  world.deliver_alert();
  world.run_for(60s);
  ASSERT_EQ(world.last_run()->state, RunState::kHeld);
  EXPECT_NE(adopt("shop-eu").error().message.find("farshorectl abandon shop-1"), std::string::npos);
  EXPECT_EQ(world.last_run()->state, RunState::kHeld);
}

}  // namespace
}  // namespace farshore::simulation
