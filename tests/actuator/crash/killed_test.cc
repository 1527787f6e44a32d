// The actuator dies by SIGKILL where an intent or an outcome has just become durable, and a new one goes on
// from the journal and the real servers.
#include "actuator/failover/steps.h"
#include "tests/actuator/crash/crash_fixture.h"

namespace farshore::test {
namespace {

std::vector<std::string> acting_rows() {
  std::vector<std::string> names;
  for (const Step& step : failover_steps())
    if (step.act != nullptr) names.emplace_back(step.name);
  return names;
}

class KilledAtIntent : public CrashFixture, public ::testing::WithParamInterface<std::string> {
 protected:
  // The fence has nothing to do where the primary is dead already: for its row the primary hangs.
  void lose_primary() {
    if (GetParam() != "fence_old_primary") return world.lose_primary();
    world.primary->freeze();
    world.alert_fires = true;
    EXPECT_EQ(world.deliver_alert(), 202);
  }
};

TEST_P(KilledAtIntent, TheRunEndsRightWithOnePromotionAndNothingLost) {
  stop_at("kill:" + GetParam() + ":intent");
  ASSERT_NO_FATAL_FAILURE(start_and_write());
  lose_primary();
  expect_killed_itself();
  ASSERT_EQ(last_record(), GetParam() + " intent");
  stop_at("");
  world.start();
  // The fence kills what hangs; as its parent the test has to take note of it, or it stays a zombie.
  EXPECT_TRUE(wait_until([this] { return !world.primary->running(); }, 30s));
  EXPECT_EQ(world.wait_for_run({"succeeded", "held", "refused"}), "succeeded") << world.run_text();
  EXPECT_TRUE(world.reign_is(2));
  expect_one_promotion();
}

// Without refence: its act comes only after a promotion that a person approved without proof (below).
std::vector<std::string> rows_that_act_when_the_fence_holds() {
  std::vector<std::string> names = acting_rows();
  std::erase(names, "refence");
  return names;
}

INSTANTIATE_TEST_SUITE_P(Rows, KilledAtIntent, ::testing::ValuesIn(rows_that_act_when_the_fence_holds()),
                         [](const auto& param) { return param.param; });

class Killed : public CrashFixture {};

TEST_F(Killed, AtTheIntentOfRefenceTheNextOneAsksTheFenceAgain) {
  stop_at("kill:refence:intent");
  ASSERT_NO_FATAL_FAILURE(start_and_write());
  world.break_script(ScriptFault::kFenceFails);
  world.lose_primary();
  ASSERT_EQ(world.wait_for_run({"held"}), "held");
  const std::string digest = world.approval_digest(), path = "/api/v1/runs/" + world.run_id() + "/approve";
  ASSERT_EQ(world.post(path, fmt::format(R"({{"digest":"{}"}})", digest)).status, 200);
  expect_killed_itself();
  ASSERT_EQ(last_record(), "refence intent");
  stop_at("");
  world.mend_script(ScriptFault::kFenceFails);
  world.start();
  EXPECT_EQ(world.wait_for_run({"succeeded", "held", "refused"}), "succeeded") << world.run_text();
  const std::string run = world.run_text();
  EXPECT_NE(run.find("kept_out.shop-us"), std::string::npos) << "the proof that was read: " << run;
  expect_one_promotion(3);  // the number of the claim that was given back is used up
}

// A hook without a check is told again only while its outcome is not written down.
TEST_F(Killed, AfterTheOutcomeOfReconfigureNoHookIsRunAgain) {
  stop_at("kill:reconfigure:done");
  ASSERT_NO_FATAL_FAILURE(start_and_write());
  world.lose_primary();
  expect_killed_itself();
  EXPECT_EQ(world.hook_acts(), "act\nunchecked\n");
  stop_at("");
  world.start();
  EXPECT_EQ(world.wait_for_run({"succeeded", "held", "refused"}), "succeeded") << world.run_text();
  expect_one_promotion();
  EXPECT_EQ(world.hook_acts(), "act\nunchecked\n");
}

// One run, and a death after the outcome of every row that acts and after the end was written down.
TEST_F(Killed, AfterEveryOutcomeInTurnTheRunStillEndsRight) {
  std::vector<std::string> points = acting_rows();
  points.emplace_back("end");
  stop_at("kill:" + points.front() + ":done");
  ASSERT_NO_FATAL_FAILURE(start_and_write());
  world.lose_primary();
  for (size_t i = 0; i < points.size(); ++i) {
    SCOPED_TRACE(points[i]);
    expect_killed_itself();
    ASSERT_EQ(last_record(), points[i] + " done");
    const bool last = i + 1 == points.size();
    stop_at(last ? "" : "kill:" + points[i + 1] + ":done");
    last ? world.start() : world.start_without_waiting();
  }
  EXPECT_EQ(world.wait_for_run({"succeeded", "held", "refused"}), "succeeded") << world.run_text();
  expect_one_promotion();
  EXPECT_EQ(world.get_json("/api/v1/runs").get_array("runs")->size(), 1U);
}

}  // namespace
}  // namespace farshore::test
