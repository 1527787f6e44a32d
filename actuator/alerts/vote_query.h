// The one question put to a Prometheus server, and how its answer is read. Pure.
#pragma once

#include <optional>
#include <string>

#include "common/base/result.h"

namespace farshore {

struct VoteQuestion {
  std::string alertname, cluster, primary;
  int64_t epoch = 0;
};

// Gives at most one element with farshore_vote="firing": the age in seconds of the newest sample that the
// alert of this very reign is firing; and at most one with farshore_vote="live": the age of the newest sample
// in which a vantage saw the primary up and writable. By the clock of that Prometheus, which stamped them.
std::string vote_query(const VoteQuestion& question);

struct VoteAges {
  std::optional<double> firing_seconds, live_seconds;  // absent: no such sample
};

// kUnavailable when the body is not the success of an instant query for a vector.
Result<VoteAges> read_vote_answer(const std::string& body);

}  // namespace farshore
