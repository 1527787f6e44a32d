#include "common/yaml/units.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(Units, DurationsNeedAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration("1m30s").value(), 90s);
  EXPECT_EQ(parse_duration("1h").value(), 1h);
  EXPECT_EQ(parse_duration("0s").value(), 0s);
  for (const char* wrong : {"", "1", "s", "-1s", "1.5s", "1 s", "1s1m", "1s1s", "1x", "+1s", "1S"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(Units, ADurationBeyondTheClockIsRefused) {
  EXPECT_FALSE(parse_duration("200000d"));
  EXPECT_FALSE(parse_duration("106751d99999h"));
  EXPECT_FALSE(parse_duration("99999999999999999999s"));
}

TEST(Units, SizesNeedAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_bytes("16MiB").value(), 16 << 20);
  EXPECT_EQ(parse_bytes("100kB").value(), 100'000);
  EXPECT_EQ(parse_bytes("0B").value(), 0);
  for (const char* wrong : {"", "16", "16M", "16mib", "-1B", "1KiB2B", "9999999TiB", "1.5MiB"}) {
    EXPECT_FALSE(parse_bytes(wrong)) << wrong;
  }
}

TEST(Units, WhatIsPrintedIsReadBackTheSame) {
  for (const nanoseconds duration : {nanoseconds(0), nanoseconds(1), nanoseconds(1500ms), nanoseconds(90s),
                                     nanoseconds(10min), nanoseconds(1h), nanoseconds(25h)}) {
    EXPECT_EQ(parse_duration(format_duration(duration)).value(), duration) << format_duration(duration);
  }
  for (const int64_t bytes : {int64_t{0}, int64_t{1}, int64_t{1000}, int64_t{1024}, int64_t{16} << 20}) {
    EXPECT_EQ(parse_bytes(format_bytes(bytes)).value(), bytes) << format_bytes(bytes);
  }
  EXPECT_EQ(format_duration(1h), "1h");
  EXPECT_EQ(format_bytes(int64_t{16} << 20), "16MiB");
}

}  // namespace
}  // namespace farshore
