#include "actuator/api/records_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json/json_value.h"

namespace farshore {
namespace {

const WallTime kNoon = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}) + 12h;

StepRecord record(const std::string& step, StepEvent event, nanoseconds after, int attempt = 0,
                  const std::string& detail = "", RunFacts facts = {}) {
  return {"shop-1", 0, attempt, step, event, kNoon + after, detail, std::move(facts)};
}

RunRecord a_run() {
  RunRecord run;
  run.id = "shop-1";
  run.cluster = "shop";
  run.state = RunState::kSucceeded;
  run.epoch = 4;
  run.accepted_at = run.started_at = kNoon;
  return run;
}

JsonValue detail_of(const RunRecord& run, const std::vector<StepRecord>& steps) {
  JsonWriter writer;
  write_run_detail(writer, run, steps);
  auto parsed = parse_json(writer.str());
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  return *parsed;
}

TEST(RunJson, ComputesItsFiguresFromTheFacts) {
  const auto run = detail_of(a_run(), {record("account", StepEvent::kDone, 3s, 0, "",
                                              {{"quorum_wait_seconds", "1.25"},
                                               {"predicted_loss_lower_bytes", "0"},
                                               {"predicted_loss_upper_bytes", "16384"},
                                               {"fork_lsn", "0/3000060"},
                                               {"exposure_seconds", "4.5"},
                                               {"traffic_caches_clear_at", "2026-11-22T12:00:32.500Z"},
                                               {"old_primary_sessions", "7"},
                                               {"traffic_verified_at", "2026-11-22T12:00:02.500Z"}})});
  EXPECT_EQ(run.get_double("quorum_wait_seconds"), 1.25);
  EXPECT_EQ(run.get_double("actuator_seconds"), 2.5);
  EXPECT_EQ(run.get_double("exposure_seconds"), 4.5);
  EXPECT_EQ(run.get_string("fork_lsn"), "0/3000060");
  EXPECT_EQ(run.get_string("traffic_caches_clear_at"), "2026-11-22T12:00:32.500Z");
  EXPECT_EQ(run.get_int("old_primary_sessions"), 7);
  EXPECT_EQ(run.get("predicted_loss_bytes")->get_int("lower"), 0);
  EXPECT_EQ(run.get("predicted_loss_bytes")->get_int("upper"), 16384);
  EXPECT_EQ(run.get("facts")->get_string("exposure_seconds"), "4.5");
  EXPECT_EQ(run.get_string("accepted_at"), "2026-11-22T12:00:00.000Z");
}

TEST(RunJson, SaysNullForWhatIsNotKnown) {
  const auto run = detail_of(a_run(), {record("account", StepEvent::kDone, 3s, 0, "",
                                              {{"quorum_wait_seconds", "soon"},
                                               {"traffic_verified_at", "?"},
                                               {"fork_lsn", ""},
                                               {"traffic_caches_clear_at", "?"},
                                               {"old_primary_sessions", "unknown"}})});
  for (const char* name :
       {"quorum_wait_seconds", "actuator_seconds", "write_outage_seconds", "exposure_seconds", "fork_lsn",
        "traffic_caches_clear_at", "old_primary_sessions", "ended_at"}) {
    ASSERT_TRUE(run.get(name).has_value()) << name;
    EXPECT_TRUE(run.get(name)->is_null()) << name;
  }
  EXPECT_TRUE(run.get("predicted_loss_bytes")->get("upper")->is_null());
}

TEST(StepSummaries, DateARowThatOnlyLooksByTheTimeItTook) {
  const auto summaries =
      summarise_steps({record("admit", StepEvent::kDone, 3s, 1, "verified", {{"seconds.admit", "0.5"}})});
  ASSERT_EQ(summaries.size(), 1u);
  EXPECT_EQ(summaries[0].seconds, 0.5);
  EXPECT_EQ(summaries[0].started_at, kNoon + 2500ms);
}

TEST(StepSummaries, MergeTheRecordsOfARowAndAnAttempt) {
  const auto steps = summarise_steps(
      {record("admit", StepEvent::kIntent, 0s), record("admit", StepEvent::kDone, 250ms),
       record("promote", StepEvent::kIntent, 1s, 0, "asked"), record("promote", StepEvent::kFailed, 3s),
       record("admit", StepEvent::kAlreadyDone, 60s, 1, "still so"),
       record("promote", StepEvent::kIntent, 61s, 1)});
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[0].state, "done");
  EXPECT_DOUBLE_EQ(*steps[0].seconds, 0.25);
  EXPECT_EQ(steps[1].state, "failed");
  EXPECT_EQ(steps[1].detail, "asked");
  EXPECT_EQ(steps[2].attempt, 1);
  EXPECT_EQ(steps[2].state, "already_done");
  EXPECT_DOUBLE_EQ(*steps[2].seconds, 0.0);
  EXPECT_EQ(steps[3].state, "running");
  EXPECT_FALSE(steps[3].seconds.has_value());
}

