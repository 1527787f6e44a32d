// A CommandRunner that starts nothing: it answers from a script and remembers what it was asked.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "common/process/command_runner.h"

namespace farshore {

// Answers of one program (argv[0]) are given in order; the last one is given again for ever. A program
// without a script is kNotFound. Thread-safe.
class FakeCommandRunner final : public CommandRunner {
 public:
  struct Call {
    std::vector<std::string> argv;
    Environment environment;
    BootTime deadline;
  };

  void answer(const std::string& program, Result<CommandResult> result) {
    const std::lock_guard lock(mutex_);
    scripts_[program].push_back(std::move(result));
  }
  void answer_exit(const std::string& program, int exit_code, std::string output = "") {
    CommandResult result;
    result.exit_code = exit_code;
    result.stdout_text = std::move(output);
    answer(program, std::move(result));
  }

  using CommandRunner::run;
  Result<CommandResult> run(const std::vector<std::string>& argv, const Environment& environment,
                            BootTime deadline, const std::stop_token&) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back({argv, environment, deadline});
    auto& script = scripts_[argv.at(0)];
    if (script.empty()) return fail(ErrorCode::kNotFound, "cannot run {}", argv.at(0));
    Result<CommandResult> result = script.front();
    if (script.size() > 1) script.pop_front();
    return result;
  }

  std::vector<Call> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<Result<CommandResult>>> scripts_;
  std::vector<Call> calls_;
};

}  // namespace farshore
