// What the API's answers say, in words for people. Pure.
#pragma once

#include <string>

#include "common/json/json_value.h"

namespace farshore {

// Of GET /api/v1/status. `only` limits it to one cluster, empty = all.
struct StatusText {
  std::string text;
  bool all_protected = true;
  bool found = false;  // `only` is there
};
StatusText status_in_words(const JsonValue& status, const std::string& only);

// Of GET /api/v1/clusters/{cluster}/plan.
struct PlanText {
  std::string text;
  bool ready = false;  // also false when the rehearsal is too old to say
};
PlanText plan_in_words(const JsonValue& plan);

// Of GET /api/v1/runs.
std::string runs_in_words(const JsonValue& runs);

// Of GET /api/v1/runs/{id}: everything about it. `digest` is empty unless the run is held and can be
// approved.
std::string run_in_words(const JsonValue& run, const std::string& digest);

// The story of a run, row by row with the danger each avoids, and what a person can do now.
std::string why_run(const JsonValue& run);

// Of GET /api/v1/alerts/{id}: what was decided, when and why; `run` is that of the alert, null when there is
// none or it cannot be had.
std::string why_alert(const JsonValue& alert, const JsonValue* run = nullptr);

// What an approval of this held run would permit and be bound to.
std::string approval_in_words(const JsonValue& run, const std::string& digest);

// The digest of the facts of this run, when it is the held run of its cluster; empty otherwise.
std::string approval_digest_of(const JsonValue& status, const std::string& run_id);

}  // namespace farshore
