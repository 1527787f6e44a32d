// What is to be made of one alert. A pure function: the alert, the topology, the reign and the time go in, a
// verdict comes out. It only sorts out what must never be acted on; whether the region is really lost is for
// the failover's own eyes.
#pragma once

#include <optional>
#include <string>

#include "actuator/journal/journal.h"
#include "actuator/webhook/payload.h"
#include "common/topology/topology.h"

namespace farshore {

constexpr std::string_view kFailoverAlert = "FarshorePrimaryDown";
constexpr std::string_view kFailoverAction = "failover";
constexpr std::string_view kWatchdogAction = "watchdog";
constexpr nanoseconds kMaxAlertFuture = 30s;

struct Judgement {
  std::string verdict;  // "" = pending, "refused", "noted"
  std::string reason;   // one sentence, without text of the alert that could do harm
  bool watchdog = false;
};

// `reign` is the one of the alert's cluster, absent when that is unknown or not adopted.
Judgement judge_alert(const WebhookAlert& alert, bool truncated, const Topology& topology,
                      const std::optional<Reign>& reign, WallTime now);

// The epoch label as a number; absent when it is no decimal number of at most 18 digits, or 0.
std::optional<int64_t> parse_epoch(std::string_view text);

}  // namespace farshore
