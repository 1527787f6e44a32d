#include "actuator/api/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actuator/api/metric_list.h"
#include "common/base/version.h"
#include "tests/fakes/memory_journal.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

StepRecord step(const char* name, int attempt, StepEvent event, nanoseconds after, RunFacts facts = {}) {
  return {"shop-7", 0, attempt, name, event, WallTime(1'764'000'001s) + after, "", std::move(facts)};
}

NewestRun ended_run() {
  RunRecord run;
  run.id = "shop-7";
  run.cluster = "shop";
  run.old_primary = "shop-us";
  run.old_region = "us-east";
  run.candidate = "shop-eu";
  run.region = "eu-west";
  run.state = RunState::kSucceeded;
  run.accepted_at = WallTime(1'764'000'000s);
  run.ended_at = WallTime(1'764'000'004s);
  return {run,
          {step("admit", 1, StepEvent::kDone, 200ms, {{"seconds.admit", "0.125"}}),
           step("fence_old_primary", 1, StepEvent::kIntent, 300ms),
           step("fence_old_primary", 1, StepEvent::kFailed, 800ms),
           step("fence_old_primary", 2, StepEvent::kIntent, 1s),
           step("fence_old_primary", 2, StepEvent::kDone, 1250ms,
                {{"exposure_seconds", "6.5"},
                 {"predicted_loss_lower_bytes", "16"},
                 {"quorum_wait_seconds", "0.5"}}),
           step("promote", 2, StepEvent::kIntent, 2s,
                {{"actuator_seconds", "3.25"}, {"predicted_loss_upper_bytes", "4096"}})}};
}

MetricsInput input() {
  ClusterStatus shop;
  shop.cluster = "shop";
  shop.reign = Reign{"shop", 3, "shop-us", 1, "77", WallTime{}};
  shop.claim = Claim{"shop", 4, "shop-7"};
  shop.pause = Pause{"shop", "anna", "racks", WallTime{}};
  shop.traffic_open = {{"orders.example.com A", "is being pointed at eu-west", WallTime{}}};
  shop.stale_primaries = {{"shop-us", "lost the reign", WallTime{}}};
  shop.hooks_open = {{"env", "act: exit 1", WallTime{}}};
  shop.open_run = RunRecord{};
  shop.open_run->state = RunState::kHeld;
  shop.reign->since = WallTime(1'763'000'000s);
  ClusterStatus billing;
  billing.cluster = "billing";
  shop.latch = billing.latch = LatchRecord{"two regions at once", WallTime{}};
  MetricsInput input;
  input.clusters = {shop, billing};
  input.runs = RunCounts{{{"shop", RunState::kSucceeded}, 2}, {{"shop", RunState::kHeld}, 1}};
  input.webhook.alerts = {{"pending", 5}};
  input.webhook.refused = {{"unauthenticated", 3}};
  input.webhook.http_refused = {{"not_found", 2}, {"made up", 1}};
  input.webhook.watchdog_seen = WallTime(1'764'000'000s);
  input.failed_sign_ins = 7;
  input.newest_runs = {ended_run()};
  input.notifications = {{{"webhook", "sent"}, 4}, {{"webhook", "failed"}, 0}};
  return input;
}

Topology topology() {
  ServerConfig server;
  server.name = "shop-us";
  server.region = "us-east";
  Topology topology;
  topology.clusters.resize(1);
  topology.clusters[0].name = "shop";
  topology.clusters[0].servers = {server};
  server.name = "shop-eu";
  server.region = "eu-west";
  topology.clusters[0].servers.push_back(server);
  for (const auto& [name, type] :
       {std::pair("orders.example.com", "A"), {"orders.example.com", "AAAA"}, {"balancer", ""}}) {
    topology.clusters[0].traffic.emplace_back();
    topology.clusters[0].traffic.back().name = name;
    topology.clusters[0].traffic.back().type = type;
  }
  for (const char* hook : {"env", "pooler"}) {
    topology.clusters[0].hooks.emplace_back();
    topology.clusters[0].hooks.back().name = hook;
  }
  return topology;
}

TEST(ActuatorMetrics, SayWhatTheRulesAndPeopleRelyOn) {
  const auto page = render_metrics(input(), topology());
  for (const char* line :
       {R"(farshore_cluster_primary_epoch{cluster="shop",region="us-east",server="shop-us",epoch="3"} 3)",
        R"(farshore_cluster_epoch_claimed{cluster="shop"} 4)",
        R"(farshore_cluster_epoch_claimed{cluster="billing"} 0)",
        R"(farshore_cluster_paused{cluster="shop"} 1)",
        R"(farshore_cluster_paused{cluster="billing"} 0)",
        R"(farshore_runs_total{cluster="shop",state="succeeded"} 2)",
        R"(farshore_runs_total{cluster="billing",state="refused"} 0)",
        R"(farshore_runs_held{cluster="shop"} 1)",
        R"(farshore_runs_held{cluster="billing"} 0)",
        R"(farshore_traffic_switch_pending{cluster="shop",record="orders.example.com",type="A"} 1)",
        R"(farshore_traffic_switch_pending{cluster="shop",record="orders.example.com",type="AAAA"} 0)",
        R"(farshore_traffic_switch_pending{cluster="shop",record="balancer",type=""} 0)",
        R"(farshore_stale_primary{cluster="shop",region="us-east",server="shop-us"} 1)",
        R"(farshore_hook_pending{cluster="shop",hook="env"} 1)",
        R"(farshore_hook_pending{cluster="shop",hook="pooler"} 0)",
        R"(farshore_webhook_alerts_total{verdict="pending"} 5)",
        R"(farshore_webhook_alerts_total{verdict="duplicate"} 0)",
        R"(farshore_webhook_refused_total{reason="unauthenticated"} 3)",
        R"(farshore_webhook_refused_total{reason="body_timeout"} 0)",
        R"(farshore_http_refused_total{reason="not_found"} 2)",
        R"(farshore_http_refused_total{reason="unauthenticated"} 0)",
        "farshore_automation_latched 1",
        "farshore_page_failed_sign_ins_total 7",
        "farshore_trigger_path_last_seen_timestamp_seconds 1764000000"}) {
    EXPECT_THAT(page, HasSubstr(std::string(line) + "\n"));
  }
  EXPECT_THAT(page, Not(HasSubstr("made up"))) << "only the words that are known make series";
  EXPECT_THAT(page, Not(HasSubstr(R"(farshore_stale_primary{cluster="shop",region="eu-west")")));
  EXPECT_THAT(page, HasSubstr(fmt::format("farshore_actuator_build_info{{version=\"{}\"", kVersion)));
}

TEST(ActuatorMetrics, TellTheNewestRunAndWhatItCost) {
  const auto page = render_metrics(input(), topology());
  for (
      const char* line :
      {R"(farshore_run_state{cluster="shop",run="shop-7",state="succeeded"} 1)",
       R"(farshore_run_state{cluster="shop",run="shop-7",state="held"} 0)",
       R"(farshore_run_info{cluster="shop",run="shop-7",old_primary="shop-us",old_region="us-east",candidate="shop-eu",region="eu-west"} 1)",
       R"(farshore_run_accepted_timestamp_seconds{cluster="shop",run="shop-7"} 1764000000)",
       R"(farshore_run_ended_timestamp_seconds{cluster="shop",run="shop-7"} 1764000004)",
       R"(farshore_run_step_duration_seconds{cluster="shop",run="shop-7",step="admit",outcome="done"} 0.125)",
       R"(farshore_run_step_duration_seconds{cluster="shop",run="shop-7",step="fence_old_primary",outcome="done"} 0.25)",
       R"(farshore_run_step_started_timestamp_seconds{cluster="shop",run="shop-7",step="promote"} 1764000003)",
       R"(farshore_run_quorum_wait_seconds{cluster="shop",run="shop-7"} 0.5)",
       R"(farshore_run_actuator_seconds{cluster="shop",run="shop-7"} 3.25)",
       R"(farshore_run_exposure_seconds{cluster="shop",run="shop-7"} 6.5)",
       R"(farshore_run_predicted_loss_bytes{cluster="shop",run="shop-7",bound="lower"} 16)",
       R"(farshore_run_predicted_loss_bytes{cluster="shop",run="shop-7",bound="upper"} 4096)",
       R"(farshore_cluster_reign_began_timestamp_seconds{cluster="shop",region="us-east",server="shop-us",epoch="3"} 1763000000)",
       R"(farshore_cluster_max_data_loss_bytes{cluster="shop"} 16777216)",
       R"(farshore_cluster_max_data_loss_seconds{cluster="shop"} 10)"}) {
    EXPECT_THAT(page, HasSubstr(std::string(line) + "\n"));
  }
  EXPECT_THAT(page, Not(HasSubstr("step=\"promote\",outcome"))) << "it still runs";
  EXPECT_THAT(page, Not(HasSubstr("step=\"fence_old_primary\",outcome=\"failed\"")))
      << "only the newest attempt counts";
}

TEST(ActuatorMetrics, TakeTheNewestRunOfEachClusterForADay) {
  const WallTime now(1'764'000'000s);
  const auto journal = make_memory_journal();
  const auto add_run = [&](const char* cluster, std::optional<nanoseconds> ended_ago) {
    RunRecord run;
    run.cluster = cluster;
    run.state = ended_ago ? RunState::kRefused : RunState::kHeld;
    if (ended_ago) run.ended_at = now - *ended_ago;
    ASSERT_TRUE(journal->create_run(run));
    StepRecord admit = step("admit", 1, StepEvent::kDone, 0s);
    admit.run_id = run.id;
    ASSERT_TRUE(journal->record_step(admit));
  };
  add_run("shop", 3h);
  add_run("billing", 25h);
  add_run("shop", 23h);
  add_run("stock", std::nullopt);
  std::vector<std::string> found;
  for (const auto& [run, steps] : newest_runs(*journal, now)) {
    found.push_back(run.id);
    EXPECT_EQ(steps.size(), 1U);
  }
  EXPECT_THAT(found, ::testing::UnorderedElementsAre("shop-2", "stock-1"));
}

TEST(ActuatorMetrics, SayReadinessOncePerReasonAndHowOldItIs) {
  auto some = input();
  some.boot_now = BootTime(112s);
  some.clusters[0].plan.emplace();
  some.clusters[0].plan->looked_at = BootTime(100s);
  some.clusters[0].plan->obstacles = {{"standby_unreachable", "shop-eu could not be looked at", false},
                                      {"standby_unreachable", "shop-ap could not be looked at", false},
                                      {"paused", "paused by anna", false}};
  const auto page = render_metrics(some, topology());
  EXPECT_THAT(page, HasSubstr("farshore_failover_ready{cluster=\"shop\",reason=\"paused\"} 0\n"
                              "farshore_failover_ready{cluster=\"shop\",reason=\"standby_unreachable\"} 0\n"
                              "# HELP"));
  EXPECT_THAT(page, HasSubstr("farshore_failover_plan_age_seconds{cluster=\"shop\"} 12\n"));
  EXPECT_THAT(page, Not(HasSubstr("farshore_failover_ready{cluster=\"billing\"")));
  some.clusters[0].plan->obstacles.clear();
  EXPECT_THAT(render_metrics(some, topology()),
              HasSubstr("farshore_failover_ready{cluster=\"shop\",reason=\"\"} 1\n# HELP"));
}

TEST(ActuatorMetrics, AreAllDeclared) {
  auto some = input();
  some.clusters[0].plan.emplace();
  std::vector<Metric> known(std::begin(metric::kOfActuator), std::end(metric::kOfActuator));
  known.insert(known.end(), std::begin(kProcessMetrics), std::end(kProcessMetrics));
  const MetricFamilies families = metric_families(some, topology());
  EXPECT_THAT(find_undeclared(families, known), ::testing::IsEmpty());
  EXPECT_EQ(families.size(), known.size()) << "one that is declared is never emitted";
}

TEST(ActuatorMetrics, PassPromtool) {
  auto some = input();
  some.clusters[0].plan.emplace();
  some.clusters[1].plan.emplace();
  some.clusters[1].plan->obstacles = {{"no_reign", "no primary is known yet", false}};
  const test::TempDir folder("farshore-metrics");
  test::write_file(folder.file("metrics"), render_metrics(some, topology()));
  const auto checked = test::run_command({"sh", "-c", "promtool check metrics < " + folder.file("metrics")});
  EXPECT_EQ(checked.exit_code, 0) << checked.output;
}

TEST(ActuatorMetrics, LeaveOutWhatIsNotKnown) {
  auto some = input();
  some.runs.reset();
  some.webhook.watchdog_seen.reset();
  some.clusters[0].reign.reset();
  for (auto& cluster : some.clusters) cluster.latch.reset();
  const auto page = render_metrics(some, topology());
  EXPECT_THAT(page, Not(HasSubstr("farshore_runs_total")));
  EXPECT_THAT(page, Not(HasSubstr("trigger_path")));
  EXPECT_THAT(page, Not(HasSubstr("primary_epoch")));
  EXPECT_THAT(page, HasSubstr("farshore_automation_latched 0\n"));
}

}  // namespace
}  // namespace farshore
