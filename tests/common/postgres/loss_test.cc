#include "common/postgres/loss.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

const std::vector<WalPoint> kHistory = {{BootTime(10s), Lsn(1000)},
                                        {BootTime(11s), Lsn(2000)},
                                        {BootTime(12s), Lsn(5000)},
                                        {BootTime(13s), Lsn(5500)}};

TEST(PredictLoss, IsNothingForACandidateThatHoldsAllThatWasSeen) {
  const PredictedLoss loss = predict_loss({Lsn(5500), 3000.0}, kHistory, Lsn(5600), 2s, 1s);
  EXPECT_EQ(loss.lower_bytes, 0);
  EXPECT_EQ(loss.lag_time, 0ns);
  EXPECT_EQ(loss.upper_bytes, 9000);
}

TEST(PredictLoss, DatesTheOldestMissingByteByTheHistory) {
  const PredictedLoss loss = predict_loss({Lsn(5500), 3000.0}, kHistory, Lsn(2500), 0ns, 1s);
  EXPECT_EQ(loss.lower_bytes, 3000);
  EXPECT_EQ(loss.lag_time, 2s);
}

TEST(PredictLoss, IsUnknownWhereNothingIsKnown) {
  const PredictedLoss loss = predict_loss({Lsn(5500), std::nullopt}, kHistory, Lsn(500), 1s, 1s);
  EXPECT_EQ(loss.lower_bytes, 5000);
  EXPECT_FALSE(loss.lag_time.has_value());
  EXPECT_FALSE(loss.upper_bytes.has_value());
}

TEST(LargestRate, IsTheSteepestPartOfTheHistory) {
  EXPECT_EQ(largest_rate(kHistory), 3000.0);
  EXPECT_FALSE(largest_rate({kHistory[0]}).has_value());
}

TEST(LossNow, IsTheLagWhileThePrimaryAnswers) {
  const LossNow loss = loss_now({Lsn(5500), 3000.0}, kHistory, Lsn(2500), std::nullopt, 1s);
  EXPECT_EQ(loss.bytes, 3000);
  EXPECT_EQ(loss.time, 2s);
  const LossNow none = loss_now({Lsn(5500), std::nullopt}, kHistory, Lsn(5500), std::nullopt, 1s);
  EXPECT_EQ(none.bytes, 0);
  EXPECT_EQ(none.time, 0s);
}

TEST(LossNow, GrowsWithTheSilenceOfThePrimary) {
  const LossNow loss = loss_now({Lsn(5500), 3000.0}, kHistory, Lsn(5500), 4s, 1s);
  EXPECT_EQ(loss.bytes, 15000) << "at the largest rate that was seen, the unseen interval included";
  EXPECT_EQ(loss.time, 4s);
}

TEST(LossNow, IsUnknownInBytesWhenNoRateWasSeenAndThePrimaryIsSilent) {
  const LossNow loss = loss_now({Lsn(5500), std::nullopt}, kHistory, Lsn(2500), 4s, 1s);
  EXPECT_EQ(loss.bytes, std::nullopt);
  EXPECT_EQ(loss.time, 6s);
}

}  // namespace
}  // namespace farshore
