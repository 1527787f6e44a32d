// Two clocks, never mixed: the wall clock is for people and records, the boot-time clock (CLOCK_BOOTTIME,
// which goes on while the host is suspended) is for every deadline and every question of freshness.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "common/base/result.h"

namespace farshore {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using namespace std::chrono_literals;

using WallTime = std::chrono::sys_time<nanoseconds>;

// Only a tag for time points: there is no static now(), so that nothing reads a clock that a test cannot
// move.
struct BootClock {
  using duration = nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};
using BootTime = BootClock::time_point;

// Thread-safe. Implementations: system_clock() here, FakeClock in tests/fakes.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall_now() const = 0;
  virtual BootTime boot_now() const = 0;
  // Returns true when the time was reached, false when `stop` was requested first.
  virtual bool sleep_until(BootTime until, std::stop_token stop = {}) = 0;

  bool sleep_for(nanoseconds duration, std::stop_token stop = {}) {
    return sleep_until(boot_now() + duration, std::move(stop));
  }
};

Clock& system_clock();

// "2026-11-22T07:13:48.970Z": RFC 3339, UTC, milliseconds.
std::string format_rfc3339(WallTime time);
// Accepts 0-9 fraction digits and Z or a numeric offset (what Alertmanager sends).
Result<WallTime> parse_rfc3339(std::string_view text);

inline double to_seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace farshore
