// The faults of MemoryJournal: around every write, and no power at all. Included by memory_journal.h only.
#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

#include "actuator/journal/journal.h"

namespace farshore {

class MemoryJournalBase : public Journal {
 public:
  // Called with the name of the operation ("record_step", "take_claim", ...) before anything is written; an
  // error is returned to the caller and nothing is written. Called without the journal's lock.
  std::function<Status(std::string_view op)> before_write;
  // Called after the write was made; an error is returned to the caller although the write stands.
  std::function<Status(std::string_view op)> after_write;

  // Every call fails with kUnavailable until the power is back. What was written before stands.
  void lose_power() { set_power(false); }
  void restore_power() { set_power(true); }

  Status check_writable(BootTime) override {
    const std::lock_guard lock(mutex_);
    return powered_ ? Status() : Status(no_power());
  }

 protected:
  template <typename Change>
  Status write(std::string_view op, Change change) {
    if (before_write) {
      if (auto status = before_write(op); !status) return status;
    }
    {
      const std::lock_guard lock(mutex_);
      if (!powered_) return no_power();
      if (auto status = change(); !status) return status;
    }
    return after_write ? after_write(op) : Status{};
  }

  template <typename T, typename Look>
  Result<T> read(Look look) {
    const std::lock_guard lock(mutex_);
    if (!powered_) return no_power();
    return look();
  }

  template <typename T>
  Result<std::vector<T>> newest(const std::vector<T>& all, size_t limit) {
    return read<std::vector<T>>([&]() -> Result<std::vector<T>> {
      const auto count = static_cast<std::ptrdiff_t>(std::min(limit, all.size()));
      return std::vector<T>(all.rbegin(), all.rbegin() + count);
    });
  }

  static tl::unexpected<Error> no_power() {
    return fail(ErrorCode::kUnavailable, "the journal has no power");
  }

  void set_power(bool powered) {
    const std::lock_guard lock(mutex_);
    powered_ = powered;
  }

  std::mutex mutex_;

 private:
  bool powered_ = true;
};

}  // namespace farshore
