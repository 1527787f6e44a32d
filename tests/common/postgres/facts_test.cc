#include "common/postgres/facts.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

constexpr BootTime kFirst{100s}, kNext{101s};

ServerFacts replayed_to(uint64_t replay, uint64_t received = 0x2000) {
  ServerFacts facts;
  facts.in_recovery = true;
  facts.receive = Lsn(received);
  facts.replay = Lsn(replay);
  return facts;
}

ServerObservation seen(const ServerFacts& facts, std::optional<BootTime> since) {
  ServerObservation observation;
  observation.facts = facts;
  observation.replay_stalled_since = since;
  return observation;
}

TEST(ReplayStalledSince, TheFirstLookThatFoundSomethingLeftAndNothingMovedSince) {
  EXPECT_EQ(replay_stalled_since({}, replayed_to(0x1000), kFirst), kFirst) << "nothing is known of before";
  EXPECT_EQ(replay_stalled_since(seen(replayed_to(0x1000), kFirst), replayed_to(0x1000), kNext), kFirst);
  EXPECT_EQ(replay_stalled_since(seen(replayed_to(0x1000), kFirst), replayed_to(0x1000, 0x3000), kNext),
            kFirst)
      << "more is received";
}

TEST(ReplayStalledSince, BeginsAnewWhenItMoves) {
  EXPECT_EQ(replay_stalled_since(seen(replayed_to(0x1000), kFirst), replayed_to(0x1001), kNext), kNext);
  EXPECT_EQ(replay_stalled_since(seen(replayed_to(0x1000), kFirst), replayed_to(0x800), kNext), kNext)
      << "a restart";
}

// Where an idle standby stood for hours is no stall when the next byte comes.
TEST(ReplayStalledSince, DoesNotCountTheTimeWithNothingToReplay) {
  EXPECT_EQ(replay_stalled_since(seen(replayed_to(0x2000), std::nullopt), replayed_to(0x2000, 0x3000), kNext),
            kNext);
}

TEST(ReplayStalledSince, IsAbsentWithNothingLeftPausedOrUnknown) {
  const ServerObservation before = seen(replayed_to(0x1000), kFirst);
  EXPECT_EQ(replay_stalled_since(before, replayed_to(0x2000), kNext), std::nullopt);
  EXPECT_EQ(replay_stalled_since(before, replayed_to(0x3000), kNext), std::nullopt) << "from an archive";
  ServerFacts paused = replayed_to(0x1000);
  paused.replay_paused = true;
  EXPECT_EQ(replay_stalled_since(before, paused, kNext), std::nullopt);
  ServerFacts promoted;
  EXPECT_EQ(replay_stalled_since(before, promoted, kNext), std::nullopt);
}

}  // namespace
}  // namespace farshore
