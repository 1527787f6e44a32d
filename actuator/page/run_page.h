// The pages beside the status page: a run with what an operator can decide about it, pausing a cluster,
// signing in. They hold forms, so nothing on them renews itself while somebody reads or types. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actuator/failover/control.h"
#include "actuator/journal/journal.h"
#include "actuator/page/html.h"
#include "actuator/page/sessions.h"

namespace farshore {

struct RunView {
  WallTime now;
  RunRecord run;
  std::vector<StepRecord> steps;
  std::string approval_digest;  // of ClusterStatus; empty when an approval cannot help
};

// Everything in <main>.
Html run_page(const RunView& view, const Session& session);
Html cluster_page(const ClusterStatus& cluster, const Session& session);
Html latch_page(const std::optional<LatchRecord>& latch, const Session& session);

// `next` is where a person goes after signing in; `complaint` says why it did not work, or is empty.
Html sign_in_page(const std::string& next, const std::string& complaint);

}  // namespace farshore
