// What a stream of alerts does to an actuator: repeats, replays, false resolutions, several at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "common/base/log.h"
#include "tests/actuator/webhook/stream_world.h"
#include "tests/common/http/raw_client.h"

namespace farshore::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class AlertStream : public ::testing::Test {
 protected:
  AlertStream() { init_logging(LogLevel::kError, LogFormat::kLogfmt); }

  // Delivers and waits for the verdict.
  void deliver(const std::string& body) {
    EXPECT_EQ(world.deliver(body).status, 202);
    ASSERT_TRUE(world.decided());
  }
  std::string last_verdict() { return world.verdicts().back(); }
  RunRecord run() { return world.runs().empty() ? RunRecord() : world.runs().front(); }

  LogCapture log;
  StreamWorld world;
  const LossReport shop{.starts_at = format_rfc3339(system_clock().wall_now())};
  const LossReport billing{.cluster = "billing", .region = "eu-west", .server = "billing-eu"};
};

TEST_F(AlertStream, TwoAlertmanagersAMillisecondApartMakeOneRun) {
  std::latch ready(2);
  {
    std::vector<std::jthread> alertmanagers;
    for (int i = 0; i < 2; ++i)
      alertmanagers.emplace_back([&, i] {
        const std::string body = body_json({alert_json(shop)}, "{}:{}", fmt::format("http://am-{}:9093", i));
        ready.arrive_and_wait();
        EXPECT_EQ(world.deliver(body).status, 202);
      });
  }
  ASSERT_TRUE(world.decided());
  EXPECT_THAT(world.verdicts(), UnorderedElementsAre(StartsWith("acted_on"), StartsWith("duplicate")));
  EXPECT_EQ(world.runs().size(), 1U);
}

TEST_F(AlertStream, AReplayAfterAnAlertmanagersRestartIsADuplicateWhateverItsGroupIsCalled) {
  deliver(body_json({alert_json(shop)}));
  deliver(body_json({alert_json(shop)}));
  deliver(body_json({alert_json(shop)}, "{}/{farshore_action=~\\\"failover\\\"}:{cluster=\\\"shop\\\"}"));
  EXPECT_THAT(world.verdicts(),
              ElementsAre(StartsWith("acted_on"), StartsWith("duplicate"), StartsWith("duplicate")));
  EXPECT_EQ(world.runs().size(), 1U);
}

TEST_F(AlertStream, AReplayAfterTheActuatorsOwnRestartIsADuplicateToo) {
  deliver(body_json({alert_json(shop)}));
  ASSERT_TRUE(world.wait_for([&] { return run().state == RunState::kHeld; }));
  world.restart_process();
  deliver(body_json({alert_json(shop)}));
  EXPECT_THAT(last_verdict(), StartsWith("duplicate: the same alert"));
  EXPECT_EQ(world.runs().size(), 1U);
}

TEST_F(AlertStream, AnAlertThatFiresStillWhileThePrimaryLivesEndsInARefusedRun) {
  world.primaries_live = true;
  deliver(body_json({alert_json(shop)}));
  ASSERT_TRUE(world.wait_for([&] { return run().state != RunState::kRunning; }));
  EXPECT_EQ(run().state, RunState::kRefused);
  EXPECT_TRUE(run().retryable);
  EXPECT_THAT(run().reason, HasSubstr("shop-us answered"));
  // Again within the ten seconds: no second run, and the reason is said.
  deliver(body_json({alert_json(shop)}));
  EXPECT_THAT(last_verdict(), StartsWith("refused: refused a moment ago: the primary"));
  EXPECT_EQ(world.runs().size(), 1U);
}

TEST_F(AlertStream, AResolvedAlertBeforeARunStartsNothing) {
  LossReport resolved = shop;
  resolved.status = "resolved";
  deliver(body_json({alert_json(resolved)}));
  EXPECT_THAT(world.verdicts(), ElementsAre(StartsWith("noted: resolved")));
  EXPECT_TRUE(world.runs().empty());
  deliver(body_json({alert_json(shop)}));
  EXPECT_THAT(last_verdict(), StartsWith("acted_on")) << "a resolution does not use the alert up";
}

// Prometheus died, or the target was dropped: Alertmanager says resolved while the primary is as dead as
// ever.
TEST_F(AlertStream, AFalseResolutionDuringARunDoesNotEndIt) {
  world.alert_fires = false;  // the run goes on confirming
  EXPECT_EQ(world.deliver(body_json({alert_json(shop)})).status, 202);
  ASSERT_TRUE(world.wait_for([&] { return !world.runs().empty(); }));
  LossReport resolved = shop;
  resolved.status = "resolved";
  EXPECT_EQ(world.deliver(body_json({alert_json(resolved)})).status, 202);
  EXPECT_EQ(run().state, RunState::kRunning);
  world.alert_fires = true;
  ASSERT_TRUE(world.wait_for([&] { return run().state != RunState::kRunning; }));
  EXPECT_EQ(run().state, RunState::kHeld);
  EXPECT_THAT(run().reason, HasSubstr("failover.mode is approve"));
}

TEST_F(AlertStream, AResolutionEndsARunOnlyWhenTheActuatorItselfSeesThePrimaryAlive) {
  world.alert_fires = false;
  EXPECT_EQ(world.deliver(body_json({alert_json(shop)})).status, 202);
  ASSERT_TRUE(world.wait_for([&] { return !world.runs().empty(); }));
  LossReport resolved = shop;
  resolved.status = "resolved";
  world.primaries_live = true;
  EXPECT_EQ(world.deliver(body_json({alert_json(resolved)})).status, 202);
  ASSERT_TRUE(world.wait_for([&] { return run().state != RunState::kRunning; }));
  EXPECT_EQ(run().state, RunState::kRefused);
  EXPECT_THAT(run().reason, HasSubstr("shop-us answered"));
}

