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

// What the main loop asks the program, and does with it.
struct ServiceHooks {
  // Done in order at SIGHUP; each logs itself what came of it.
  std::vector<std::function<void()>> reload = {};
  std::function<bool()> ready = {};  // systemd is told so once this holds; empty: from the start
  std::function<bool()> alive =
      {};  // systemd's watchdog is fed while this holds; empty: while the loop turns
};

// Waits for the signal that ends the program, and tells systemd how it is meanwhile. SIGHUP does not end it;
// without an action it only says that nothing is read again. Logs `last_words` with the signal. Returns
// kExitOk.
int serve_until_told_to_stop(std::string_view last_words, const ServiceHooks& hooks = {});

// Runs `end`. When that takes longer than `limit` the process ends all the same, with kExitOk: only for a
// program that may be killed at any instant and says so.
void end_within(nanoseconds limit, const std::function<void()>& end);

}  // namespace farshore
