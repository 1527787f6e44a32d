// One turn of one hook: what is run, when it counts as in force, and when the turn is over.
#include <gtest/gtest.h>

#include "actuator/hooks/command_hooks.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_command_runner.h"

namespace farshore {
namespace {

constexpr const char* kAct = "/usr/local/bin/tell";
constexpr const char* kCheck = "/usr/local/bin/was-told";

const HookFacts kFacts{"shop", 7, "eu-west", "shop-us", "10.1.0.5", "5432", "shop-eu", "10.2.0.5", "6432"};

class RunHook : public ::testing::Test {
 protected:
  HookOutcome run() { return run_hook(hook, kFacts, commands, clock, stop.get_token()); }
  size_t runs_of(const std::string& program) const {
    size_t count = 0;
    for (const auto& call : commands.calls()) count += call.argv[0] == program;
    return count;
  }
  CommandResult exit_with(int code, const std::string& said = "") {
    CommandResult result;
    result.exit_code = code;
    result.stderr_text = said;
    return result;
  }

  HookConfig hook{"env", {kAct, "now"}, {kCheck, "now"}, 10s, 2};
  FakeCommandRunner commands;
  FakeClock clock;
  std::stop_source stop;
};

TEST_F(RunHook, WhatIsInForceAlreadyIsNotDoneAgain) {
  commands.answer_exit(kCheck, 0);
  const HookOutcome outcome = run();
  EXPECT_TRUE(outcome.in_force);
  EXPECT_EQ(outcome.detail, "it was in force already");
  EXPECT_EQ(runs_of(kAct), 0U);
}

TEST_F(RunHook, ItIsInForceWhenTheCheckSaysSoAfterwards) {
  commands.answer_exit(kCheck, 1);
  commands.answer_exit(kCheck, 1);
  commands.answer_exit(kCheck, 0);
  commands.answer_exit(kAct, 0);
  const HookOutcome outcome = run();
  EXPECT_TRUE(outcome.in_force) << outcome.detail;
  EXPECT_EQ(runs_of(kAct), 1U);
  EXPECT_EQ(runs_of(kCheck), 3U);
}

TEST_F(RunHook, AnActThatIsAcceptedAndDoesNothingIsNotInForce) {
  commands.answer_exit(kCheck, 1);
  commands.answer_exit(kAct, 0);
  const BootTime began = clock.boot_now();
  const HookOutcome outcome = run();
  EXPECT_FALSE(outcome.in_force);
  EXPECT_EQ(outcome.detail, "check: exit 1");
  EXPECT_EQ(runs_of(kAct), 3U) << "the first and two retries";
  EXPECT_LE(clock.boot_now() - began, hook.timeout);
}

TEST_F(RunHook, AnActThatFailsAndTookEffectIsInForce) {
  commands.answer_exit(kCheck, 1);
  commands.answer_exit(kCheck, 0);
  commands.answer_exit(kAct, 3);
  EXPECT_TRUE(run().in_force);
}

TEST_F(RunHook, AnActThatFailsIsRetriedAndItsWordsAreKept) {
  commands.answer_exit(kCheck, 1);
  commands.answer(kAct, exit_with(4, "host down"));
  const HookOutcome outcome = run();
  EXPECT_FALSE(outcome.in_force);
  EXPECT_EQ(outcome.detail, "act: exit 4: host down");
  EXPECT_EQ(runs_of(kAct), 3U);
}

TEST_F(RunHook, WithoutACheckTheExitOfActCounts) {
  hook.check.clear();
  commands.answer_exit(kAct, 1);
  commands.answer_exit(kAct, 0);
  EXPECT_TRUE(run().in_force);
  EXPECT_EQ(runs_of(kAct), 2U);
  hook.retries = 0;
  FakeCommandRunner fails;
  fails.answer_exit(kAct, 1);
  EXPECT_FALSE(run_hook(hook, kFacts, fails, clock, {}).in_force);
  EXPECT_EQ(fails.calls().size(), 1U);
}

TEST_F(RunHook, BothAreToldWhoReignsAndWhoDid) {
  commands.answer_exit(kCheck, 1);
  commands.answer_exit(kAct, 0);
  run();
  const Environment expected{{"FARSHORE_CLUSTER", "shop"},        {"FARSHORE_EPOCH", "7"},
                             {"FARSHORE_REGION", "eu-west"},      {"FARSHORE_OLD_PRIMARY", "shop-us"},
                             {"FARSHORE_OLD_HOST", "10.1.0.5"},   {"FARSHORE_OLD_PORT", "5432"},
                             {"FARSHORE_NEW_PRIMARY", "shop-eu"}, {"FARSHORE_NEW_HOST", "10.2.0.5"},
                             {"FARSHORE_NEW_PORT", "6432"},       {"FARSHORE_HOOK", "env"}};
  ASSERT_GE(commands.calls().size(), 2U);
  for (const auto& call : commands.calls()) {
    EXPECT_EQ(call.environment, expected);
    EXPECT_EQ(call.argv.back(), "now");
  }
}

TEST_F(RunHook, ACheckThatHangsAtFirstLeavesTimeToAct) {
  commands.answer_exit(kCheck, 1);
  commands.answer_exit(kAct, 0);
  const BootTime began = clock.boot_now();
  run();
  EXPECT_EQ(commands.calls()[0].deadline, began + hook.timeout / 2);
  for (const auto& call : commands.calls()) EXPECT_LE(call.deadline, began + hook.timeout);
}

TEST_F(RunHook, NothingIsRunAfterARequestToStop) {
  hook.check.clear();
  commands.answer_exit(kAct, 0);
  stop.request_stop();
  const HookOutcome outcome = run();
  EXPECT_FALSE(outcome.in_force);
  EXPECT_TRUE(commands.calls().empty());
}

}  // namespace
}  // namespace farshore
