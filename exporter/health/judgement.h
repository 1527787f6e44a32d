// Whether a load balancer may send traffic of one kind to one server, judged from one moment of one vantage.
// Pure. Everything that is not known is a no, with its reason.
//
// The vocabulary is that of Patroni's REST API (https://patroni.readthedocs.io/en/latest/rest_api.html). What
// Patroni takes from its leader lock is judged here from what the servers say of themselves, so a yes is one
// vantage's word: the fence is what keeps two servers from taking writes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/lsn.h"
#include "exporter/health/health_query.h"
#include "exporter/view.h"

namespace farshore {

// A position of the primary older than this says nothing about how far a standby is behind.
constexpr nanoseconds kMaxPositionAge = 5s;

// How far behind, and against which observation.
struct LagEvidence {
  std::string against;  // the server whose position it is
  Lsn position, held;   // the primary's flush; what the standby replayed, or holds
  nanoseconds position_age{0};
  int64_t bytes = 0;  // never negative
};

struct Judgement {
  bool yes = false;
  std::string reason;              // why not; empty for a yes
  std::optional<LagEvidence> lag;  // when it was asked for and is known
};

using Judge = Judgement (*)(const ExporterView& view, const ServerView& server, const HealthQuery& query);

struct HealthCheck {
  std::string_view path;  // "/primary"
  unsigned takes;         // keys of the query
  Judge judge;
};

std::span<const HealthCheck> health_checks();

// The moment the view was made.
BootTime now_of(const ExporterView& view);

}  // namespace farshore
