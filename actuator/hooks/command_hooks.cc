#include "actuator/hooks/command_hooks.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "common/base/log.h"

namespace farshore {
namespace {

constexpr nanoseconds kCheckEvery = 500ms;
constexpr nanoseconds kActAgain = 1s;  // after an act that failed

// One hook's turn: who asks what of which command until when.
class Turn {
 public:
  Turn(const HookConfig& hook, const HookFacts& facts, CommandRunner& commands, Clock& clock,
       std::stop_token stop)
      : hook_(hook),
        commands_(commands),
        clock_(clock),
        stop_(std::move(stop)),
        deadline_(clock.boot_now() + hook.timeout),
        environment_{
            {"FARSHORE_CLUSTER", facts.cluster},         {"FARSHORE_EPOCH", std::to_string(facts.epoch)},
            {"FARSHORE_REGION", facts.region},           {"FARSHORE_OLD_PRIMARY", facts.old_primary},
            {"FARSHORE_OLD_HOST", facts.old_host},       {"FARSHORE_OLD_PORT", facts.old_port},
            {"FARSHORE_NEW_PRIMARY", facts.new_primary}, {"FARSHORE_NEW_HOST", facts.new_host},
            {"FARSHORE_NEW_PORT", facts.new_port},       {"FARSHORE_HOOK", hook.name}} {}

  HookOutcome play() {
    // A check that hangs must leave time to act.
    if (has_check() && holds(clock_.boot_now() + hook_.timeout / 2))
      return in_force("it was in force already");
    const nanoseconds share = hook_.timeout / (hook_.retries + 1);
    for (int tried = 0; tried <= hook_.retries && !over(); ++tried) {
      const BootTime again = clock_.boot_now() + share;
      const bool done = act();
      if (done && !has_check()) return in_force("act: exit 0, and there is no check");
      // The world counts, and not what act said of it.
      if (has_check() && comes_to_hold(done ? again : clock_.boot_now()))
        return in_force("the check says so");
      if (!done && tried < hook_.retries) pause(kActAgain);
    }
    if (stop_.stop_requested()) why_ = "it was stopped: " + why_;
    return {hook_.name, false, why_};
  }

 private:
  bool has_check() const { return !hook_.check.empty(); }
  bool over() const { return clock_.boot_now() >= deadline_ || stop_.stop_requested(); }
  void pause(nanoseconds time) {
    const nanoseconds left = deadline_ - clock_.boot_now();
    if (left > 0ns) clock_.sleep_for(std::min(time, left), stop_);
  }
  HookOutcome in_force(const std::string& how) const { return {hook_.name, true, how}; }

  // Sets why_ when the command did not succeed.
  bool succeeds(const char* what, const std::vector<std::string>& argv, BootTime until) {
    const auto result = commands_.run(argv, environment_, std::min(until, deadline_), stop_);
    if (result && result->succeeded()) return true;
    why_ = fmt::format("{}: {}", what, result ? describe(*result) : result.error().message);
    return false;
  }
  bool act() { return succeeds("act", hook_.act, deadline_); }
  bool holds(BootTime until) { return succeeds("check", hook_.check, until); }

  // Looks at least once, unless the turn is over.
  bool comes_to_hold(BootTime until) {
    const std::string act_said = why_;
    while (!over()) {
      if (holds(deadline_)) return true;
      if (clock_.boot_now() + kCheckEvery >= until) break;
      pause(kCheckEvery);
    }
    if (!act_said.empty() && act_said.starts_with("act")) why_ = act_said;
    return false;
  }

  const HookConfig& hook_;
  CommandRunner& commands_;
  Clock& clock_;
  const std::stop_token stop_;
  const BootTime deadline_;
  const Environment environment_;
  std::string why_;
};

class CommandHooks final : public Hooks {
 public:
  CommandHooks(std::vector<HookConfig> hooks, CommandRunner& commands, Clock& clock)
      : hooks_(std::move(hooks)), commands_(commands), clock_(clock) {}

  void begin(const HookFacts& facts, const std::vector<std::string>& wanted) override {
    {
      const std::lock_guard lock(mutex_);
      if (round_.at_work && epoch_ == facts.epoch) return;
    }
    thread_ = {};  // stops and waits for what is at work
    {
      const std::lock_guard lock(mutex_);
      epoch_ = facts.epoch;
      round_ = {true, {}};
    }
    thread_ = std::jthread([this, facts, wanted](const std::stop_token& stop) { play(facts, wanted, stop); });
  }

  HookRound newest(int64_t epoch) const override {
    const std::lock_guard lock(mutex_);
    return epoch == epoch_ ? round_ : HookRound();
  }

 private:
  void play(const HookFacts& facts, const std::vector<std::string>& wanted, const std::stop_token& stop) {
    for (const HookConfig& hook : hooks_) {
      if (stop.stop_requested()) break;
      if (std::ranges::find(wanted, hook.name) == wanted.end()) continue;
      HookOutcome outcome = run_hook(hook, facts, commands_, clock_, stop);
      log(outcome.in_force ? LogLevel::kInfo : LogLevel::kWarn,
          outcome.in_force ? "hook is in force" : "hook is not in force",
          {{"cluster", facts.cluster},
           {"epoch", facts.epoch},
           {"hook", hook.name},
           {"reason", outcome.detail}});
      const std::lock_guard lock(mutex_);
      round_.outcomes.push_back(std::move(outcome));
    }
    const std::lock_guard lock(mutex_);
    round_.at_work = false;
  }

  const std::vector<HookConfig> hooks_;
  CommandRunner& commands_;
  Clock& clock_;
  mutable std::mutex mutex_;
  int64_t epoch_ = 0;
  HookRound round_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace

HookOutcome run_hook(const HookConfig& hook, const HookFacts& facts, CommandRunner& commands, Clock& clock,
                     const std::stop_token& stop) {
  return Turn(hook, facts, commands, clock, stop).play();
}

std::unique_ptr<Hooks> make_command_hooks(std::vector<HookConfig> hooks, CommandRunner& commands,
                                          Clock& clock) {
  return std::make_unique<CommandHooks>(std::move(hooks), commands, clock);
}

}  // namespace farshore
