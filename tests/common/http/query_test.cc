#include "common/http/query.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(SplitQuery, GivesKeysInOrderAsTheyStand) {
  EXPECT_EQ(split_query("").value(), QueryKeys{});
  EXPECT_EQ(split_query("lag=16MB&mode&x=a=b&y=").value(),
            (QueryKeys{{"lag", "16MB"}, {"mode", ""}, {"x", "a=b"}, {"y", ""}}));
}

TEST(SplitQuery, RefusesAKeyThatIsThereTwice) {
  EXPECT_EQ(split_query("a=1&b=2&a=3").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(split_query("a&a").error().message, "'a' is there twice");
}

}  // namespace
}  // namespace farshore
