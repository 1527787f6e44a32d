#include "actuator/cloud/api_client.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

class PlainDialect final : public ApiDialect {
 public:
  std::string provider() const override { return "Cloud"; }
};

class ApiClientTest : public testing::Test {
 protected:
  ApiClientTest() { test::write_file(folder.file("token"), "s3cret\n"); }
  BootTime soon() { return clock.boot_now() + 30s; }
  Result<HttpResponse> look() { return client.look("/v1/record?name=x", soon()); }
  Result<HttpResponse> change() { return client.change("PUT", "/v1/record", "{}", soon()); }
  nanoseconds took(const std::function<void()>& what) {
    const BootTime before = clock.boot_now();
    what();
    return clock.boot_now() - before;
  }

  test::TempDir folder;
  FakeHttpClient http;
  FakeClock clock;
  const PlainDialect dialect;
  ApiClient client{
      http, clock, {"http://cloud.test", folder.file("token"), "/ca.pem", "http://proxy:3128"}, dialect};
};

TEST_F(ApiClientTest, SendsTheSecretOfTheFileAsItIsNowAndTheConfiguredTrustAndProxy) {
  http.answer(200, "{}");
  ASSERT_TRUE(look());
  test::write_file(folder.file("token"), "rotated\n");
  ASSERT_TRUE(change());
  const auto requests = http.requests();
  EXPECT_EQ(requests[0].url, "http://cloud.test/v1/record?name=x");
  EXPECT_EQ(requests[0].headers.at("Authorization"), "Bearer s3cret");
  EXPECT_EQ(requests[1].headers.at("Authorization"), "Bearer rotated");
  EXPECT_EQ(requests[1].headers.at("Content-Type"), "application/json");
  EXPECT_EQ(requests[1].ca_file, "/ca.pem");
  EXPECT_EQ(requests[1].proxy, "http://proxy:3128");
}

TEST_F(ApiClientTest, ALookIsRepeatedWhateverHappenedToIt) {
  http.answer(fail(ErrorCode::kUnknown, "reset"));
  http.answer(502, "<html>");
  http.answer(429);
  http.answer(200, "there");
  const auto answer = look();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "there");
  EXPECT_EQ(http.requests().size(), 4u);
}

TEST_F(ApiClientTest, ALookThatNeverSucceedsIsUnavailableNotUnknown) {
  http.answer(500);
  const auto answer = look();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(answer.error().message, "Cloud GET http://cloud.test/v1/record answers 500")
      << "without its query";
  EXPECT_EQ(http.requests().size(), 5u);
}

TEST_F(ApiClientTest, AChangeThatMayHaveTakenEffectIsNotRepeated) {
  for (const Result<HttpResponse>& sad : {Result<HttpResponse>(fail(ErrorCode::kUnknown, "timed out")),
                                          Result<HttpResponse>(HttpResponse{500, {}, ""}),
                                          Result<HttpResponse>(HttpResponse{502, {}, "<html>"}),
                                          Result<HttpResponse>(HttpResponse{302, {}, ""})}) {
    FakeHttpClient once;
    once.answer(sad);
    ApiClient one{once, clock, {"http://cloud.test", folder.file("token")}, dialect};
    const auto answer = one.change("POST", "/v1/record", "{}", soon());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kUnknown);
    EXPECT_EQ(once.requests().size(), 1u);
  }
}

TEST_F(ApiClientTest, AChangeThatWasRefusedForNowOrNeverReachedTheServerIsRepeated) {
  http.answer(fail(ErrorCode::kUnavailable, "refused"));
  http.answer(fail(ErrorCode::kTimeout, "no connection"));
  http.answer(429);
  http.answer(503);
  http.answer(200, "done");
  EXPECT_TRUE(change());
  EXPECT_EQ(http.requests().size(), 5u);
}

