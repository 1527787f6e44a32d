#include "actuator/failover/plan_keeper.h"

#include <algorithm>

#include "actuator/failover/rehearsal.h"

namespace farshore {
namespace {

constexpr nanoseconds kEvery = 10s;
constexpr nanoseconds kWhileNothingIsLookedAt = 1s;  // no reign yet, or a run: only the journal is asked

bool looked(const FailoverPlan& plan) {
  return std::ranges::any_of(plan.steps,
                             [](const PlanStep& step) { return step.state != PlanState::kNotLooked; });
}

}  // namespace

PlanKeeper::~PlanKeeper() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void PlanKeeper::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void PlanKeeper::work(const std::stop_token& stop) {
  wait(2 * deps_.observe_interval, stop);  // the observer looks first: before it has, nothing can be told
  while (!stop.stop_requested()) {
    FailoverPlan plan = rehearse_failover(deps_, stop);
    if (stop.stop_requested()) return;
    const nanoseconds pause = looked(plan) ? kEvery : kWhileNothingIsLookedAt;
    {
      const std::lock_guard lock(mutex_);
      newest_ = std::move(plan);
    }
    wait(pause, stop);
  }
}

void PlanKeeper::wait(nanoseconds limit, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, limit, [this] { return woken_; });
  woken_ = false;
}

void PlanKeeper::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

std::optional<FailoverPlan> PlanKeeper::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

}  // namespace farshore
