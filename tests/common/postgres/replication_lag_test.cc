#include "common/postgres/replication_lag.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

constexpr const char* kSystem = "7710890441538039360";

ServerObservation server(const std::string& name, bool in_recovery, uint32_t timeline, uint64_t position,
                         nanoseconds seen) {
  ServerObservation observation;
  observation.cluster = "shop";
  observation.server = name;
  observation.up = true;
  observation.last_success = BootTime(seen);
  ServerFacts facts;
  facts.in_recovery = in_recovery;
  facts.system_identifier = kSystem;
  facts.timeline = timeline;
  (in_recovery ? facts.receive : facts.flush) = Lsn(position);
  observation.facts = facts;
  return observation;
}

// One point a second from second 1 on; the primary moves on by 100 bytes each.
std::vector<WalPoint> steady_history(int points) {
  std::vector<WalPoint> history;
  for (int i = 1; i <= points; ++i)
    history.push_back({BootTime(seconds(i)), Lsn(100u * static_cast<unsigned>(i))});
  return history;
}

std::optional<nanoseconds> time_lag(uint64_t held, nanoseconds seen, const std::vector<WalPoint>& history) {
  const ServerObservation standby = server("s", true, 1, held, seen);
  ServerObservation primary = server("p", false, 1, 0, seen);
  primary.facts->flush = history.empty() ? Lsn(1) : history.back().lsn;
  const auto lag = replication_lag(standby, primary, history, {});
  return lag ? lag->time : std::nullopt;
}

TEST(ReplicationLag, IsZeroWhenTheStandbyHoldsAllThatThePrimaryHad) {
  EXPECT_EQ(time_lag(1000, 10500ms, steady_history(10)), 0ns);
  EXPECT_EQ(time_lag(1050, 10500ms, steady_history(10)), 0ns) << "looked at later than the primary";
}

TEST(ReplicationLag, IsTheTimeSinceThePrimaryStoodWhereTheStandbyStands) {
  EXPECT_EQ(time_lag(400, 10s, steady_history(10)), 6s);
  EXPECT_EQ(time_lag(450, 10s, steady_history(10)), 6s);
}

TEST(ReplicationLag, GrowsWhileReplayStandsStillAndDoesNotJumpAfterIdleTime) {
  std::vector<WalPoint> idle;
  for (int i = 1; i <= 60; ++i) idle.push_back({BootTime(seconds(i)), Lsn(500)});
  idle.push_back({BootTime(61s), Lsn(900)});
  EXPECT_EQ(time_lag(500, 61s, idle), 1s) << "not the minute without writes";
  EXPECT_EQ(time_lag(500, 70s, idle), 10s);
}

TEST(ReplicationLag, IsUnknownNotZeroWhenThePrimaryIsSilent) {
  EXPECT_EQ(time_lag(1000, 14s, steady_history(10)), std::nullopt);
  EXPECT_EQ(time_lag(700, 14s, steady_history(10)), 7s) << "known to lack what was seen";
  ServerObservation lost = server("p", false, 1, 1000, 10s);
  lost.up = false;
  EXPECT_EQ(replication_lag(server("s", true, 1, 1000, 11s), lost, steady_history(10), {})->time,
            std::nullopt)
      << "its last look failed, however short a while ago it was seen";
}

TEST(ReplicationLag, IsUnknownForAPositionOlderThanWhatIsRemembered) {
  EXPECT_EQ(time_lag(50, 10s, steady_history(10)), std::nullopt);
  EXPECT_EQ(time_lag(50, 600s, steady_history(600)), 599s) << "at least that";
  EXPECT_EQ(time_lag(50, 10s, {}), std::nullopt);
}

TEST(ReplicationLag, WhatThePrimaryDidAfterTheLookAtTheStandbyDoesNotCount) {
  EXPECT_EQ(time_lag(500, 5s, steady_history(10)), 0ns);
}

TEST(ReplicationLag, InBytesIsNeverNegative) {
  const auto lag = [](uint64_t held, uint64_t flush) {
    return replication_lag(server("s", true, 1, held, 1s), server("p", false, 1, flush, 1s), {}, {})->bytes;
  };
  EXPECT_EQ(lag(100, 350), 250);
  EXPECT_EQ(lag(350, 100), 0);
}

// The situations in which other measures of lag say something else.
ServerObservation standby_at(uint64_t receive, uint64_t replay, nanoseconds seen) {
  ServerObservation standby = server("s", true, 1, receive, seen);
  standby.facts->replay = Lsn(replay);
  return standby;
}

