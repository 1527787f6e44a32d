// An alert that began more than ten minutes ago: late, or about an outage that goes on.
#include "actuator/failover/old_alert.h"

#include <gtest/gtest.h>

#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

class OldAlertTest : public ::testing::Test {
 protected:
  void TearDown() override {
    world.check_the_end();
    EXPECT_TRUE(world.violations().empty()) << world.violations().front();
  }
  // A repeat: the same alert, with the same startsAt.
  AlertRecord deliver(WallTime starts_at) {
    AlertRecord alert;
    alert.received_at = world.clock.wall_now();
    alert.cluster = "shop";
    alert.action = "failover";
    alert.fingerprint = "84a34a6f723c9418";
    alert.epoch = 1;
    alert.starts_at = starts_at;
    std::vector<AlertRecord> alerts{alert};
    EXPECT_TRUE(world.journal.record_alerts(alerts));
    return alerts[0];
  }
  AlertRecord looked_at(const AlertRecord& alert) { return world.journal.alert(alert.id).value(); }
  WallTime lose_primary_and_wait(nanoseconds wait) {
    world.run_for(5s);
    world.lose_primary();
    const WallTime lost = world.clock.wall_now();
    world.run_for(wait);
    return lost;
  }

  World world;
};

TEST_F(OldAlertTest, IsTakenWhenThePrometheusServersSayThatItFiresNow) {
  const WallTime began = lose_primary_and_wait(kOldAlert + 5min);
  const AlertRecord alert = deliver(began);
  world.run_for(10s);
  EXPECT_EQ(looked_at(alert).verdict, "acted_on");
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
}

TEST_F(OldAlertTest, IsRefusedWhenTheyDoNotAndSaysWhatWouldHelp) {
  world.run_for(kOldAlert + 5min);
  const AlertRecord alert = deliver(world.clock.wall_now() - kOldAlert - 4min);
  world.run_for(10s);
  EXPECT_EQ(looked_at(alert).verdict, "refused");
  EXPECT_TRUE(
      looked_at(alert).reason.starts_with("the alert began 14 minutes ago, and only 0 of the Prometheus "
                                          "servers say that it fires now, 2 are needed"))
      << looked_at(alert).reason;
  EXPECT_FALSE(world.last_run().has_value());
}

TEST_F(OldAlertTest, IsRefusedWhenNoPrometheusServerAnswers) {
  const WallTime began = lose_primary_and_wait(kOldAlert + 5min);
  world.prometheus_alive = 0;
  const AlertRecord alert = deliver(began);
  world.run_for(10s);
  EXPECT_EQ(looked_at(alert).verdict, "refused");
  EXPECT_FALSE(world.last_run().has_value());
}

TEST_F(OldAlertTest, IsRefusedWhenOnlyAMinorityOfThemSaysThatItFires) {
  const WallTime began = lose_primary_and_wait(kOldAlert + 5min);
  world.prometheus_alive = 1;
  const AlertRecord alert = deliver(began);
  world.run_for(10s);
  EXPECT_EQ(looked_at(alert).verdict, "refused");
  EXPECT_NE(looked_at(alert).reason.find("only 1 of the Prometheus servers"), std::string::npos)
      << looked_at(alert).reason;
  EXPECT_FALSE(world.last_run().has_value());
}

TEST_F(OldAlertTest, WaitsAMomentForTheVotesAndNoLonger) {
  world.run_for(5s);
  const AlertRecord alert = deliver(world.clock.wall_now() - 1h);
  world.tick();
  EXPECT_EQ(looked_at(alert).verdict, "") << "the servers were only just asked";
  world.run_for(OldAlerts::kAskFor + 1s);
  EXPECT_EQ(looked_at(alert).verdict, "refused");
}

TEST_F(OldAlertTest, ThatWasRefusedWhilePausedIsTakenAfterTheResumeThoughItsStartIsTheSame) {
  ASSERT_TRUE(world.journal.pause({"shop", "bob", "upgrade", world.clock.wall_now()}));
  const WallTime began = lose_primary_and_wait(4s);
  const AlertRecord paused = deliver(began);
  world.run_for(kOldAlert + 1min);
  EXPECT_EQ(looked_at(paused).verdict, "refused");
  ASSERT_TRUE(world.journal.resume("shop"));
  const AlertRecord repeat = deliver(began);
  world.run_for(10s);
  EXPECT_EQ(looked_at(repeat).verdict, "acted_on") << looked_at(repeat).reason;
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
}

TEST_F(OldAlertTest, ThatWasRefusedWhileLatchedIsTakenAfterThePersonClearedTheLatch) {
  ASSERT_TRUE(world.journal.latch({"two regions at once", world.clock.wall_now()}));
  const WallTime began = lose_primary_and_wait(kOldAlert + 1min);
  const AlertRecord latched = deliver(began);
  world.run_for(2s);
  EXPECT_EQ(looked_at(latched).verdict, "refused");
  ASSERT_TRUE(world.journal.unlatch());
  const AlertRecord repeat = deliver(began);
  world.run_for(10s);
  EXPECT_EQ(looked_at(repeat).verdict, "acted_on") << looked_at(repeat).reason;
}

TEST_F(OldAlertTest, ThreeThousandOfThemAreAskedAboutOnce) {
  world.run_for(5s);
  std::vector<AlertRecord> many(3000);
  for (size_t i = 0; i < many.size(); ++i) {
    many[i].cluster = "shop";
    many[i].epoch = 1;
    many[i].fingerprint = std::to_string(i);
    many[i].starts_at = world.clock.wall_now() - 1h;
  }
  ASSERT_TRUE(world.journal.record_alerts(many));
  world.run_for(OldAlerts::kAskFor + 1s);
  EXPECT_TRUE(world.journal.pending_alerts("shop")->empty());
}

}  // namespace
}  // namespace farshore::simulation
