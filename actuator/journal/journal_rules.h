// The decisions about journaled records that every implementation of Journal shares, as pure functions.
#pragma once

#include <optional>

#include "actuator/journal/journal.h"

namespace farshore {

// An approval is void this long after the person gave it.
constexpr nanoseconds kApprovalLifetime = std::chrono::minutes(15);

// True when `earlier`, an alert of the same (cluster, epoch, fingerprint, starts_at), makes a repeat of it
// a duplicate. `run` is the run of the earlier alert, when it has one. A repeat is looked at anew only when
// nothing came of the earlier one: its run was refused and may be tried again, or it was refused before a
// run.
bool makes_duplicate(const AlertRecord& earlier, const std::optional<RunRecord>& run);

// A wall clock that was set back must not lengthen an approval's life: one from the future is void too.
bool approval_is_valid(const Approval& approval, WallTime now);

constexpr bool is_open(RunState state) { return state == RunState::kRunning || state == RunState::kHeld; }

// The newest value of every fact of a run.
RunFacts merge_facts(const std::vector<StepRecord>& steps);

Result<RunState> parse_run_state(std::string_view text);
Result<StepEvent> parse_step_event(std::string_view text);

}  // namespace farshore
