// The failover as a table: each row is a line of the runbook. The engine knows no row by name;
// docs/failover-steps.md is printed from here. The numbers are those of the safety protocol; rows that come
// later leave their numbers free.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "actuator/failover/run_context.h"

namespace farshore {

// What becomes of the run when a row fails and does not say otherwise itself.
enum class OnFailure {
  kRefuse,   // end, nothing done; may be tried again
  kHold,     // put everything back and ask a person (after the point of no return: nothing is put back)
  kForward,  // keep trying: the run is held when the deadline passes, and goes on
  kNote,     // write it down and go on
};

class Rehearsal;  // rehearsal.h

// What a row set right is looked at again for as long as the reign of its run lasts, and mended.
struct Care {
  StepStatus (*holds)(RunContext&) = nullptr;  // a short look; else why not. null = the row needs no care
  StepStatus (*mend)(RunContext&) = nullptr;   // one bounded attempt; the next look tells whether it helped
  nanoseconds every{0};
  bool urgent = false;      // also before the row at which a run waits is tried again
  bool slows_down = false;  // while it does not hold: doubling, up to a minute
};

struct Step {
  int number;
  std::string_view name;
  std::string_view danger;                  // the danger this row avoids, one sentence
  std::string_view done_when;               // for people
  std::string_view effect;                  // for people; empty = only looks
  std::string_view verified_by;             // for people
  StepStatus (*precondition)(RunContext&);  // looked at anew; null = none
  StepCheck (*already_done)(RunContext&);   // makes a repetition after a crash harmless; null = never
  StepStatus (*act)(RunContext&);           // the only place with an effect; null = the row only looks
  StepStatus (*verify)(RunContext&);        // looks at the world, not at what act returned; always called
  nanoseconds deadline;
  OnFailure on_failure;
  bool point_of_no_return;
  std::string_view rehearsed_by = {};  // for people; empty = nothing to rehearse
  void (*rehearse)(RunContext&,
                   Rehearsal&) = nullptr;  // the same question with the primary alive: only looks
  Care care = {};
  nanoseconds (*longer)(const RunContext&) = nullptr;  // the deadline is at least this; null = as it stands
};

std::span<const Step> failover_steps();
size_t point_of_no_return_row();

// The table as Markdown: docs/failover-steps.md.
std::string steps_markdown();

}  // namespace farshore