TEST_F(ApiClientTest, APostIsRepeatedOnlyWhenNothingWasDoneOrDoneTwiceItIsTheSame) {
  const auto posts = [&](const HttpResponse& first, IfDoneTwice twice) {
    FakeHttpClient later;
    later.answer(first);
    later.answer(200, "done");
    ApiClient one{later, clock, {"http://cloud.test", folder.file("token")}, dialect};
    const auto answer = one.change("POST", "/v1/record", "{}", soon(), twice);
    const bool expected = later.requests().size() == 2;
    EXPECT_EQ(answer.has_value(), expected) << first.status;
    if (!answer) {
      EXPECT_EQ(answer.error().code, ErrorCode::kUnknown) << first.status;
    }
    return later.requests().size();
  };
  for (const int status : {408, 503}) {
    EXPECT_EQ(posts({status, {}, ""}, IfDoneTwice::kByMethod), 1u) << status;
    EXPECT_EQ(posts({status, {{"retry-after", "1"}}, ""}, IfDoneTwice::kByMethod), 1u) << status;
    EXPECT_EQ(posts({status, {}, ""}, IfDoneTwice::kTheSame), 2u) << status;
  }
  for (const int status : {500, 502, 504}) {
    EXPECT_EQ(posts({status, {}, ""}, IfDoneTwice::kByMethod), 1u) << status;
    EXPECT_EQ(posts({status, {}, ""}, IfDoneTwice::kTheSame), 1u) << status << ": looked at as well";
  }
  EXPECT_EQ(posts({429, {{"retry-after", "1"}}, ""}, IfDoneTwice::kByMethod), 2u);
}

TEST_F(ApiClientTest, AChangeThatMayHaveBeenDoneStaysUnknownThoughItsRepetitionWasNotSent) {
  http.answer(503);
  http.answer(fail(ErrorCode::kUnavailable, "refused"));
  const auto answer = change();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnknown);
  EXPECT_EQ(http.requests().size(), 5u);
}

TEST_F(ApiClientTest, WhatCannotGetBetterIsAskedOnce) {
  const std::map<int, ErrorCode> meanings{
      {400, ErrorCode::kInvalidArgument}, {401, ErrorCode::kPermission}, {403, ErrorCode::kPermission},
      {404, ErrorCode::kNotFound},        {409, ErrorCode::kConflict},   {422, ErrorCode::kInvalidArgument},
      {501, ErrorCode::kInvalidArgument}};
  for (const auto& [status, code] : meanings) {
    FakeHttpClient once;
    once.answer(status, "no such thing\nsecond line");
    ApiClient one{once, clock, {"http://cloud.test", folder.file("token")}, dialect};
    const auto answer = one.look("/v1/record", soon());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, code) << status;
    EXPECT_TRUE(answer.error().message.ends_with("no such thing")) << answer.error().message;
    EXPECT_EQ(once.requests().size(), 1u) << status;
  }
}

TEST_F(ApiClientTest, RetryAfterIsObeyedWithinBounds) {
  for (const auto& [header, least, most] :
       {std::tuple{"7", 7s, 7s}, {"-30", 0s, 1s}, {"999999", 60s, 60s}, {"soon", 0s, 1s}}) {
    FakeHttpClient busy;
    busy.answer(HttpResponse{429, {{"retry-after", header}}, ""});
    busy.answer(200);
    ApiClient one{busy, clock, {"http://cloud.test", folder.file("token")}, dialect};
    const nanoseconds time = took([&] { EXPECT_TRUE(one.look("/v1/record", clock.boot_now() + 90s)); });
    EXPECT_GE(time, least) << header;
    EXPECT_LE(time, most) << header;
  }
  const WallTime now = FakeClock().wall_now();  // 2026-11-22 00:00:00
  EXPECT_EQ(retry_after({503, {{"retry-after", "Sun, 22 Nov 2026 00:00:05 GMT"}}, ""}, now), 5s);
  EXPECT_EQ(retry_after({503, {{"retry-after", "Sat, 21 Nov 2026 00:00:05 GMT"}}, ""}, now), 0s);
}

