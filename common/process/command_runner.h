// Runs one of the user's own programs (a fence, a traffic switch, a hook) and waits for it, within a
// deadline.
//
// No shell: the program is an absolute path and each argument reaches it as it is. It starts in a process
// group of its own, with no file but its three standard streams, stdin at end of file, default signals, and
// an environment of PATH, LC_ALL and what the caller gives; nothing of this process leaks into it. At the
// deadline the whole group gets SIGTERM and kKillGrace later SIGKILL. A process it leaves behind when it
// exits by itself in time is left alone.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

using Environment = std::map<std::string, std::string>;

struct CommandResult {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;      // 0 when it exited
  // What it printed, at most kMaxCommandOutput bytes of each; the rest was read and dropped.
  std::string stdout_text, stderr_text;

  bool succeeded() const { return signal == 0 && exit_code == 0; }
};

constexpr size_t kMaxCommandOutput = size_t{64} << 10;
constexpr nanoseconds kKillGrace = 200ms;

// Thread-safe. Never throws. Any exit is a result. Errors: kTimeout (the deadline had passed before it was
// started), kUnknown (it was stopped at the deadline: it may have taken effect), kNotFound, kPermission,
// kInvalidArgument (no absolute path), kUnavailable (no process or pipe to be had). Returns at most
// kKillGrace plus a second after the deadline. A request to stop is a deadline that has come, noticed within
// 200 ms.
class CommandRunner {
 public:
  virtual ~CommandRunner() = default;
  virtual Result<CommandResult> run(const std::vector<std::string>& argv, const Environment& environment,
                                    BootTime deadline, const std::stop_token& stop) = 0;
  Result<CommandResult> run(const std::vector<std::string>& argv, const Environment& environment,
                            BootTime deadline) {
    return run(argv, environment, deadline, {});
  }
};

std::unique_ptr<CommandRunner> make_command_runner(Clock& clock);

// "exit 3: no such plug", "signal 9", for a person or a journal: one printable line of at most 300 bytes,
// with the first line of what it printed (stderr before stdout).
std::string describe(const CommandResult& result);

}  // namespace farshore
