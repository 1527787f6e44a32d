// What became of notifications, counted for the metrics page. Since the start of the process. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace farshore {

// By kind of receiver and outcome.
using NotifyCounts = std::map<std::pair<std::string, std::string>, int64_t>;

// sent; failed: one attempt, it is tried again; refused: it will never be taken; dropped: the queue was full,
// or an hour has passed; omitted: a refusal that is tried again and again, told a moment ago, or a hold that
// is over.
inline constexpr std::string_view kNotifyOutcomes[] = {"sent", "failed", "refused", "dropped", "omitted"};

class NotifyCounters {
 public:
  // Every series is there from the start: a rate over one that appears with value 1 is 0.
  void add_kind(const std::string& kind) {
    const std::lock_guard lock(mutex_);
    for (const std::string_view outcome : kNotifyOutcomes)
      counts_.try_emplace({kind, std::string(outcome)}, 0);
  }
  // `outcome` is one of kNotifyOutcomes.
  void count(const std::string& kind, std::string_view outcome) {
    const std::lock_guard lock(mutex_);
    ++counts_[{kind, std::string(outcome)}];
  }
  NotifyCounts snapshot() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  NotifyCounts counts_;
};

}  // namespace farshore
