#include "common/postgres/synchronous_standbys.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(SynchronousStandbys, AreCountedAsPostgresReadsThem) {
  EXPECT_EQ(synchronous_standbys(""), 0);
  EXPECT_EQ(synchronous_standbys("  "), 0);
  EXPECT_EQ(synchronous_standbys("*"), 1);
  EXPECT_EQ(synchronous_standbys("a"), 1);
  EXPECT_EQ(synchronous_standbys("a, b ,c"), 1) << "the first of them";
  EXPECT_EQ(synchronous_standbys("2 (a, b, c)"), 2);
  EXPECT_EQ(synchronous_standbys("FIRST 3 (a, b, *)"), 3);
  EXPECT_EQ(synchronous_standbys("any 2(\"a b\",c)"), 2);
  EXPECT_EQ(synchronous_standbys("FIRST 2 (a)"), 2) << "more than are named: commits wait for ever";
}

TEST(SynchronousStandbys, QuotesHideKeywordsAndBrackets) {
  EXPECT_EQ(synchronous_standbys("\"any\""), 1);
  EXPECT_EQ(synchronous_standbys("\"2 (a)\", \"b\"\"c\""), 1);
  EXPECT_EQ(synchronous_standbys("1 (\")\")"), 1);
}

TEST(SynchronousStandbys, ThatPostgresWouldRefuseAreUnknown) {
  for (const char* text : {"a,", ",a", "(a)", "2 (a", "2 ()", "x (a)", "0 (a)", "FIRST (a)", "ANY 1 a", "\"a",
                           "a b", "a;b", "2 (a) b", ")", "1 (a,)", "FIRST ANY 1 (a)"})
    EXPECT_EQ(synchronous_standbys(text), std::nullopt) << text;
}

}  // namespace
}  // namespace farshore
