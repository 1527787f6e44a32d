// Hooks that fail, do nothing or hang: the run ends as it would without them, and they are asked until their
// check holds.
#include "tests/actuator/returns/fixture.h"

namespace farshore::test {
namespace {

constexpr const char* kPending = R"(farshore_hook_pending{cluster="shop",hook="clients"})";
constexpr const char* kOtherPending = R"(farshore_hook_pending{cluster="shop",hook="unchecked"})";

class HooksTest : public ReturnsTest, public ::testing::WithParamInterface<ScriptFault> {
 protected:
  std::string open_hook() {
    const auto open = cluster().get_array("hooks_open");
    if (!open || open->size() != 1U) return "";
    return open->front().get_string("hook").value_or("") + ": " +
           open->front().get_string("why").value_or("");
  }
};

TEST_P(HooksTest, AreAskedUntilTheyHoldAndHoldUpNeitherTheRunNorEachOther) {
  world.break_script(GetParam());
  world.lose_primary();
  EXPECT_EQ(world.wait_for_run({"succeeded", "held", "refused"}), "succeeded") << world.run_text();
  EXPECT_TRUE(metric_is(kPending, "1"));
  EXPECT_TRUE(metric_is(kOtherPending, "0", 20s)) << "it does not wait for the one before it";
  EXPECT_EQ(open_hook().find("clients: "), 0U) << open_hook();
  EXPECT_EQ(world.clients(), "");

  world.kill();  // what was in force is not done again by another process
  world.start();
  EXPECT_TRUE(metric_is(kPending, "1", 20s));
  world.mend_script(GetParam());
  EXPECT_TRUE(metric_is(kPending, "0", 60s)) << world.run_text();
  EXPECT_EQ(world.clients(), world.clients_of_shop_eu());
  EXPECT_NE(world.run_text().find("holds again"), std::string::npos);
  const std::string acts = world.hook_acts();
  EXPECT_EQ(acts.find("unchecked"), acts.rfind("unchecked")) << acts;
  expect_one_promotion();
}

INSTANTIATE_TEST_SUITE_P(Faults, HooksTest,
                         testing::Values(ScriptFault::kHookFails, ScriptFault::kHookIgnores,
                                         ScriptFault::kHookHangs),
                         [](const auto& fault) -> std::string {
                           if (fault.param == ScriptFault::kHookFails) return "Fails";
                           return fault.param == ScriptFault::kHookHangs ? "Hangs" : "DoesNothing";
                         });

class ReturnsWithHooks : public ReturnsTest {};

TEST_F(ReturnsWithHooks, ALostPrimaryThatComesBackWhileAHookHangsIsFenced) {
  world.break_script(ScriptFault::kHookHangs);
  world.lose_primary();
  ASSERT_TRUE(wait_until([&] { return world.hook_acts().find("act") != std::string::npos; }, 30s));
  world.primary->start();
  EXPECT_TRUE(wait_until([&] { return !world.primary->running(); }, 20s)) << "it was not fenced again";
  world.mend_script(ScriptFault::kHookHangs);
  EXPECT_EQ(world.wait_for_run({"succeeded", "held", "refused"}), "succeeded") << world.run_text();
}

}  // namespace
}  // namespace farshore::test
