// farshorectl without its process: what each verb does. docs/man/farshorectl.1 says it for people.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "common/http/client.h"

namespace farshore {

// Beside those of common/cli/command_line.h.
inline constexpr int kExitNotProtected =
    3;  // status: a cluster is paused, held, failing over or without protection; plan: not ready
inline constexpr int kExitRefused = 4;  // the actuator was reached and said no

struct CtlEnvironment {
  std::ostream& out;
  std::ostream& err;
  HttpClient& http;
  std::function<bool(const std::string& question)> confirm;  // true: go on
};

// Returns the exit code. One thread.
int run_ctl(int argc, const char* const* argv, const CtlEnvironment& environment);

}  // namespace farshore
