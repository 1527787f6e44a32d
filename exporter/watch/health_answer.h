// What the answer of a health endpoint says. Pure.
#pragma once

#include <string_view>

#include "common/http/prober.h"

namespace farshore {

// Why an application does not count as up. The order is that of the page.
enum class ApplicationFailure {
  kNone,
  kRefused,
  kTimeout,
  kUnreachable,
  kDns,  // this vantage's own trouble
  kTls,
  kClosed,
  kProtocol,
  kRedirect,  // 3xx: never followed, because where it leads is not what was asked for
  kStatus,    // any other status that is not 2xx
  kBody,      // too large, broken off, or called JSON and none
  kOther,
};

std::string_view to_string(ApplicationFailure failure);  // "refused", ...; "" for kNone

struct HealthAnswer {
  ApplicationFailure failure = ApplicationFailure::kNone;
  // One of the words in kStateWords, from {"status": "..."} or {"state": "..."}; "other" for any other word;
  // empty when the body tells none.
  std::string_view state;
};

// The bounded set: no word of an application becomes a label. Written in lower case with '_' for what
// separates words.
inline constexpr std::string_view kStateWords[] = {
    "ok",       "up",        "pass",        "healthy",  "ready",        "running",        "warn",
    "degraded", "starting",  "maintenance", "readonly", "not_writable", "out_of_service", "fail",
    "down",     "unhealthy", "error",       "unknown"};

HealthAnswer judge_health(const ProbeOutcome& outcome);

}  // namespace farshore
