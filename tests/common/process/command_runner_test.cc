#include "common/process/command_runner.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace farshore {
namespace {

class CommandRunnerTest : public ::testing::Test {
 protected:
  Result<CommandResult> sh(const std::string& script, nanoseconds within = 20s,
                           Environment environment = {}) {
    return runner_->run({"/bin/sh", "-c", script}, environment, system_clock().boot_now() + within);
  }
  std::unique_ptr<CommandRunner> runner_ = make_command_runner(system_clock());
};

// A zombie nobody reaps is as dead as a process gets.
bool is_running(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string stat((std::istreambuf_iterator<char>(file)), {});
  const size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.size() > name_end + 2 && stat[name_end + 2] != 'Z';
}

bool eventually(const std::function<bool()>& condition) {
  const BootTime limit = system_clock().boot_now() + 10s;
  while (system_clock().boot_now() < limit) {
    if (condition()) return true;
    system_clock().sleep_for(10ms);
  }
  return condition();
}

TEST_F(CommandRunnerTest, AnyExitIsAResultWithBothOutputs) {
  const auto result = sh("echo out; echo err >&2; exit 3");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->signal, 0);
  EXPECT_EQ(result->stdout_text, "out\n");
  EXPECT_EQ(result->stderr_text, "err\n");
  EXPECT_EQ(describe(*result), "exit 3: err");
}

TEST_F(CommandRunnerTest, ADeathBySignalIsAResult) {
  const auto result = sh("kill -9 $$");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->signal, 9);
  EXPECT_EQ(result->exit_code, -1);
  EXPECT_FALSE(result->succeeded());
  EXPECT_EQ(describe(*result), "signal 9");
}

TEST_F(CommandRunnerTest, NoShellReadsTheArguments) {
  const auto result =
      runner_->run({"/bin/echo", "$(id)", "a b", ";", "*"}, {}, system_clock().boot_now() + 20s);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->stdout_text, "$(id) a b ; *\n");
}

TEST_F(CommandRunnerTest, TheEnvironmentIsWhatWasGivenAndNothingOfOurs) {
  ASSERT_EQ(setenv("FARSHORE_TEST_LEAK", "secret", 1), 0);
  const auto result =
      runner_->run({"/usr/bin/env"}, {{"FARSHORE_REGION", "eu-west"}}, system_clock().boot_now() + 20s);
  unsetenv("FARSHORE_TEST_LEAK");
  ASSERT_TRUE(result);
  EXPECT_NE(result->stdout_text.find("FARSHORE_REGION=eu-west\n"), std::string::npos);
  EXPECT_EQ(result->stdout_text.find("FARSHORE_TEST_LEAK"), std::string::npos);
  EXPECT_EQ(result->stdout_text.find("HOME="), std::string::npos);
}

TEST_F(CommandRunnerTest, NoDescriptorOfOursIsOpenInTheProgram) {
  const int leaky = open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  ASSERT_GT(leaky, 2);
  const int high = dup2(leaky, 77);
  const auto result = sh("test -e /proc/self/fd/77 && echo leaked; cat; exit 0");
  close(leaky);
  close(high);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->stdout_text, "") << "an inherited descriptor, or stdin not at its end";
}

TEST_F(CommandRunnerTest, OutputIsBoundedAndTheProgramIsNotBlockedByIt) {
  const auto result = sh("head -c 5000000 /dev/zero; echo done >&2");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->stdout_text.size(), kMaxCommandOutput);
  EXPECT_EQ(result->stderr_text, "done\n");
}

TEST_F(CommandRunnerTest, AtTheDeadlineTheWholeGroupIsKilledEvenWhenItIgnoresSigterm) {
  char folder[] = "/tmp/farshore-process-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string pids = std::string(folder) + "/pids";
  const auto result =
      sh("trap '' TERM; sleep 1000 & echo $$ $! > " + pids + "; wait; wait; sleep 1000", 500ms);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnknown);

  std::string leader, child;
  std::ifstream(pids) >> leader >> child;
  ASSERT_FALSE(child.empty());
  EXPECT_TRUE(eventually([&] { return !is_running(leader) && !is_running(child); }));
  unlink(pids.c_str());
  rmdir(folder);
}

TEST_F(CommandRunnerTest, AProgramThatEndsItselfOnSigtermIsStillUnknown) {
  const auto result = sh("trap 'exit 0' TERM; while :; do sleep 0.05; done", 300ms);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnknown);
}

TEST_F(CommandRunnerTest, ARequestToStopEndsTheWholeGroupAsADeadlineDoes) {
  std::stop_source stop;
  const std::jthread asks([&stop] {
    system_clock().sleep_for(100ms);
    stop.request_stop();
  });
  const BootTime far = system_clock().boot_now() + 24h;  // no test waits for that
  const auto result = runner_->run({"/bin/sh", "-c", "trap '' TERM; sleep 86400 & wait; sleep 86400"}, {},
                                   far, stop.get_token());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnknown);
  EXPECT_EQ(runner_->run({"/bin/true"}, {}, far, stop.get_token()).error().code, ErrorCode::kTimeout);
}

TEST_F(CommandRunnerTest, AChildThatKeepsTheOutputOpenDoesNotHoldUpTheResult) {
  const auto result = sh("sleep 1000 & echo $!");
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->succeeded());
  const std::string pid = result->stdout_text.substr(0, result->stdout_text.find('\n'));
  EXPECT_TRUE(is_running(pid)) << "what it leaves behind is left alone";
  kill(static_cast<pid_t>(std::stol(pid)), SIGKILL);
}

TEST_F(CommandRunnerTest, WhatCannotBeStartedSaysWhy) {
  const BootTime deadline = system_clock().boot_now() + 20s;
  EXPECT_EQ(runner_->run({"/no/such/program"}, {}, deadline).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(runner_->run({"/etc/passwd"}, {}, deadline).error().code, ErrorCode::kPermission);
  EXPECT_EQ(runner_->run({"sh"}, {}, deadline).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(runner_->run({}, {}, deadline).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(CommandRunnerTest, NothingIsStartedAfterTheDeadline) {
  const auto result = runner_->run({"/bin/true"}, {}, system_clock().boot_now() - 1ns);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTimeout);
}

TEST(Describe, IsOnePrintableLine) {
  CommandResult result;
  result.exit_code = 1;
  result.stdout_text = "first\x1b[31m\nsecond";
  EXPECT_EQ(describe(result), "exit 1: first?[31m");
}

}  // namespace
}  // namespace farshore
