#include "common/base/lsn.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(Lsn, ReadsAndPrintsBothHalves) {
  EXPECT_EQ(Lsn::parse("16/B374D848")->bytes(), 0x16B374D848ull);
  EXPECT_EQ(Lsn(0x16B374D848ull).to_string(), "16/B374D848");
  EXPECT_EQ(Lsn::parse("FFFFFFFF/FFFFFFFF")->bytes(), ~0ull);
}

TEST(Lsn, RefusesWhatIsNotAPosition) {
  for (const char* text :
       {"", "/", "1/", "/1", "1", "1/2/3", "123456789/0", "G/0", "-1/0", " 1/0", "0x1/0", "1/0 "})
    EXPECT_FALSE(Lsn::parse(text).has_value()) << text;
}

TEST(Lsn, DifferenceIsSigned) {
  EXPECT_EQ(Lsn(10) - Lsn(30), -20);
  EXPECT_EQ(Lsn(30) - Lsn(10), 20);
}

}  // namespace
}  // namespace farshore
