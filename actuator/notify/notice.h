// What a receiver of notifications is told: that something became of a run, or of a reign.
#pragma once

#include <optional>
#include <string>

#include "actuator/journal/journal.h"

namespace farshore {

struct Notice {
  std::string cluster;
  std::string run_id;   // empty: not of a run
  std::string kind;     // "held", "refused", "succeeded", "adopted", "open"
  std::string message;  // for people: the report, or the reason
  WallTime at;          // when it was said
  std::optional<RunRecord> run =
      {};             // as the journal has it when it is sent; absent when that cannot be read
  bool over = false;  // of a run that was held: it is held no more

  bool is_outcome() const { return kind == "held" || kind == "refused" || kind == "succeeded"; }
};

// The same for every repetition of a notice, also by a process that started since.
std::string identity(const Notice& notice);

}  // namespace farshore
