// The journal in one SQLite file.
#pragma once

#include <memory>
#include <string>

#include "actuator/journal/journal.h"
#include "common/base/clock.h"

namespace farshore {

// Opens or makes the journal at `path`; its folder must exist. A second actuator on the same file is refused
// until the first one ends. Errors, each with a remedy in its message: kConflict (in use), kCorrupt
// (damaged), kInvalidArgument (no journal, or of a newer version), kUnavailable (cannot be written).
Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& path, Clock& clock);

}  // namespace farshore
