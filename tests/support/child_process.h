// Programs started by tests: each is stopped by its pid when its object goes, and dies with the test program
// even when that is killed (the spawning thread must outlive the child: PR_SET_PDEATHSIG is per thread).
//
// Failures of the helpers themselves throw std::runtime_error, which GoogleTest reports as the test's
// failure.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"

namespace farshore::test {

// Looks every few milliseconds until `condition` holds; false when it did not within `limit`.
bool wait_until(const std::function<bool()>& condition, nanoseconds limit = 10s);

// A TCP port on which nothing listens now, outside the ephemeral range, never handed out twice by one
// program.
int free_port();

std::string read_file(const std::string& path);  // empty when there is none
void write_file(const std::string& path, const std::string& text, mode_t mode = 0644);

// A folder under /tmp that everybody may enter (PostgreSQL runs as another user); removed with its content.
class TempDir {
 public:
  explicit TempDir(const std::string& prefix = "farshore-test");
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct SpawnOptions {
  std::string output_file;               // stdout and stderr together, appended; empty = /dev/null
  std::vector<std::string> environment;  // "NAME=value", added to the test's own
  std::string run_as;                    // a user name; ignored when the test does not run as root
  int death_signal = 9;                  // what the child gets when the test program dies
};

// Not thread-safe.
class ChildProcess {
 public:
  // argv[0] is looked up in PATH unless it holds a slash. Throws when it cannot be executed.
  explicit ChildProcess(std::vector<std::string> argv, SpawnOptions options = {});
  ~ChildProcess();  // SIGKILL by pid when it still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  bool stopped() const;     // by SIGSTOP: still there, and doing nothing
  void signal(int number);  // does nothing when it has ended
  // The exit code, 128 + signal when killed by one; absent when it still runs after `limit`.
  std::optional<int> wait_exit(nanoseconds limit = 10s);
  // `number`, then SIGKILL after `grace`. Returns the exit code.
  int stop(int number = 15, nanoseconds grace = 5s);
  std::string output() const { return read_file(output_file_); }
  // False when the text did not appear in the output within the limit or the process ended without it.
  bool wait_for_output(const std::string& text, nanoseconds limit = 10s);

 private:
  std::string output_file_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

struct CommandResult {
  int exit_code = -1;  // -1 when it did not end in time and was killed
  std::string output;  // stdout and stderr together
};
CommandResult run_command(std::vector<std::string> argv, SpawnOptions options = {}, nanoseconds limit = 30s);

}  // namespace farshore::test
