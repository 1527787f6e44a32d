// Made-up states of clusters, for the tests of the page and for the program that a browser looks at.
#pragma once

#include <string>
#include <vector>

#include "actuator/failover/control.h"
#include "tests/fakes/memory_journal.h"

namespace farshore::page_states {

// Everything the page reads.
struct World {
  MemoryJournal journal;
  std::vector<ClusterStatus> clusters;
};

inline const std::vector<std::string> kNames = {"empty", "calm",           "not-ready", "running", "held",
                                                "proof", "past-no-return", "succeeded", "paused",  "latched"};

// `name` is one of kNames; what happened did so shortly before now. Throws on any other name.
void make(const std::string& name, World& world, WallTime now, BootTime boot_now);

// An open run of the cluster as far as, and without, the row: its intent is written when `begun`.
RunRecord run_until(World& world, ClusterStatus& cluster, std::string_view row, bool begun, WallTime now);
// The run fails at the row and is held, as the engine does it, with what an approval would have to permit.
void hold(World& world, ClusterStatus& cluster, std::string_view row, const std::string& reason,
          const std::string& needs, WallTime now);

ClusterStatus calm_cluster(const std::string& name, WallTime now, BootTime boot_now);
FailoverPlan plan_of(const std::string& cluster, std::vector<Obstacle> obstacles, WallTime now);

}  // namespace farshore::page_states
