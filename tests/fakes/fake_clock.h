// A clock that a test moves by hand. Sleeping moves it; whoever listens sees every move before the sleeper
// goes on.
#pragma once

#include <functional>

#include "common/base/clock.h"

namespace farshore {

class FakeClock final : public Clock {
 public:
  WallTime wall_now() const override { return wall_; }
  BootTime boot_now() const override { return boot_; }

  bool sleep_until(BootTime until, std::stop_token stop = {}) override {
    if (stop.stop_requested()) return false;
    if (until > boot_) advance(until - boot_);
    return true;
  }

  void advance(nanoseconds by) {
    boot_ += by;
    wall_ += by;
    if (on_move) on_move();
  }
  // An administrator or NTP sets the wall clock; the boot-time clock does not notice.
  void step_wall(nanoseconds by) { wall_ += by; }

  std::function<void()> on_move;

 private:
  BootTime boot_ = BootTime(1h);
  WallTime wall_ = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 22).time_since_epoch());
};

}  // namespace farshore
