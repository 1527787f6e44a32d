// Could this cluster be failed over now, to whom, at what loss, and what stands in the way: the rows of the
// failover table up to the point of no return and every precondition, looked at without touching anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"

namespace farshore {

// One thing that stands in the way.
struct Obstacle {
  std::string reason;       // a word for machines, [a-z_]+: label `reason` of farshore_failover_ready
  std::string text;         // one sentence for people
  bool approvable = false;  // a named person's approval of the run passes it
};

enum class PlanState { kFine, kBlocked, kNotLooked };

// One row of the table, rehearsed.
struct PlanStep {
  int number = 0;
  std::string name, danger;  // as in the table
  PlanState state = PlanState::kNotLooked;
  std::string text;  // what was seen, one sentence
};

struct FailoverPlan {
  std::string cluster;
  WallTime at;                           // when it began
  BootTime looked_at;                    // the same moment, for its age
  std::string primary;                   // whose loss is rehearsed; empty while no reign is adopted
  std::string candidate;                 // who would be promoted; empty when nobody can
  std::optional<int64_t> loss_bytes;     // of the candidate, were the primary lost this moment
  std::optional<nanoseconds> loss_time;  // absent = unknown, never zero
  std::vector<PlanStep> steps;
  std::vector<Obstacle> obstacles;

  // A failover could run now without asking anybody.
  bool ready() const { return obstacles.empty(); }
};

}  // namespace farshore