TEST_F(AlertStream, TwoClustersOfOneRegionInOneGroupAreTwoRuns) {
  const LossReport crm{.cluster = "crm", .server = "crm-us", .fingerprint = "1f"};
  deliver(body_json({alert_json(shop), alert_json(crm)}));
  EXPECT_THAT(world.verdicts(), ElementsAre(StartsWith("acted_on"), StartsWith("acted_on")));
  EXPECT_EQ(world.runs().size(), 2U);
  EXPECT_FALSE(world.journal->latched().value().has_value());
}

TEST_F(AlertStream, TwoRegionsAtOnceLatchStopTheFirstRunAndWaitForAPerson) {
  world.alert_fires = false;  // the first run is still confirming when the second alert comes
  EXPECT_EQ(world.deliver(body_json({alert_json(shop)})).status, 202);
  ASSERT_TRUE(world.wait_for([&] { return !world.runs().empty(); }));
  EXPECT_THAT(world.get("/metrics"), HasSubstr("farshore_automation_latched 0\n"));
  deliver(body_json({alert_json(billing)}));
  ASSERT_TRUE(world.wait_for([&] { return run().state != RunState::kRunning; }));
  EXPECT_EQ(world.runs().size(), 1U);
  EXPECT_EQ(run().state, RunState::kRefused);
  EXPECT_THAT(run().reason, HasSubstr("automation is latched since"));
  EXPECT_THAT(last_verdict(), StartsWith("refused: automation is latched since"));
  EXPECT_THAT(world.get("/metrics"), HasSubstr("farshore_automation_latched 1\n"));
  EXPECT_THAT(world.get("/api/v1/status"), HasSubstr("the loss of region us-east (cluster shop)"));
  EXPECT_TRUE(log.contains("automation is latched"));

  world.restart_process();
  world.alert_fires = true;
  deliver(body_json({alert_json(shop)}));
  EXPECT_THAT(last_verdict(), StartsWith("refused: automation is latched since"));
  const CtlAnswer status = world.ctl({"status"});
  EXPECT_EQ(status.exit_code, kExitNotProtected);
  EXPECT_THAT(status.out, HasSubstr("crm: NOT PROTECTED: automation is latched since"));

  EXPECT_EQ(world.ctl({"unlatch"}).exit_code, 0);
  EXPECT_EQ(world.ctl({"unlatch"}).exit_code, kExitRefused);
  EXPECT_EQ(world.journal->recent_actions(2)->back().by, "anna");
  deliver(body_json({alert_json(shop)}));
  EXPECT_THAT(last_verdict(), StartsWith("acted_on"));
}

TEST_F(AlertStream, WhatIsRefusedBeforeItIsReadIsCountedByReason) {
  const auto post = [&](const std::string& path, const std::string& authorization) {
    HttpRequest request{"POST", fmt::format("http://127.0.0.1:{}{}", world.port(), path), {}, "{}"};
    request.headers = {{"Content-Type", "application/json"}};
    if (!authorization.empty()) request.headers["Authorization"] = authorization;
    const auto answer = make_curl_client()->send(request);
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(post("/api/v1/alerts", ""), 401);
  EXPECT_EQ(post("/api/v1/alerts", "Bearer guessed"), 401);
  EXPECT_EQ(post("/api/v1/alerts", "Bearer operator"), 403);
  EXPECT_EQ(post("/api/v2/alerts", "Bearer webhook"), 404);
  EXPECT_EQ(post("/api/v1/unlatch", "Bearer guessed"), 401);
  const std::string metrics = world.get("/metrics");
  for (const char* line : {R"(farshore_webhook_refused_total{reason="unauthenticated"} 2)",
                           R"(farshore_webhook_refused_total{reason="forbidden"} 1)",
                           R"(farshore_http_refused_total{reason="unauthenticated"} 3)",
                           R"(farshore_http_refused_total{reason="forbidden"} 1)",
                           R"(farshore_http_refused_total{reason="not_found"} 1)"})
    EXPECT_THAT(metrics, HasSubstr(std::string(line) + "\n"));
  EXPECT_TRUE(world.verdicts().empty());
}

TEST(SlowClients, FewerThanTheWorkersDelayNobodyAndGet408) {
  const LogCapture log;
  StreamWorld world(3s);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 12; ++i) {
    slow.push_back(std::make_unique<RawClient>(world.port()));
    slow.back()->send_text(
        "POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer webhook\r\n"
        "Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"version\"");
  }
  EXPECT_EQ(world.deliver(body_json({alert_json({})})).status, 202);
  const std::string metrics = world.get("/metrics");
  EXPECT_THAT(metrics, HasSubstr("farshore_webhook_alerts_total{verdict=\"pending\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("farshore_webhook_refused_total{reason=\"body_timeout\"} 0\n"))
      << "somebody had to wait for a slow client";
  for (const auto& client : slow) EXPECT_THAT(client->receive(), StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(world.get("/metrics"),
              HasSubstr("farshore_webhook_refused_total{reason=\"body_timeout\"} 12\n"));
}

}  // namespace
}  // namespace farshore::test
