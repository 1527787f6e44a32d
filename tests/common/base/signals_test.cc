#include "common/base/signals.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

namespace farshore {
namespace {

TEST(Signals, ABlockedSignalIsHandedOverAsAValue) {
  block_program_signals();
  ASSERT_EQ(pthread_kill(pthread_self(), SIGHUP), 0);
  EXPECT_EQ(wait_for_signal(), SIGHUP);
  ASSERT_EQ(pthread_kill(pthread_self(), SIGTERM), 0);
  EXPECT_EQ(wait_for_signal(10s), SIGTERM);
}

TEST(Signals, NothingComesBackWhenNothingWasSent) {
  block_program_signals();
  EXPECT_EQ(wait_for_signal(1ms), std::nullopt);
}

TEST(Signals, WritingToAClosedPipeIsAnErrorNotADeath) {
  block_program_signals();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace farshore
