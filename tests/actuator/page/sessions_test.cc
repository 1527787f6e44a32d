#include "actuator/page/sessions.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/fakes/fake_clock.h"

namespace farshore {
namespace {

TEST(Sessions, AreFoundByTheirSecretOnly) {
  FakeClock clock;
  Sessions sessions(clock);
  const auto secret = sessions.begin({"anna", {Role::kOperator}});
  ASSERT_TRUE(secret.has_value());
  EXPECT_EQ(secret->size(), 64U);
  const auto session = sessions.find(*secret);
  ASSERT_TRUE(session.has_value());
  EXPECT_EQ(session->principal.name, "anna");
  EXPECT_EQ(session->csrf.size(), 64U);
  EXPECT_NE(session->csrf, *secret);
  EXPECT_FALSE(sessions.find("").has_value());
  EXPECT_FALSE(sessions.find(session->csrf).has_value());
  sessions.end(*secret);
  EXPECT_FALSE(sessions.find(*secret).has_value());
}

TEST(Sessions, NeverGiveASecretTwice) {
  FakeClock clock;
  Sessions sessions(clock);
  std::set<std::string> secrets;
  for (int i = 0; i < 200; ++i) {
    const std::string secret = *sessions.begin({"anna", {}});
    secrets.insert(secret);
    secrets.insert(sessions.find(secret)->csrf);
  }
  EXPECT_EQ(secrets.size(), 400U);
}

TEST(Sessions, AreBoundedAndTheOldestEndsFirst) {
  FakeClock clock;
  Sessions sessions(clock);
  const std::string first = *sessions.begin({"anna", {}});
  clock.advance(1s);
  const std::string second = *sessions.begin({"anna", {}});
  clock.advance(1s);
  for (size_t i = 2; i < Sessions::kMost; ++i) ASSERT_TRUE(sessions.begin({"ben", {}}));
  EXPECT_TRUE(sessions.find(first).has_value());
  ASSERT_TRUE(sessions.begin({"ben", {}}));
  EXPECT_FALSE(sessions.find(first).has_value());
  EXPECT_TRUE(sessions.find(second).has_value());
}

TEST(SignInLimit, CountsEachNameFromEachPlaceForItself) {
  FakeClock clock;
  SignInLimit limit(clock);
  for (int i = 0; i < SignInLimit::kTries; ++i) {
    EXPECT_EQ(limit.wait("10.0.0.1", "anna"), 0ns);
    limit.failed("10.0.0.1", "anna");
  }
  EXPECT_EQ(limit.wait("10.0.0.1", "anna"), SignInLimit::kWindow);
  EXPECT_EQ(limit.wait("10.0.0.2", "anna"), 0ns);
  EXPECT_EQ(limit.wait("10.0.0.1", "ben"), 0ns);
  EXPECT_EQ(limit.failures(), SignInLimit::kTries);
  clock.advance(SignInLimit::kWindow);
  EXPECT_EQ(limit.wait("10.0.0.1", "anna"), 0ns);
  limit.failed("10.0.0.1", "anna");
  EXPECT_EQ(limit.wait("10.0.0.1", "anna"), 0ns) << "a new minute, a new count";
}

TEST(SignInLimit, ForgetsWrongTriesAfterARightOne) {
  FakeClock clock;
  SignInLimit limit(clock);
  for (int i = 0; i < SignInLimit::kTries - 1; ++i) limit.failed("10.0.0.1", "anna");
  limit.succeeded("10.0.0.1", "anna");
  limit.failed("10.0.0.1", "anna");
  EXPECT_EQ(limit.wait("10.0.0.1", "anna"), 0ns);
}

TEST(SignInLimit, RemembersABoundedNumber) {
  FakeClock clock;
  SignInLimit limit(clock);
  for (int i = 0; i < SignInLimit::kTries; ++i) limit.failed("10.0.0.1", "anna");
  for (size_t i = 0; i < SignInLimit::kMost; ++i) {
    clock.advance(1ms);
    limit.failed("10.0.0.1", "name" + std::to_string(i));
  }
  EXPECT_EQ(limit.wait("10.0.0.1", "anna"), 0ns) << "the oldest one went";
  EXPECT_EQ(limit.failures(), static_cast<int64_t>(SignInLimit::kMost) + SignInLimit::kTries);
}

TEST(SameText, ComparesTexts) {
  EXPECT_TRUE(same_text("", ""));
  EXPECT_TRUE(same_text("abc", "abc"));
  EXPECT_FALSE(same_text("abc", "abd"));
  EXPECT_FALSE(same_text("abc", "abcd"));
}

}  // namespace
}  // namespace farshore
