// Host names to addresses without ever making the caller wait: look-ups run in at most four helper threads,
// one per name at a time. getaddrinfo cannot be interrupted, so a hanging look-up keeps its thread, and
// everybody who asks for that name meanwhile shares it. Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

using ResolveFunction = std::function<Result<std::vector<std::string>>(const std::string& name)>;

// getaddrinfo: numeric addresses in the system's order of preference. Blocks.
Result<std::vector<std::string>> resolve_with_system(const std::string& name);

// One look-up under way or done.
class NameLookup {
 public:
  // Absent while it is under way.
  std::optional<Result<std::vector<std::string>>> result() const;
  // Waits for the result; absent when the deadline came first.
  std::optional<Result<std::vector<std::string>>> wait(BootTime deadline, const Clock& clock) const;

 private:
  friend class NameResolver;
  void finish(Result<std::vector<std::string>> result);

  mutable std::mutex mutex_;
  mutable std::condition_variable done_;
  std::optional<Result<std::vector<std::string>>> result_;
};

class NameResolver {
 public:
  static constexpr size_t kMaxThreads = 4;

  // `on_done` is called on a helper thread after each look-up, perhaps after the NameResolver is gone: it
  // must own what it touches.
  explicit NameResolver(ResolveFunction resolve = resolve_with_system, std::function<void()> on_done = {});
  ~NameResolver();  // waits for nothing; queued look-ups are dropped, hanging ones end by themselves
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  // Joins the look-up of this name that is under way, or begins one. One that gets no thread from this host
  // has failed at once (kUnavailable), without a call of `on_done`.
  std::shared_ptr<const NameLookup> look_up(const std::string& name);

 private:
  struct State;
  static void work(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace farshore
