// Signals as values: a program blocks them before its first thread and then waits for them in main. No
// handler runs.
#pragma once

#include <csignal>
#include <optional>

#include "common/base/clock.h"

namespace farshore {

// Call first in main, before any thread exists: blocks SIGTERM, SIGINT and SIGHUP for the whole process and
// ignores SIGPIPE (a peer that hangs up is an error of write, not a death). Children inherit both; a command
// runner resets them.
void block_program_signals();

// The next of SIGTERM, SIGINT, SIGHUP; waits for as long as it takes. Main thread.
int wait_for_signal();
// The same with a limit; nullopt when nothing came.
std::optional<int> wait_for_signal(milliseconds limit);

}  // namespace farshore
