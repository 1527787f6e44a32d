#include "common/base/clock.h"

#include <time.h>

#include <charconv>
#include <condition_variable>
#include <mutex>

namespace farshore {
namespace {

nanoseconds read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

class SystemClock final : public Clock {
 public:
  WallTime wall_now() const override { return WallTime(read_clock(CLOCK_REALTIME)); }
  BootTime boot_now() const override { return BootTime(read_clock(CLOCK_BOOTTIME)); }

  bool sleep_until(BootTime until, std::stop_token stop) override {
    // The condition variable waits on the monotonic clock, which stands still while the host is suspended;
    // waking at least once a second bounds the error after a resume.
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      const nanoseconds left = until - boot_now();
      if (left <= 0ns) return true;
      wake.wait_for(lock, stop, std::min<nanoseconds>(left, 1s), [] { return false; });
    }
    return false;
  }
};

// Reads exactly `digits` decimal digits at `pos`; -1 when there are none.
int read_number(std::string_view text, size_t pos, size_t digits) {
  if (pos + digits > text.size()) return -1;
  int value = 0;
  const char* first = text.data() + pos;
  const auto [end, error] = std::from_chars(first, first + digits, value);
  if (error != std::errc() || end != first + digits || *first == '-') return -1;
  return value;
}

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

std::string format_rfc3339(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<milliseconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  const auto bad = [&] { return fail(ErrorCode::kInvalidArgument, "not an RFC 3339 time: '{:.40}'", text); };
  const int year = read_number(text, 0, 4), month = read_number(text, 5, 2), day = read_number(text, 8, 2);
  const int hour = read_number(text, 11, 2), minute = read_number(text, 14, 2),
            second = read_number(text, 17, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) return bad();
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':')
    return bad();
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return bad();

  size_t pos = 19;
  nanoseconds fraction{0};
  if (pos < text.size() && text[pos] == '.') {
    int64_t unit = 100'000'000;
    size_t digits = 0;
    for (++pos; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos, ++digits, unit /= 10)
      fraction += nanoseconds(unit * (text[pos] - '0'));
    if (digits == 0 || digits > 9) return bad();
  }
  if (pos >= text.size()) return bad();
  std::chrono::minutes offset{0};
  if (text[pos] == '+' || text[pos] == '-') {
    const int hours = read_number(text, pos + 1, 2), minutes = read_number(text, pos + 4, 2);
    if (hours < 0 || minutes < 0 || hours > 23 || minutes > 59 || text[pos + 3] != ':') return bad();
    offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    if (text[pos] == '-') offset = -offset;
    pos += 6;
  } else if (text[pos] == 'Z' || text[pos] == 'z') {
    pos += 1;
  } else {
    return bad();
  }
  if (pos != text.size()) return bad();
  // 0001-01-01 (Go's zero time, "still firing") does not fit 64-bit nanoseconds: it becomes the earliest
  // time.
  if (year < 1700) return WallTime::min();
  if (year > 2250) return WallTime::max();
  return WallTime(std::chrono::sys_days(date).time_since_epoch()) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + seconds(second) + fraction - offset;
}

}  // namespace farshore
