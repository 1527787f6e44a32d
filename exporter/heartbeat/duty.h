// Whose heartbeat it is: an exporter beats only at a primary of its own region. Pure.
#pragma once

#include <string_view>

#include "common/postgres/facts.h"

namespace farshore {

enum class Duty {
  kNone,    // a standby, an old primary, a server of another region, or one never seen: nothing is sent
  kSilent,  // was its primary when last seen and does not answer now: nothing is sent, and that is known
  kBeat,    // answers the newest look, as the cluster's newest primary, in the vantage's own region
};

Duty duty_at(const Snapshot& snapshot, const ServerObservation& server, std::string_view vantage);

}  // namespace farshore