TEST_F(ApiClientTest, AWaitThatWouldPassTheDeadlineIsNotBegun) {
  http.answer(HttpResponse{429, {{"retry-after", "40"}}, ""});
  const nanoseconds time = took([&] { EXPECT_EQ(look().error().code, ErrorCode::kUnavailable); });
  EXPECT_EQ(time, 0s);
  EXPECT_EQ(http.requests().size(), 1u);
}

TEST_F(ApiClientTest, ARetryAfterThatDidNotFitBindsTheNextCallerToo) {
  http.answer(HttpResponse{503, {{"retry-after", "40"}}, ""});
  http.answer(200);
  ASSERT_FALSE(look());
  const auto early = change();
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::kUnavailable) << "nothing was sent, so nothing is unknown";
  EXPECT_EQ(http.requests().size(), 1u);
  clock.advance(15s);
  EXPECT_EQ(took([&] { EXPECT_TRUE(change()); }), 25s);
}

TEST_F(ApiClientTest, ARetryAfterOfAnAnswerThatIsFinalBindsNobody) {
  http.answer(HttpResponse{404, {{"retry-after", "40"}}, ""});
  http.answer(200);
  ASSERT_FALSE(look());
  EXPECT_EQ(took([&] { EXPECT_TRUE(look()); }), 0s);
}

TEST_F(ApiClientTest, AUsedUpLimitIsWaitedForBeforeTheNextRequest) {
  const auto second = std::chrono::floor<seconds>(clock.wall_now().time_since_epoch()).count() + 12;
  http.answer(
      HttpResponse{200, {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", std::to_string(second)}}, ""});
  http.answer(HttpResponse{200, {{"ratelimit", R"("default";r=0;t=50)"}}, ""});
  ASSERT_TRUE(look());
  EXPECT_EQ(took([&] { EXPECT_TRUE(change()); }), 12s);
  const auto refused = look();
  ASSERT_FALSE(refused) << "50 s do not fit";
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(http.requests().size(), 2u);
}

TEST_F(ApiClientTest, AfterTheDeadlineNothingIsSent) {
  http.answer(200);
  EXPECT_EQ(client.look("/", clock.boot_now()).error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(http.requests().empty());
}

TEST_F(ApiClientTest, WithoutAReadableTokenNothingIsSent) {
  ::unlink(folder.file("token").c_str());
  http.answer(200);
  EXPECT_FALSE(look());
  EXPECT_TRUE(http.requests().empty());
}

TEST_F(ApiClientTest, RemembersHowTheProviderNamedTheLastChange) {
  http.answer(HttpResponse{200, {{"x-request-id", "look"}}, ""});
  http.answer(HttpResponse{200, {{"x-request-id", "8f2a\x01"}}, ""});
  http.answer(HttpResponse{200, {{"x-request-id", "look"}}, ""});
  ASSERT_TRUE(look() && change() && look());
  EXPECT_EQ(client.last_request_id(), "8f2a?");
  http.answer(HttpResponse{400, {{"x-request-id", "refused"}}, ""});
  ASSERT_TRUE(look());  // the last answer before it
  EXPECT_FALSE(change());
  EXPECT_EQ(client.last_request_id(), "refused");
  http.answer(fail(ErrorCode::kUnknown, "reset"));
  EXPECT_FALSE(change());  // answered as the one before
  EXPECT_FALSE(change());
  EXPECT_EQ(client.last_request_id(), "") << "it is not the one before";
}

TEST(OneLine, IsShortPrintableAndNeverAPage) {
  EXPECT_EQ(one_line("<!doctype html>"), "");
  EXPECT_EQ(one_line("bad\tname\r\nmore"), "bad?name");
  EXPECT_EQ(one_line(std::string(500, 'x')).size(), 160u);
}

}  // namespace
}  // namespace farshore
