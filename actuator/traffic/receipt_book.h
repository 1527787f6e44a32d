// Keeps the receipt of one traffic switch. Thread-safe.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>

#include "actuator/traffic/traffic_switch.h"

namespace farshore {

class ReceiptBook {
 public:
  // With each point_to: what was done in another epoch is not told again.
  void begin(int64_t epoch) {
    const std::lock_guard lock(mutex_);
    if (epoch_ != epoch) receipt_ = {};
    epoch_ = epoch;
  }
  // Something was asked for; whether it took effect may be unknown.
  void asked(std::string change, nanoseconds cached_for) {
    const std::lock_guard lock(mutex_);
    receipt_.change = std::move(change);
    receipt_.cached_for = std::max(receipt_.cached_for, cached_for);
  }
  // It points there already, and who moved it may have been this run before its process was started again.
  void found_moved(nanoseconds ttl) {
    const std::lock_guard lock(mutex_);
    receipt_.cached_for = std::max(receipt_.cached_for, ttl);
  }
  void left_open(std::string what) {
    const std::lock_guard lock(mutex_);
    receipt_.open = std::move(what);
  }
  TrafficReceipt receipt() const {
    const std::lock_guard lock(mutex_);
    return receipt_;
  }

 private:
  mutable std::mutex mutex_;
  int64_t epoch_ = -1;
  TrafficReceipt receipt_;
};

}  // namespace farshore
