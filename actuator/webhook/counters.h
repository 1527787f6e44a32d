// What came in by the webhook, counted for the metrics page. Since the start of the process. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace farshore {

struct WebhookCounts {
  std::map<std::string, int64_t> alerts;        // by first verdict: pending, refused, duplicate, noted
  std::map<std::string, int64_t> refused;       // deliveries, by reason: nothing of them was journaled
  std::map<std::string, int64_t> http_refused;  // requests of any route, by reason: no handler saw them
  std::optional<WallTime> watchdog_seen;        // absent: never since the start
};

class WebhookCounters {
 public:
  void count_alert(std::string_view verdict) {
    const std::lock_guard lock(mutex_);
    ++counts_.alerts[std::string(verdict)];
  }
  // `reason` must be one of a few fixed words: each makes a time series.
  void count_refused(std::string_view reason) {
    const std::lock_guard lock(mutex_);
    ++counts_.refused[std::string(reason)];
  }
  void count_http_refused(std::string_view reason) {
    const std::lock_guard lock(mutex_);
    ++counts_.http_refused[std::string(reason)];
  }
  void saw_watchdog(WallTime at) {
    const std::lock_guard lock(mutex_);
    counts_.watchdog_seen = at;
  }
  WebhookCounts snapshot() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  WebhookCounts counts_;
};

}  // namespace farshore
