// Calls to fences that run beside the worker, so that one that hangs keeps nobody from what another has to
// say. At most one call is out per fence; what a call touches outlives this, because destroying it waits for
// it. One thread.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "actuator/failover/seams.h"
#include "actuator/fence/fence.h"

namespace farshore {

template <typename Answer>
class Aside {
 public:
  // Does nothing while a call to this fence is out. Until it answers, and when it never does, its answer is
  // `Answer()`.
  void begin(Parallel& parallel, const Fence& fence, std::function<Answer()> call) {
    if (is_out(fence)) return;
    calls_.erase(&fence);
    auto answer = std::make_shared<Answer>();
    auto begun = parallel.begin([answer, call = std::move(call)] { *answer = call(); });
    calls_.emplace(&fence, Call{std::move(answer), std::move(begun)});
  }

  bool is_out(const Fence& fence) const {
    const auto call = calls_.find(&fence);
    return call != calls_.end() && !call->second.is_done();
  }
  bool is_any_out() const {
    return std::any_of(calls_.begin(), calls_.end(), [](const auto& call) { return !call.second.is_done(); });
  }
  // Null when it was not called, or has not answered.
  const Answer* answer(const Fence& fence) const {
    const auto call = calls_.find(&fence);
    return call != calls_.end() && call->second.is_done() ? call->second.answer.get() : nullptr;
  }
  void forget(const Fence& fence) { calls_.erase(&fence); }  // waits for it
  void wait() {                                              // for all; each has its own deadline
    for (auto& [fence, call] : calls_) call.begun.reset();
  }

 private:
  struct Call {
    std::shared_ptr<Answer> answer;
    std::unique_ptr<Parallel::Begun> begun;  // null: waited for
    bool is_done() const { return !begun || begun->is_done(); }
  };
  std::map<const Fence*, Call> calls_;
};

}  // namespace farshore
