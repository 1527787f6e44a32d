// The lost primary is there again, as real as it was lost: before, between and after the effects of the run.
#include <filesystem>

#include "tests/actuator/returns/fixture.h"

namespace farshore::test {
namespace {

using PrimaryReturns = ReturnsTest;

constexpr const char* kStale = R"(farshore_stale_primary{cluster="shop",region="us-east",server="shop-us"})";

TEST_F(PrimaryReturns, BeforeTheOutageIsConfirmedEndsTheRunAndNothingWasTouched) {
  world.vantage_sees_life = true;  // keeps the run looking
  world.lose_primary();
  ASSERT_TRUE(wait_until([&] { return world.newest_run().has_value(); }));
  world.primary->start();
  EXPECT_EQ(world.wait_for_run({"refused", "succeeded", "held"}), "refused") << world.run_text();
  EXPECT_NE(reason().find("the primary is alive"), std::string::npos) << reason();
  EXPECT_EQ(world.fence_acts(), "");
  expect_as_before();
}

TEST_F(PrimaryReturns, BetweenConfirmationAndFenceIsNotFenced) {
  world.break_script(ScriptFault::kProofHangs);  // a look at the proof comes before the act
  world.lose_primary();
  ASSERT_TRUE(world.wait_for_step("take_claim"));
  world.primary->start();
  ASSERT_TRUE(wait_until([&] {
    const auto servers = cluster().get_array("servers");
    return servers && servers->front().get_bool("up").value_or(false);
  }));
  world.mend_script(ScriptFault::kProofHangs);
  EXPECT_EQ(world.wait_for_run({"refused", "succeeded", "held"}), "refused") << world.run_text();
  EXPECT_NE(reason().find("the primary came back"), std::string::npos) << reason();
  EXPECT_EQ(world.fence_acts(), "");
  expect_as_before();
}

TEST_F(PrimaryReturns, BetweenFenceAndPromotionHoldsTheRunAndPutsEverythingBack) {
  world.break_script(ScriptFault::kThirdProofWaits);
  world.lose_primary();
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(world.third_proof_file()); }, 30s));
  EXPECT_EQ(world.standby->sql("SELECT count(*) FROM pg_stat_wal_receiver"), "0") << "its streams are cut";
  world.primary->start();  // as systemd would
  world.mend_script(ScriptFault::kThirdProofWaits);
  EXPECT_EQ(world.wait_for_run({"refused", "succeeded", "held"}), "held") << world.run_text();
  expect_as_before();
  EXPECT_TRUE(metric_is("farshore_runs_held{cluster=\"shop\"}", "1"));
  const std::string id = world.run_id();
  EXPECT_EQ(world.post("/api/v1/runs/" + id + "/approve", R"({"digest":"0123456789abcdef"})").status, 409)
      << "what it was held for is not a person's to permit";
  EXPECT_EQ(world.post("/api/v1/runs/" + id + "/abandon", "{}").status, 200);
  EXPECT_EQ(world.wait_for_run({"refused", "succeeded"}), "refused") << world.run_text();
  EXPECT_EQ(reason(), "abandoned by alice");
  expect_as_before();
}

TEST_F(PrimaryReturns, AfterThePromotionIsFencedAgainAndTold) {
  world.lose_primary();
  ASSERT_EQ(world.wait_for_run({"succeeded", "held"}), "succeeded") << world.run_text();
  EXPECT_TRUE(metric_is("farshore_journal_writable", "1"));
  EXPECT_EQ(world.get("/metrics").find(kStale), std::string::npos);
  world.primary->start(false);
  EXPECT_TRUE(metric_is(kStale, "1", 30s)) << world.log();
  EXPECT_TRUE(wait_until([&] { return !world.primary->running(); })) << world.log();
  EXPECT_NE(world.fence_acts(), "");
  EXPECT_NE(world.run_text().find("answers as a primary"), std::string::npos) << world.run_text();
  const auto stale = cluster().get_array("stale_primaries");
  ASSERT_TRUE(stale && !stale->empty());
  EXPECT_EQ(stale->front().get_string("server").value_or(""), "shop-us");
  expect_one_promotion();
  EXPECT_EQ(world.standby->sql("CREATE TABLE after_it (n int); SELECT count(*) FROM after_it"), "0");
  EXPECT_EQ(world.get_json("/api/v1/runs").get_array("runs")->size(), 1u);
}

TEST_F(PrimaryReturns, AlertsWhileOnlyTheMonitoringIsLostTouchNothing) {
  world.alert_fires = true;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(world.deliver_alert(), 202);
    EXPECT_EQ(world.wait_for_run({"refused", "succeeded", "held"}), "refused") << world.run_text();
  }
  const auto run = world.newest_run();
  EXPECT_TRUE(run && run->get_bool("retryable").value_or(false));
  EXPECT_EQ(world.fence_acts(), "");
  expect_as_before();
}

}  // namespace
}  // namespace farshore::test
