#include "common/base/clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace farshore {
namespace {

TEST(Rfc3339, ReadsWhatAlertmanagerSends) {
  const WallTime base = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 7h + 13min + 48s;
  EXPECT_EQ(parse_rfc3339("2026-11-22T07:13:48Z").value(), base);
  EXPECT_EQ(parse_rfc3339("2026-11-22T07:13:48.97Z").value(), base + 970ms);
  EXPECT_EQ(parse_rfc3339("2026-11-22T15:13:48.123456789+08:00").value(), base + 123456789ns);
  EXPECT_EQ(parse_rfc3339("0001-01-01T00:00:00Z").value(), WallTime::min());
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const char* text : {"", "now", "2026-11-22", "2026-11-22T07:13:48", "2026-13-22T07:13:48Z",
                           "2026-11-22T07:13:48.Z", "2026-11-22T07:13:48.1234567890Z",
                           "2026-11-22T07:13:48Zx", "2026-11-22T07:13:48+8", "-026-11-22T07:13:48Z"})
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
}

TEST(Rfc3339, PrintsMillisecondsInUtc) {
  EXPECT_EQ(format_rfc3339(parse_rfc3339("2026-11-22T07:13:48.97Z").value()), "2026-11-22T07:13:48.970Z");
}

TEST(SystemClock, AStopEndsASleepAtOnce) {
  std::stop_source source;
  bool reached = true;
  std::jthread sleeper([&] { reached = system_clock().sleep_for(1h, source.get_token()); });
  source.request_stop();
  sleeper.join();
  EXPECT_FALSE(reached);
}

}  // namespace
}  // namespace farshore
