// The words are made from what the API really writes, not from what this program believes it writes.
#include "actuator/ctl/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actuator/api/records_json.h"
#include "actuator/failover/steps.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

WallTime at(const char* text) { return parse_rfc3339(text).value(); }

RunRecord held_run() {
  RunRecord run;
  run.id = "shop-4";
  run.cluster = "shop";
  run.from_epoch = 3;
  run.old_primary = "shop-us";
  run.old_region = "us-east";
  run.state = RunState::kHeld;
  run.step = "admit";
  run.reason = "more would be lost than max_data_loss allows";
  run.accepted_at = run.started_at = at("2026-11-22T17:00:00Z");
  return run;
}

std::vector<StepRecord> steps() {
  StepRecord intent;
  intent.run_id = "shop-4";
  intent.attempt = 1;
  intent.step = "admit";
  intent.at = at("2026-11-22T17:00:01Z");
  intent.facts = {
      {"needs", "loss"}, {"predicted_loss_lower_bytes", "100"}, {"predicted_loss_upper_bytes", ""}};
  StepRecord failed = intent;
  failed.sequence = 1;
  failed.event = StepEvent::kFailed;
  failed.at += 1500ms;
  failed.detail = "100 bytes at least";
  failed.facts = {{"shown_loss_bytes", "100"}};
  return {intent, failed};
}

ClusterStatus cluster() {
  ClusterStatus status;
  status.cluster = "shop";
  status.mode = "automatic";
  status.reign = Reign{"shop", 3, "shop-us", 2, "7", at("2026-11-22T16:00:00Z")};
  ServerObservation server;
  server.cluster = "shop";
  server.server = "shop-us";
  server.region = "us-east";
  status.servers = {server};
  return status;
}

JsonValue status_json(const ClusterStatus& status) {
  JsonWriter writer;
  write_status(writer, {status}, at("2026-11-22T17:00:05Z"), BootTime(60s));
  return parse_json(writer.str()).value();
}

JsonValue run_json(const RunRecord& run) {
  JsonWriter writer;
  write_run_detail(writer, run, steps());
  return parse_json(writer.str()).value();
}

TEST(Words, AClusterIsProtectedUntilSomethingKeepsItFromBeing) {
  ClusterStatus status = cluster();
  EXPECT_TRUE(status_in_words(status_json(status), "").all_protected);
  EXPECT_THAT(status_in_words(status_json(status), "").text,
              HasSubstr("shop-us, epoch 3 since 2026-11-22 16:00:00Z"));
  EXPECT_THAT(status_in_words(status_json(status), "").text, HasSubstr("not seen yet"));
  EXPECT_FALSE(status_in_words(status_json(status), "books").found);

  status.mode = "off";
  EXPECT_FALSE(status_in_words(status_json(status), "").all_protected);
  status = cluster();
  status.problem = "the standby's admin role lacks EXECUTE on pg_promote";
  EXPECT_THAT(status_in_words(status_json(status), "").text,
              HasSubstr("NOT PROTECTED: the standby's admin role"));
  status = cluster();
  status.reign.reset();
  EXPECT_FALSE(status_in_words(status_json(status), "").all_protected);
  status = cluster();
  status.pause = Pause{"shop", "ann", "upgrade", at("2026-11-22T16:30:00Z")};
  EXPECT_THAT(status_in_words(status_json(status), "").text, HasSubstr("paused by ann"));
  status = cluster();
  status.latch = LatchRecord{"two regions at once", at("2026-11-22T16:30:00Z")};
  EXPECT_FALSE(status_in_words(status_json(status), "").all_protected);
  EXPECT_THAT(
      status_in_words(status_json(status), "").text,
      HasSubstr(
          "automation is latched since 2026-11-22 16:30:00Z: two regions at once; look, then farshorectl"));
}

TEST(Words, WhatAFailoverLeftOpenIsTold) {
  ClusterStatus status = cluster();
  EXPECT_THAT(status_in_words(status_json(status), "").text, Not(HasSubstr("OPEN")));
  status.traffic_open = {{"orders.example.com", "the provider answered 403", at("2026-11-22T16:30:00Z")}};
  status.stale_primaries = {{"shop-us", "it answers and is not in recovery", at("2026-11-22T16:31:00Z")}};
  status.hooks_open = {{"env", "its check says no", at("2026-11-22T16:32:00Z")}};
  const StatusText words = status_in_words(status_json(status), "");
  EXPECT_TRUE(words.all_protected);  // another failover can still start
  for (const char* line :
       {"traffic        orders.example.com  2026-11-22 16:30:00Z  the provider answered 403\n",
        "stale primary  shop-us             2026-11-22 16:31:00Z  it answers and is not in recovery\n",
        "hook           env                 2026-11-22 16:32:00Z  its check says no\n"})
    EXPECT_THAT(words.text, HasSubstr(line));
}

