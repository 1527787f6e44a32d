#include "exporter/watch/health_answer.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

ProbeOutcome answer(int status, std::string body = "", std::string type = "application/json") {
  ProbeOutcome outcome;
  outcome.status = status;
  outcome.body = std::move(body);
  outcome.content_type = std::move(type);
  return outcome;
}

TEST(HealthAnswer, EveryStatusButSuccessIsAFailureAndARedirectIsOneOfItsOwn) {
  for (const int status : {200, 204, 299})
    EXPECT_EQ(judge_health(answer(status, "{}")).failure, ApplicationFailure::kNone) << status;
  for (const int status : {301, 302, 307, 399})
    EXPECT_EQ(judge_health(answer(status)).failure, ApplicationFailure::kRedirect) << status;
  for (const int status : {199, 400, 404, 500, 503})
    EXPECT_EQ(judge_health(answer(status)).failure, ApplicationFailure::kStatus) << status;
}

TEST(HealthAnswer, TheStateIsOneOfAFixedListOfWords) {
  const auto state = [](const std::string& word) {
    return judge_health(answer(200, "{\"status\": \"" + word + "\"}")).state;
  };
  EXPECT_EQ(state("ok"), "ok");
  EXPECT_EQ(state("UP"), "up");
  EXPECT_EQ(state("not writable"), "not_writable");
  EXPECT_EQ(state("OUT-OF-SERVICE"), "out_of_service");
  EXPECT_EQ(state("splendid"), "other");
  EXPECT_EQ(state(""), "other");
  EXPECT_EQ(state("x\\\"} 1\\nfarshore_pg_up 1"), "other");
  EXPECT_EQ(state(std::string(5000, 'o')), "other");
}

TEST(HealthAnswer, TheStateIsReadUnderEitherKeyAndAlsoWhenTheStatusIsAFailure) {
  EXPECT_EQ(judge_health(answer(200, "{\"state\": \"ready\"}")).state, "ready");
  EXPECT_EQ(judge_health(answer(200, "{\"status\": 200, \"state\": \"ready\"}")).state, "ready");
  const HealthAnswer down = judge_health(answer(503, "{\"status\": \"down\"}"));
  EXPECT_EQ(down.state, "down");
  EXPECT_EQ(down.failure, ApplicationFailure::kStatus);
}

TEST(HealthAnswer, ABodyThatSaysNothingIsNoFaultUnlessItIsCalledJson) {
  EXPECT_EQ(judge_health(answer(200, "OK", "text/plain")).failure, ApplicationFailure::kNone);
  EXPECT_EQ(judge_health(answer(200, "OK", "text/plain")).state, "");
  EXPECT_EQ(judge_health(answer(200, "{\"status\": \"ok\"}", "")).state, "ok");
  EXPECT_EQ(judge_health(answer(200, "{broken", "text/plain")).failure, ApplicationFailure::kNone);
  for (const char* type : {"application/json", "Application/JSON; charset=utf-8", "application/health+json"})
    EXPECT_EQ(judge_health(answer(200, "{broken", type)).failure, ApplicationFailure::kBody) << type;
  EXPECT_EQ(judge_health(answer(200, "[1]")).failure, ApplicationFailure::kNone);
  EXPECT_EQ(judge_health(answer(503, "{broken")).failure, ApplicationFailure::kStatus) << "the greater fault";
}

TEST(HealthAnswer, WhatIsNoAnswerKeepsItsClassAndTellsNoState) {
  for (const auto& [from, to] :
       {std::pair{ProbeFailure::kRefused, "refused"}, std::pair{ProbeFailure::kTimeout, "timeout"},
        std::pair{ProbeFailure::kUnreachable, "unreachable"}, std::pair{ProbeFailure::kDns, "dns"},
        std::pair{ProbeFailure::kTls, "tls"}, std::pair{ProbeFailure::kClosed, "closed"},
        std::pair{ProbeFailure::kProtocol, "protocol"}, std::pair{ProbeFailure::kBody, "body"},
        std::pair{ProbeFailure::kOther, "other"}}) {
    ProbeOutcome outcome = answer(200, "{\"status\": \"ok\"}");
    outcome.failure = from;
    const HealthAnswer judged = judge_health(outcome);
    EXPECT_EQ(to_string(judged.failure), to);
    EXPECT_EQ(judged.state, "");
  }
}

}  // namespace
}  // namespace farshore
