#include "exporter/view.h"

#include <gtest/gtest.h>

#include "tests/exporter/world.h"

namespace farshore {
namespace {

TEST(ExporterView, IsReadyOnceEveryServerWasLookedAt) {
  ServerObservation unseen;
  unseen.cluster = "shop";
  unseen.server = "shop-us";
  EXPECT_FALSE(view_of({unseen, standby()}).first_cycle_done);
  EXPECT_TRUE(view_of({silent(primary(), FailureClass::kRefused), standby()}).first_cycle_done);
  unseen.failure = FailureClass::kDns;  // its connection string cannot be read: it never will be looked at
  EXPECT_TRUE(view_of({unseen, standby()}).first_cycle_done);
}

TEST(ExporterView, AServerIsCurrentForThreeIntervalsAndATimeout) {
  EXPECT_TRUE(view_of({primary()}, {}, kNow + 3400ms).servers[0].current);
  EXPECT_FALSE(view_of({primary()}, {}, kNow + 3600ms).servers[0].current);
  EXPECT_FALSE(view_of({primary()}, {}, kNow + 3600ms).observer_alive);
}

TEST(ExporterView, OnlyStandbysThatAnswerHaveALag) {
  const ExporterView view = view_of({primary(), standby(), silent(standby(), FailureClass::kRefused)});
  EXPECT_FALSE(view.servers[0].lag);
  ASSERT_TRUE(view.servers[1].lag);
  EXPECT_EQ(view.servers[1].lag->bytes, 0x80);
  EXPECT_FALSE(view.servers[2].lag);
}

TEST(ExporterView, AStandbyOfAnotherSystemHasNoLag) {
  ServerObservation foreign = standby();
  foreign.facts->system_identifier = "1";
  EXPECT_FALSE(view_of({primary(), foreign}).servers[1].lag);
}

TEST(ExporterView, AStandbyOfAnotherTimelineHasNoLagAndNoLoss) {
  ServerObservation promoted = primary();
  promoted.facts->timeline = 2;
  promoted.facts->flush = Lsn(0x3000070);  // less than the sibling received of the dead primary
  const std::vector<WalPoint> history = {{kNow - 500ms, *promoted.facts->flush}};
  ServerObservation following = standby();
  following.facts->timeline = 2;
  const ExporterView view = view_of({promoted, standby(), following}, history);
  EXPECT_FALSE(view.servers[1].lag);
  EXPECT_FALSE(view.servers[1].loss);
  ASSERT_TRUE(view.servers[2].lag);
  EXPECT_EQ(view.servers[2].lag->bytes, 0);
}

TEST(ExporterView, AStandbyOfATimelineWhosePrimaryWasNeverSeenHasNoLag) {
  ServerObservation ahead = standby();
  ahead.facts->timeline = 2;
  ahead.facts->receive = Lsn(0x4000000);
  EXPECT_FALSE(view_of({silent(primary(), FailureClass::kRefused), ahead}).servers[1].lag);
}

TEST(ProcessFacts, AreReadFromTheRunningProcess) {
  const ProcessFacts facts = read_process_facts();
  EXPECT_GT(facts.resident_bytes.value_or(0), 1 << 20);
  EXPECT_GE(facts.threads.value_or(0), 1);
  EXPECT_GE(facts.open_fds.value_or(0), 3);
  EXPECT_GE(facts.max_fds.value_or(0), facts.open_fds.value_or(0));
  EXPECT_GT(facts.start_time_seconds.value_or(0), 1.6e9);
}

}  // namespace
}  // namespace farshore
