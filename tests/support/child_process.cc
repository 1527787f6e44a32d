#include "tests/support/child_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace farshore::test {
namespace {

[[noreturn]] void raise_error(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// Everything the child needs is made before fork: after it only async-signal-safe calls are allowed.
struct SpawnPlan {
  std::vector<std::string> argv, environment;
  std::string output_file;
  uid_t uid = 0;
  gid_t gid = 0;
  bool change_user = false;
  int death_signal = SIGKILL;
};

SpawnPlan make_plan(std::vector<std::string> argv, const SpawnOptions& options) {
  SpawnPlan plan;
  plan.argv = std::move(argv);
  plan.output_file = options.output_file.empty() ? "/dev/null" : options.output_file;
  plan.death_signal = options.death_signal;
  for (char** entry = environ; *entry != nullptr; ++entry) plan.environment.emplace_back(*entry);
  for (const std::string& entry : options.environment) plan.environment.push_back(entry);
  if (!options.run_as.empty() && geteuid() == 0) {
    const passwd* user = getpwnam(options.run_as.c_str());
    if (user == nullptr) throw std::runtime_error("no such user: " + options.run_as);
    plan.uid = user->pw_uid;
    plan.gid = user->pw_gid;
    plan.change_user = true;
  }
  return plan;
}

[[noreturn]] void run_child(const SpawnPlan& plan, char* const* argv, char* const* environment, pid_t parent,
                            int error_pipe) {
  const int output = open(plan.output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int input = open("/dev/null", O_RDONLY);
  if (output >= 0 && input >= 0) {
    dup2(input, 0);
    dup2(output, 1);
    dup2(output, 2);
    const bool user_changed =
        !plan.change_user || (setgroups(1, &plan.gid) == 0 && setgid(plan.gid) == 0 && setuid(plan.uid) == 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    // After setuid, which clears it; the parent may have died meanwhile.
    prctl(PR_SET_PDEATHSIG, plan.death_signal);
    if (user_changed && getppid() == parent) execvpe(argv[0], argv, environment);
  }
  const int error = errno;
  if (write(error_pipe, &error, sizeof error) < 0) _exit(126);
  _exit(127);
}

int decode_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

bool wait_until(const std::function<bool()>& condition, nanoseconds limit) {
  Clock& clock = system_clock();
  const BootTime end = clock.boot_now() + limit;
  while (!condition()) {
    if (clock.boot_now() >= end) return false;
    clock.sleep_for(5ms);
  }
  return true;
}

int free_port() {
  // Below the ephemeral range, so that no outgoing connection takes the port before the server does.
  static std::mutex mutex;
  static std::set<int> given;
  static std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> range(20000, 31999);
  const std::scoped_lock lock(mutex);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int port = range(random);
    if (given.contains(port)) continue;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (!free) continue;
    given.insert(port);
    return port;
  }
  throw std::runtime_error("no free port found");
}

std::string read_file(const std::string& path) {
  const std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text, mode_t mode) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  if (!out || !(out << text) || !out.flush()) throw std::runtime_error("cannot write " + path);
  if (chmod(path.c_str(), mode) != 0) raise_error("chmod " + path);
}

TempDir::TempDir(const std::string& prefix) : path_("/tmp/" + prefix + "-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) raise_error("mkdtemp " + path_);
  if (chmod(path_.c_str(), 0777) != 0) raise_error("chmod " + path_);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ChildProcess::ChildProcess(std::vector<std::string> argv, SpawnOptions options)
    : output_file_(options.output_file) {
  const SpawnPlan plan = make_plan(std::move(argv), options);
  const std::vector<char*> arguments = pointers(plan.argv), environment = pointers(plan.environment);
  int error_pipe[2];
  if (pipe2(error_pipe, O_CLOEXEC) != 0) raise_error("pipe");
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) run_child(plan, arguments.data(), environment.data(), parent, error_pipe[1]);
  close(error_pipe[1]);
  int error = 0;
  const bool failed = pid_ < 0 || read(error_pipe[0], &error, sizeof error) == sizeof error;
  close(error_pipe[0]);
  if (!failed) return;
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
  throw std::runtime_error("cannot run " + plan.argv[0] + ": " + std::strerror(error));
}

ChildProcess::~ChildProcess() {
  if (running()) stop(SIGKILL);
}

bool ChildProcess::running() {
  if (exit_code_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = decode_status(status);
  return false;
}

bool ChildProcess::stopped() const {
  const std::string stat = read_file("/proc/" + std::to_string(pid_) + "/stat");
  const size_t name_end = stat.rfind(") ");
  return name_end != std::string::npos && stat.substr(name_end + 2, 1) == "T";
}

void ChildProcess::signal(int number) {
  if (running()) kill(pid_, number);
}

std::optional<int> ChildProcess::wait_exit(nanoseconds limit) {
  wait_until([this] { return !running(); }, limit);
  return exit_code_;
}

int ChildProcess::stop(int number, nanoseconds grace) {
  signal(number);
  if (!wait_exit(grace)) {
    signal(SIGKILL);
    wait_exit(10s);
  }
  return exit_code_.value_or(-1);
}

bool ChildProcess::wait_for_output(const std::string& text, nanoseconds limit) {
  const auto found = [&] { return output().find(text) != std::string::npos; };
  return wait_until([&] { return found() || !running(); }, limit) && found();
}

CommandResult run_command(std::vector<std::string> argv, SpawnOptions options, nanoseconds limit) {
  const TempDir folder("farshore-command");
  if (options.output_file.empty()) options.output_file = folder.file("output");
  const std::string output_file = options.output_file;
  ChildProcess child(std::move(argv), std::move(options));
  CommandResult result;
  result.exit_code = child.wait_exit(limit).value_or(-1);
  if (result.exit_code == -1) child.stop(SIGKILL);
  result.output = read_file(output_file);
  return result;
}

}  // namespace farshore::test