TEST(ReplicationLag, WithTheLinkCutGrowsWhileThePrimaryGoesOn) {
  // Here receive equals replay, which others take for "no lag".
  const auto at = [](nanoseconds seen) {
    const ServerObservation primary = server("p", false, 1, 1000, seen);
    return replication_lag(standby_at(400, 400, seen), primary, steady_history(10), {}).value();
  };
  EXPECT_EQ(at(10s).bytes, 600);
  EXPECT_EQ(at(10s).time, 6s);
  EXPECT_EQ(at(20s).time, 16s);
}

TEST(ReplicationLag, OfAnIdleHealthyPairStaysZeroHoweverOldTheLastCommitIs) {
  std::vector<WalPoint> idle;
  for (int i = 1; i <= 600; ++i) idle.push_back({BootTime(seconds(i)), Lsn(500)});
  EXPECT_EQ(time_lag(500, 600s, idle), 0ns);
}

TEST(ReplicationLag, OfPausedOrDelayedReplayIsOfWhatIsHeldForNothingElseIsLost) {
  const ServerObservation primary = server("p", false, 1, 1000, 10s);
  const auto lag = replication_lag(standby_at(1000, 200, 10s), primary, steady_history(10), {});
  EXPECT_EQ(lag->bytes, 0);
  EXPECT_EQ(lag->time, 0ns);
}

TEST(ReplicationLag, OfAStandbyThatRestartedWithoutItsPrimaryIsThatOfItsReplay) {
  // The receive position rewinds to the start of its segment, before what was replayed.
  const ServerObservation primary = server("p", false, 1, 1000, 10s);
  const auto lag = replication_lag(standby_at(100, 700, 14s), primary, steady_history(10), {});
  EXPECT_EQ(lag->bytes, 300);
  EXPECT_EQ(lag->time, 7s);
}

TEST(ReplicationLag, OfABulkTransactionIsThereBeforeItCommits) {
  std::vector<WalPoint> bulk = steady_history(5);
  for (int i = 6; i <= 10; ++i)
    bulk.push_back({BootTime(seconds(i)), Lsn(1'000'000u * static_cast<unsigned>(i))});
  const ServerObservation primary = server("p", false, 1, 10'000'000, 10s);
  const auto lag = replication_lag(standby_at(6'500'000, 500, 10s), primary, bulk, {});
  EXPECT_EQ(lag->bytes, 3'500'000);
  EXPECT_EQ(lag->time, 4s);
}

TEST(ReplicationLag, OfAStandbyThatHasReceivedNothingYetIsUnknown) {
  ServerObservation standby = server("s", true, 1, 0, 10s);
  standby.facts->receive.reset();
  EXPECT_FALSE(replication_lag(standby, server("p", false, 1, 1000, 10s), steady_history(10), {}));
}

TEST(ReplicationLag, AcrossTimelinesIsUnknownAndNotZero) {
  const auto lag = [](uint32_t standby_timeline, uint32_t primary_timeline) {
    return replication_lag(server("t", true, standby_timeline, 1000, 10s),
                           server("p", false, primary_timeline, 700, 10s), steady_history(7), {});
  };
  EXPECT_FALSE(lag(1, 2)) << "it received what the new primary never had, and lacks all that is new";
  EXPECT_FALSE(lag(2, 1)) << "it follows a primary that was never seen";
  ASSERT_TRUE(lag(2, 2));
  EXPECT_EQ(lag(2, 2)->bytes, 0);
}

TEST(ReplicationLag, OfAStandbyOfAnotherSystemIsUnknown) {
  ServerObservation foreign = server("s", true, 1, 1000, 10s);
  foreign.facts->system_identifier = "1";
  EXPECT_FALSE(replication_lag(foreign, server("p", false, 1, 700, 10s), steady_history(7), {}));
}

TEST(NewestPrimary, IsThatOfTheNewestTimelineOfTheSameSystem) {
  Snapshot snapshot;
  snapshot.servers = {server("old", false, 1, 9000, 5s), server("new", false, 2, 5000, 5s),
                      server("standby", true, 2, 5000, 5s)};
  EXPECT_EQ(newest_primary(snapshot, "shop", kSystem)->server, "new");
  EXPECT_EQ(newest_primary(snapshot, "shop", "1"), nullptr);
  EXPECT_EQ(newest_primary(snapshot, "other", kSystem), nullptr);
}

}  // namespace
}  // namespace farshore
