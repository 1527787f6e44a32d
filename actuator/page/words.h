// What somebody who was woken up needs first, in words: is the cluster protected, and if not, what now. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actuator/failover/control.h"
#include "actuator/journal/journal.h"
#include "common/base/clock.h"

namespace farshore {

enum class Alarm { kNone, kWork, kPerson };  // nothing to do, it works by itself, a person is needed

struct ClusterWords {
  Alarm alarm = Alarm::kNone;
  std::string state;   // "PROTECTED", "NOT PROTECTED", "FAILING OVER", "HELD"
  std::string why;     // one sentence; may be empty
  std::string to_do;   // one sentence; empty when there is nothing to do
  std::string run_id;  // of the open run; empty when there is none
};

// `steps` are those of the open run; empty when there is none, or they could not be read.
ClusterWords cluster_in_words(const ClusterStatus& cluster, const std::vector<StepRecord>& steps);

std::string bytes_in_words(int64_t bytes);    // "0 bytes", "1.5 MiB"
std::string span_in_words(nanoseconds span);  // "0.3 s", "2 min 5 s", "3 h 2 min"

// How far a standby is behind the newest position of the primary that this actuator has seen; absent when
// either position is not known.
std::optional<int64_t> lag_bytes(const ClusterStatus& cluster, const ServerObservation& standby);

}  // namespace farshore
