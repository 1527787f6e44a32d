#include "exporter/heartbeat/duty.h"

#include <gtest/gtest.h>

#include "tests/exporter/world.h"

namespace farshore {
namespace {

// The primary shop-us in us-east and the standby shop-eu in eu-west, changed at will.
struct Pair {
  Snapshot snapshot{.taken = kNow, .servers = {primary(), standby()}};
  ServerObservation& us() { return snapshot.servers[0]; }
  ServerObservation& eu() { return snapshot.servers[1]; }
  Duty at(const ServerObservation& server, std::string_view vantage) const {
    return duty_at(snapshot, server, vantage);
  }
};

TEST(HeartbeatDuty, IsThePrimarysOfTheVantagesOwnRegion) {
  Pair pair;
  EXPECT_EQ(pair.at(pair.us(), "us-east"), Duty::kBeat);
  EXPECT_EQ(pair.at(pair.us(), "eu-west"), Duty::kNone);
  EXPECT_EQ(pair.at(pair.us(), "eu-central"), Duty::kNone);
}

TEST(HeartbeatDuty, IsNeverAStandbys) {
  Pair pair;
  EXPECT_EQ(pair.at(pair.eu(), "eu-west"), Duty::kNone);
}

TEST(HeartbeatDuty, IsNoOnesBeforeTheServerWasSeen) {
  Pair pair;
  pair.us().facts.reset();
  pair.us().up = false;
  EXPECT_EQ(pair.at(pair.us(), "us-east"), Duty::kNone);
}

TEST(HeartbeatDuty, SendsNothingToAPrimaryThatFellSilent) {
  Pair pair;
  pair.us() = silent(pair.us(), FailureClass::kTimeout);
  EXPECT_EQ(pair.at(pair.us(), "us-east"), Duty::kSilent);
}

TEST(HeartbeatDuty, MovesWithAPromotionAndStaysAwayFromTheOldPrimaryWhenItReturns) {
  Pair pair;
  pair.us() = silent(pair.us(), FailureClass::kRefused);
  pair.eu().facts->in_recovery = false;
  pair.eu().facts->timeline = 2;
  pair.eu().facts->flush = Lsn(0x3000090);
  EXPECT_EQ(pair.at(pair.eu(), "eu-west"), Duty::kBeat);
  EXPECT_EQ(pair.at(pair.us(), "us-east"), Duty::kNone);
  pair.us() = primary();
  EXPECT_EQ(pair.at(pair.us(), "us-east"), Duty::kNone) << "it answers as a primary, of a reign that is over";
  EXPECT_EQ(pair.at(pair.eu(), "eu-west"), Duty::kBeat);
}

}  // namespace
}  // namespace farshore
