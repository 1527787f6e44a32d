// What the servers' mains share once flags and topology are read: start, say so, wait for the signal that
// ends it. Main thread.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/cli/command_line.h"

namespace farshore {

// A line for people on standard error, not through the log: file:line:column first, as compilers write them.
// Returns kExitFailure.
int refuse_to_start(const Error& error);

// Waits for the signal that ends the program. SIGHUP does not: it does each of `reload` in order, which log
// themselves what came of it; without any it only says that nothing is read again. Logs `last_words` with the
// signal. Returns kExitOk.
using ReloadActions = std::vector<std::function<void()>>;
int serve_until_told_to_stop(std::string_view last_words, const ReloadActions& reload = {});

// Runs `end`. When that takes longer than `limit` the process ends all the same, with kExitOk: only for a
// program that may be killed at any instant and says so.
void end_within(nanoseconds limit, const std::function<void()>& end);

}  // namespace farshore
