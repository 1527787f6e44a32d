// Records of the journal to and from rows of its tables. Each reader expects the columns in the order of the
// constant beside it.
#pragma once

#include "actuator/journal/journal.h"
#include "common/sqlite/database.h"

namespace farshore::rows {

inline int64_t from_time(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime to_time(int64_t nanos) { return WallTime(nanoseconds(nanos)); }

constexpr const char* kAlert =
    "id, received_at, principal, firing, alertname, action, cluster, region, server, fingerprint, epoch, "
    "starts_at, verdict, reason, run_id";
Result<AlertRecord> alert(const Statement& row);

constexpr const char* kReign = "cluster, epoch, server, timeline, system_identifier, since";
Result<Reign> reign(const Statement& row);

constexpr const char* kRun =
    "id, cluster, from_epoch, epoch, old_primary, old_region, candidate, region, state, step, reason, "
    "retryable, "
    "promoting, accepted_at, started_at, ended_at";
Result<RunRecord> run(const Statement& row);

constexpr const char* kStep = "run_id, sequence, attempt, step, event, at, detail, facts";
Result<StepRecord> step(const Statement& row);

constexpr const char* kAction = "at, by, action, cluster, run_id, outcome";
Result<ActionRecord> action(const Statement& row);

std::string facts_to_json(const RunFacts& facts);
Result<RunFacts> facts_from_json(const std::string& json);

}  // namespace farshore::rows