TEST(Facts, TakeTheNewestValueOfEachName) {
  const auto facts =
      merge_facts({record("admit", StepEvent::kDone, 0s, 0, "", {{"candidate", "a"}, {"lag", "1"}}),
                   record("admit", StepEvent::kDone, 9s, 1, "", {{"candidate", "b"}})});
  EXPECT_EQ(facts, (RunFacts{{"candidate", "b"}, {"lag", "1"}}));
}

TEST(StatusJson, ShowsWhatIsKnownOfACluster) {
  ServerFacts facts;
  facts.in_recovery = true;
  facts.timeline = 3;
  facts.replay = Lsn(0x3000060);
  ServerObservation server;
  server.server = "shop-eu";
  server.region = "eu-west";
  server.up = true;
  server.last_success = BootTime(10s);
  server.facts = facts;
  ClusterStatus cluster;
  cluster.cluster = "shop";
  cluster.mode = "automatic";
  cluster.reign = Reign{"shop", 3, "shop-us", 3, "77", kNoon};
  cluster.pause = Pause{"shop", "anna", "racks", kNoon};
  cluster.open_run = a_run();
  cluster.servers = {server, ServerObservation{}};
  JsonWriter writer;
  write_status(writer, {cluster}, kNoon, BootTime(12s));
  const auto parsed = parse_json(writer.str());
  ASSERT_TRUE(parsed.has_value()) << writer.str();
  const auto shown = parsed->get_array("clusters")->at(0);
  EXPECT_EQ(shown.get_bool("paused"), true);
  EXPECT_EQ(shown.get("pause")->get_string("by"), "anna");
  EXPECT_EQ(shown.get("reign")->get_string("server"), "shop-us");
  EXPECT_TRUE(shown.get("claim")->is_null());
  EXPECT_EQ(shown.get("open_run")->get_string("id"), "shop-1");
  const auto standby = shown.get_array("servers")->at(0);
  EXPECT_EQ(standby.get_string("role"), "standby");
  EXPECT_EQ(standby.get_string("replay_lsn"), "0/3000060");
  EXPECT_EQ(standby.get_double("seen_seconds_ago"), 2.0);
  EXPECT_TRUE(standby.get("flush_lsn")->is_null());
  const auto unseen = shown.get_array("servers")->at(1);
  EXPECT_TRUE(unseen.get("role")->is_null());
  EXPECT_TRUE(unseen.get("seen_seconds_ago")->is_null());
}

TEST(StatusJson, ShowsWhatEachPrometheusServerSays) {
  ClusterStatus cluster;
  cluster.votes = {{"us-east", Vote::kFiring, true, true, BootTime(11s), ""},
                   {"eu-west", Vote::kUnknown, false, true, {}, "answers 503"},
                   {"eu-central", Vote::kUnknown, false, false, {}, "is not asked"}};
  cluster.votes_needed = 2;
  JsonWriter writer;
  write_status(writer, {cluster}, kNoon, BootTime(12s));
  const auto shown = parse_json(writer.str())->get_array("clusters")->at(0);
  EXPECT_EQ(shown.get_int("votes_needed"), 2);
  const auto votes = shown.get_array("votes");
  ASSERT_EQ(votes->size(), 3U);
  EXPECT_EQ(votes->at(0).get_string("vote"), "firing");
  EXPECT_EQ(votes->at(0).get_bool("live_primary"), true);
  EXPECT_EQ(votes->at(0).get_double("asked_seconds_ago"), 1.0);
  EXPECT_EQ(votes->at(1).get_string("vote"), "unknown");
  EXPECT_EQ(votes->at(1).get_string("detail"), "answers 503");
  EXPECT_TRUE(votes->at(1).get("live_primary")->is_null());
  EXPECT_TRUE(votes->at(1).get("asked_seconds_ago")->is_null());
  EXPECT_EQ(votes->at(2).get_string("vote"), "not_asked");
}

}  // namespace
}  // namespace farshore
