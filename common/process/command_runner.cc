#include "common/process/command_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "common/base/descriptor.h"

namespace farshore {
namespace {

struct Pipe {
  Descriptor read_end, write_end;
  bool make() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
    // Only our end: the program's end stays blocking, as programs expect.
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  }
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_strings(const Environment& given) {
  Environment whole{{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                    {"LC_ALL", "C"}};
  for (const auto& [name, value] : given) whole[name] = value;
  std::vector<std::string> result;
  for (const auto& [name, value] : whole) result.push_back(name + "=" + value);
  return result;
}

// posix_spawn and not fork: the caller has threads, and between fork and exec of such a process hardly
// anything may be called. Returns an errno.
int spawn(pid_t& pid, std::vector<std::string> argv, const Environment& environment, int out, int err) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out, 1);
  posix_spawn_file_actions_adddup2(&files, err, 2);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> variables = environment_strings(environment);
  const int error = posix_spawn(&pid, argv.front().c_str(), &files, &attributes, pointers(argv).data(),
                                pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

// Reads what is there now. Closes the descriptor at end of file.
void drain(Descriptor& fd, std::string& text) {
  std::array<char, 8192> buffer;
  while (fd.open()) {
    const ssize_t count = read(fd.get(), buffer.data(), buffer.size());
    if (count > 0) {
      const size_t room = kMaxCommandOutput - std::min(text.size(), kMaxCommandOutput);
      text.append(buffer.data(), std::min(static_cast<size_t>(count), room));
    } else if (count == 0) {
      fd.reset();
    } else if (errno != EINTR) {
      return;
    }
  }
}

class SystemCommandRunner final : public CommandRunner {
 public:
  explicit SystemCommandRunner(Clock& clock) : clock_(clock) {}

  using CommandRunner::run;
  Result<CommandResult> run(const std::vector<std::string>& argv, const Environment& environment,
                            BootTime deadline, const std::stop_token& stop) override {
    if (argv.empty() || argv.front().empty() || argv.front().front() != '/')
      return fail(ErrorCode::kInvalidArgument, "a command must begin with the absolute path of its program");
    const std::string& program = argv.front();
    if (clock_.boot_now() >= deadline || stop.stop_requested())
      return fail(ErrorCode::kTimeout, "no time left to start {}", program);
    reap_abandoned();

    Child child;
    if (!child.out.make() || !child.err.make())
      return fail(ErrorCode::kUnavailable, "no pipe for {}: {}", program, strerror(errno));
    const int error =
        spawn(child.pid, argv, environment, child.out.write_end.get(), child.err.write_end.get());
    if (error != 0) return spawn_failed(program, error);
    child.out.write_end.reset();
    child.err.write_end.reset();
    // A pid of our own unreaped child cannot be used again, so this always means that process.
    child.pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0)));

    const bool in_time = wait_for_exit(child, deadline, stop);
    if (!in_time) stop_group(child);
    return finish(child, program, in_time);
  }

 private:
  struct Child {
    pid_t pid = 0;
    Descriptor pidfd;
    Pipe out, err;
    CommandResult result;
  };

  static tl::unexpected<Error> spawn_failed(const std::string& program, int error) {
    ErrorCode code = ErrorCode::kUnavailable;
    if (error == ENOENT || error == ENOTDIR) code = ErrorCode::kNotFound;
    if (error == EACCES || error == EPERM || error == ENOEXEC) code = ErrorCode::kPermission;
    return fail(code, "cannot run {}: {}", program, strerror(error));
  }

  // True when the program ended (it is not reaped yet); reads its output meanwhile.
  bool wait_for_exit(Child& child, BootTime until, const std::stop_token& stop = {}) {
    while (true) {
      const nanoseconds left = until - clock_.boot_now();
      if (left <= 0ns || stop.stop_requested()) return exited(child);
      // Poll waits on a clock that stands still in suspend: look at ours, and at `stop`, every 200 ms.
      const auto wait = std::chrono::ceil<milliseconds>(std::min<nanoseconds>(left, 200ms));
      pollfd fds[3] = {{child.pidfd.get(), POLLIN, 0},
                       {child.out.read_end.get(), POLLIN, 0},
                       {child.err.read_end.get(), POLLIN, 0}};  // a negative descriptor is skipped
      poll(fds, 3, child.pidfd.open() ? static_cast<int>(wait.count()) : 5);
      drain(child.out.read_end, child.result.stdout_text);
      drain(child.err.read_end, child.result.stderr_text);
      if (exited(child)) return true;
    }
  }

  static bool exited(const Child& child) {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child.pid;
  }

  // The leader is not reaped before the last signal: until then its number cannot become another group's.
  void stop_group(Child& child) {
    kill(-child.pid, SIGTERM);
    wait_for_exit(child, clock_.boot_now() + kKillGrace);
    kill(-child.pid, SIGKILL);
    wait_for_exit(child, clock_.boot_now() + 1s);
  }

  Result<CommandResult> finish(Child& child, const std::string& program, bool in_time) {
    if (!exited(child)) {
      // Killed but stuck in the kernel (a hanging disk): reaped at a later call.
      const std::lock_guard lock(mutex_);
      abandoned_.push_back(child.pid);
      return fail(ErrorCode::kUnknown, "{} was killed at its deadline and has not gone yet", program);
    }
    int status = 0;
    waitpid(child.pid, &status, 0);
    drain(child.out.read_end, child.result.stdout_text);
    drain(child.err.read_end, child.result.stderr_text);
    if (!in_time)
      return fail(ErrorCode::kUnknown, "{} was stopped at its deadline and may have taken effect", program);
    if (WIFSIGNALED(status))
      child.result.signal = WTERMSIG(status);
    else
      child.result.exit_code = WEXITSTATUS(status);
    return std::move(child.result);
  }

  void reap_abandoned() {
    const std::lock_guard lock(mutex_);
    std::erase_if(abandoned_, [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
  }

  Clock& clock_;
  std::mutex mutex_;
  std::vector<pid_t> abandoned_;
};

}  // namespace

std::unique_ptr<CommandRunner> make_command_runner(Clock& clock) {
  return std::make_unique<SystemCommandRunner>(clock);
}

std::string describe(const CommandResult& result) {
  const std::string end =
      result.signal != 0 ? fmt::format("signal {}", result.signal) : fmt::format("exit {}", result.exit_code);
  const std::string& said = result.stderr_text.empty() ? result.stdout_text : result.stderr_text;
  std::string line = said.substr(0, std::min(said.find('\n'), size_t{280}));
  for (char& c : line)
    if (c < ' ' || c > '~') c = '?';
  return line.empty() ? end : end + ": " + line;
}

}  // namespace farshore