TEST(Words, AHeldRunTellsWhatAnApprovalIsBoundTo) {
  ClusterStatus status = cluster();
  status.open_run = held_run();
  status.approval_digest = "00ff";
  EXPECT_EQ(approval_digest_of(status_json(status), "shop-4"), "00ff");
  EXPECT_EQ(approval_digest_of(status_json(status), "shop-5"), "");
  EXPECT_THAT(status_in_words(status_json(status), "").text,
              HasSubstr("run shop-4 is held at admit: more would be lost"));

  const std::string text = approval_in_words(run_json(held_run()), "00ff");
  EXPECT_THAT(text, HasSubstr("100 to unknown bytes of WAL"));
  EXPECT_THAT(text, HasSubstr("to lose more than failover.max_data_loss"));
  EXPECT_THAT(text, HasSubstr("00ff"));
}

TEST(Words, ARunTellsItsStory) {
  const std::string why = why_run(run_json(held_run()));
  EXPECT_THAT(why, HasSubstr("Run shop-4 of cluster shop: held at admit"));
  EXPECT_THAT(why, HasSubstr("admit (attempt 1): failed after 1.500 s: 100 bytes at least"));
  EXPECT_THAT(why, HasSubstr("guards against starting what cannot end well"));
  EXPECT_THAT(why, HasSubstr("farshorectl approve shop-4"));

  RunRecord promoting = held_run();
  promoting.promoting = true;
  EXPECT_THAT(why_run(run_json(promoting)), HasSubstr("past the point of no return"));
  EXPECT_THAT(run_in_words(run_json(held_run()), ""), HasSubstr("shop-us in us-east, primary of epoch 3"));
}

TEST(Words, ARunSaysWhenClientsFollowAndWhoStays) {
  const auto run = parse_json(R"({"id":"shop-4","traffic_caches_clear_at":"2026-11-22T12:00:32.500Z",)"
                              R"("old_primary_sessions":7})");
  const std::string text = run_in_words(run.value(), "");
  EXPECT_THAT(text, HasSubstr("caches clear   2026-11-22 12:00:32Z"));
  EXPECT_THAT(text, HasSubstr("sessions left  7"));
  EXPECT_THAT(run_in_words(run_json(held_run()), ""), Not(HasSubstr("caches clear")));
}

TEST(Words, ARunThatIsHeldSaysAtEveryRowWhatToMend) {
  for (const Step& step : failover_steps()) {
    RunRecord run = held_run();
    run.step = step.name;
    for (const bool promoting : {false, true}) {
      run.promoting = promoting;
      const std::string why = why_run(run_json(run));
      const std::string lead = promoting ? "mend the cause.\n" : "until a person decides.\n";
      const size_t at = why.find(lead);
      ASSERT_NE(at, std::string::npos) << why;
      const std::string remedy =
          why.substr(at + lead.size(), why.find('\n', at + lead.size()) - at - lead.size());
      EXPECT_GT(remedy.size(), 20U) << step.name;
      EXPECT_THAT(remedy, Not(HasSubstr("{"))) << step.name;
    }
  }
}

TEST(Words, ARefusedRunSaysWhetherItIsTriedAgain) {
  RunRecord run = held_run();
  run.state = RunState::kRefused;
  run.step = "confirm_outage";
  EXPECT_THAT(why_run(run_json(run)), HasSubstr("it is not tried again for this alert"));
  run.retryable = true;
  EXPECT_THAT(why_run(run_json(run)), HasSubstr("While the alert fires it is tried again by itself"));
  EXPECT_THAT(why_run(run_json(run)), HasSubstr("See whether shop-us is really lost"));
}

TEST(Words, AnAlertTellsItsVerdict) {
  AlertRecord alert;
  alert.id = 17;
  alert.received_at = alert.starts_at = at("2026-11-22T17:00:00Z");
  alert.alertname = "FarshorePrimaryDown";
  alert.cluster = "shop";
  alert.server = "shop-us";
  alert.region = "us-east";
  alert.principal = "alertmanager";
  alert.epoch = 3;
  const auto words = [&] {
    JsonWriter writer;
    write_alert(writer, alert);
    return why_alert(parse_json(writer.str()).value());
  };
  EXPECT_THAT(words(), HasSubstr("It waits for its verdict."));
  alert.verdict = "acted_on";
  alert.run_id = "shop-4";
  EXPECT_THAT(words(), HasSubstr("It was acted on."));
  EXPECT_THAT(words(), HasSubstr("farshorectl why shop-4"));
  alert.verdict = "refused";
  alert.reason = "epoch 3 is over";
  EXPECT_THAT(words(), HasSubstr("It was refused: epoch 3 is over."));
}

}  // namespace
}  // namespace farshore
