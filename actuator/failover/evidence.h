// Evidence of life (S7): what this process and its witnesses know about the old primary, now. Silence is no
// evidence, and what could not be looked at is unknown: neither is "down".
#pragma once

#include <string>
#include <vector>

#include "actuator/failover/run_context.h"

namespace farshore {

enum class Life {
  kSilent,   // looked at, nothing heard within the window
  kUnknown,  // not looked at, or the look itself is in trouble, or life was seen a short time ago
  kAlive,    // it answered since the run began
};

struct Evidence {
  Life life = Life::kUnknown;
  std::string why;  // one sentence
};

// The observer's own sessions: silent means that an attempt with a new session began after the last answer,
// ended within the window in silence, and no answer is younger than the window.
Evidence own_evidence(const RunContext& context);

// What the standbys received: a message younger than the window forbids; one received since the run began
// proves life. At least one standby must have been readable.
Evidence receiver_evidence(const RunContext& context, const std::vector<LookResult>& looks,
                           BootTime looked_at);

// What the Prometheus servers say. `quorum` is true when enough of them see the alert firing.
struct VoteEvidence {
  bool quorum = false;
  bool live_primary = false;  // a vantage's fresh sample sees the primary alive
  int firing = 0, not_firing = 0, unknown = 0;
};
VoteEvidence vote_evidence(const std::vector<AlertVote>& votes, int quorum);

}  // namespace farshore
