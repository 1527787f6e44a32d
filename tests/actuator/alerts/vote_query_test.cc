#include "actuator/alerts/vote_query.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(VoteQuery, AValueCannotEndItsLiteral) {
  const std::string query = vote_query({"FarshorePrimaryDown", "a\"} or vector(1) #", "b\\", 7});
  EXPECT_NE(query.find(R"(cluster="a\"} or vector(1) #",epoch="7",server="b\\")"), std::string::npos);
}

std::string answer(const std::string& result) {
  return R"({"status":"success","data":{"resultType":"vector","result":[)" + result + "]}}";
}

TEST(VoteAnswer, TellsTheAgesThatAreThere) {
  const auto both = read_vote_answer(answer(R"({"metric":{"farshore_vote":"firing"},"value":[1.5,"0.25"]},)"
                                            R"({"metric":{"farshore_vote":"live"},"value":[1.5,"12"]})"));
  ASSERT_TRUE(both);
  EXPECT_DOUBLE_EQ(both->firing_seconds.value(), 0.25);
  EXPECT_DOUBLE_EQ(both->live_seconds.value(), 12);
  const auto none = read_vote_answer(answer(""));
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->firing_seconds);
  EXPECT_FALSE(none->live_seconds);
}

TEST(VoteAnswer, EverythingElseIsNoAnswer) {
  for (const std::string& body :
       {std::string(), std::string("<html>"), std::string(R"({"status":"error"})"),
        std::string(R"({"status":"success","data":{"resultType":"matrix","result":[]}})"),
        answer(R"({"metric":{"farshore_vote":"firing"},"value":[1.5,"NaN"]})"),
        answer(R"({"metric":{"farshore_vote":"firing"},"value":[1.5]})"),
        answer(R"({"metric":{},"value":[1.5,"1"]})")})
    EXPECT_FALSE(read_vote_answer(body)) << body;
}

}  // namespace
}  // namespace farshore
