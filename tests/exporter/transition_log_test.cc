#include "exporter/transition_log.h"

#include <gtest/gtest.h>

#include "common/base/log.h"
#include "tests/exporter/world.h"

namespace farshore {
namespace {

TEST(TransitionLog, SaysEachChangeOnce) {
  const LogCapture capture;
  TransitionLog log;
  Snapshot snapshot;
  for (const ServerObservation& state :
       {primary(), primary(), silent(primary(), FailureClass::kTimeout),
        silent(primary(), FailureClass::kTimeout), silent(primary(), FailureClass::kRefused), standby()}) {
    snapshot.servers = {state};
    snapshot.servers[0].server = "shop-us";
    log.note(snapshot);
  }
  EXPECT_EQ(capture.lines().size(), 4u);
  EXPECT_TRUE(capture.contains("primary on timeline 1"));
  EXPECT_TRUE(capture.contains("class=timeout"));
  EXPECT_TRUE(capture.contains("class=refused"));
  EXPECT_TRUE(capture.contains("standby on timeline 1"));
}

}  // namespace
}  // namespace farshore
