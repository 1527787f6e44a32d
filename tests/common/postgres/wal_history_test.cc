#include "common/postgres/wal_history.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

ServerFacts primary_at(uint64_t lsn) {
  ServerFacts facts;
  facts.flush = Lsn(lsn);
  return facts;
}

TEST(WalHistory, KeepsOnePointAnIntervalAndForgetsOldOnes) {
  WalHistory history(1s, 10s);
  for (int i = 0; i < 60; ++i) history.add(BootTime(i * 250ms), primary_at(100 + static_cast<uint64_t>(i)));
  const std::vector<WalPoint> points = history.points();
  EXPECT_LE(points.size(), 21u);
  EXPECT_GE(points.size(), 10u);
  EXPECT_LE(points.back().at - points.front().at, 10s);
  EXPECT_LT(points.front().lsn, points.back().lsn);
}

TEST(WalHistory, AStandbyCountsWhatItHolds) {
  WalHistory history(1s, 10s);
  ServerFacts standby;
  standby.in_recovery = true;
  history.add(BootTime(1s), standby);
  EXPECT_TRUE(history.points().empty());
  standby.receive = Lsn(5);
  standby.replay = Lsn(9);
  history.add(BootTime(2s), standby);
  ASSERT_EQ(history.points().size(), 1u);
  EXPECT_EQ(history.points()[0].lsn, Lsn(9));
}

}  // namespace
}  // namespace farshore
