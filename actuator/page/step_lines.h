// A run as the rows of the failover table: which are done, which one it is at, which are to come. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actuator/journal/journal.h"
#include "common/base/clock.h"

namespace farshore {

enum class LineState { kDone, kNow, kToCome, kFailed, kNotReached };
std::string_view in_words(LineState state);  // "done", "now", "to come", "failed", "not reached"

struct StepLine {
  size_t position = 0;  // in the table, from 1
  std::string name, danger;
  bool point_of_no_return = false;
  LineState state = LineState::kToCome;
  std::optional<double> seconds;  // it took, or it is at it for
  std::string detail;             // what was seen or why it failed; may be empty
};

// The newest attempt of the run over every row of the table. The journal writes down outcomes, and for rows
// that change something the intent before; so the row after the last one that is over is the one it is at.
std::vector<StepLine> step_lines(const RunRecord& run, const std::vector<StepRecord>& steps, WallTime now);

// The row it is at; null when the run is at none.
const StepLine* line_at_work(const std::vector<StepLine>& lines);

int newest_attempt(const std::vector<StepRecord>& steps);

}  // namespace farshore
