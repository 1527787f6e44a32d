#include "common/web/front_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace farshore {
namespace {

constexpr nanoseconds kCheckLimit = 10s;
constexpr size_t kMaxLines = 20;
constexpr size_t kMaxLineBytes = 400;
constexpr int kAboveAllSlots = 200;

struct Launch {
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::vector<int> slots;  // descriptor for 3, 4, ...
  int output = -1;
  pid_t parent = 0;
};

// In the child of a process with threads: only system calls, no memory, no locks (fork(2), signal-safety(7)).
[[noreturn]] void become(Launch& launch) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != launch.parent) _exit(127);  // it died before the line above
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // First above all slots, so that none is overwritten before it is moved.
  for (int& slot : launch.slots) slot = fcntl(slot, F_DUPFD, kAboveAllSlots);
  const int output = fcntl(launch.output, F_DUPFD, kAboveAllSlots);
  const int nothing = open("/dev/null", O_RDONLY);
  bool good = dup2(nothing, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2;
  int next = kConfigSlot;
  for (const int slot : launch.slots) {
    good = good && dup2(slot, next) == next;
    ++next;
  }
  good = good && syscall(SYS_close_range, next, ~0U, 0) == 0;
  if (good) execve(launch.argv[0], launch.argv.data(), launch.environment.data());
  _exit(127);
}

std::string printable(std::string line) {
  line.resize(std::min(line.size(), kMaxLineBytes));
  for (char& c : line) {
    if (c < ' ' || c > '~') c = '?';
  }
  return line;
}

// Sends one end of a connection through the socket pair; HAProxy takes it as if it had accepted it.
bool hand_over(int control, int connection) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &connection, sizeof connection);
  return sendmsg(control, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

bool wait_readable(int descriptor, nanoseconds limit) {
  pollfd entry{descriptor, POLLIN, 0};
  const auto wait = std::chrono::ceil<milliseconds>(std::max<nanoseconds>(limit, 0ns));
  return poll(&entry, 1, static_cast<int>(wait.count())) > 0;
}

}  // namespace

Status FrontProcess::spawn(const std::string& program, const FrontDescriptors& descriptors, bool only_check) {
  int pair[2];
  int pipes[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return fail(ErrorCode::kUnavailable, "no socket pair for {}: {}", program, strerror(errno));
  control_.reset(pair[0]);
  const Descriptor their_control(pair[1]);
  if (pipe2(pipes, O_CLOEXEC) != 0)
    return fail(ErrorCode::kUnavailable, "no pipe for {}: {}", program, strerror(errno));
  output_.reset(pipes[0]);
  const Descriptor their_output(pipes[1]);
  fcntl(output_.get(), F_SETFL, O_NONBLOCK);

  std::vector<std::string> words = {program, only_check ? "-c" : "-db", "-f",
                                    fmt::format("/proc/self/fd/{}", kConfigSlot)};
  std::vector<std::string> variables = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
  Launch launch;
  for (std::string& word : words) launch.argv.push_back(word.data());
  launch.argv.push_back(nullptr);
  for (std::string& variable : variables) launch.environment.push_back(variable.data());
  launch.environment.push_back(nullptr);
  // A slot without a descriptor holds the configuration: it is not read, and the others keep their numbers.
  const auto or_config = [&descriptors](int one) { return one >= 0 ? one : descriptors.config; };
  launch.slots = {descriptors.config, or_config(descriptors.certificate), or_config(descriptors.client_ca),
                  their_control.get()};
  launch.slots.insert(launch.slots.end(), descriptors.listeners.begin(), descriptors.listeners.end());
  launch.output = their_output.get();
  launch.parent = getpid();
  pid_ = fork();
  if (pid_ == 0) become(launch);
  if (pid_ < 0) return fail(ErrorCode::kUnavailable, "no process for {}: {}", program, strerror(errno));
  pid_descriptor_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  return {};
}

Status FrontProcess::check(const std::string& program, const FrontDescriptors& descriptors) {
  FrontProcess process;
  if (auto started = process.spawn(program, descriptors, true); !started) return started;
  const bool in_time = wait_readable(process.pid_descriptor(), kCheckLimit);
  if (!in_time || !process.ended())
    return fail(ErrorCode::kUnavailable, "{} did not check its configuration in time", program);
  if (process.status_ == 0) return {};
  std::string said = process.end();
  for (const std::string& line : process.take_output()) said += "; " + line;
  return fail(ErrorCode::kInvalidArgument, "{} does not take what was made of the web configuration: {}",
              program, said);
}

Result<std::unique_ptr<FrontProcess>> FrontProcess::start(const std::string& program,
                                                          const FrontDescriptors& descriptors) {
  std::unique_ptr<FrontProcess> process(new FrontProcess);
  if (auto started = process->spawn(program, descriptors, false); !started)
    return tl::unexpected<Error>(started.error());
  return process;
}

FrontProcess::~FrontProcess() {
  if (pid_ <= 0 || ended_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool FrontProcess::ended() {
  if (!ended_ && waitpid(pid_, &status_, WNOHANG) != 0) ended_ = true;
  return ended_;
}

std::string FrontProcess::end() const {
  if (!ended_) return "";
  return WIFSIGNALED(status_) ? fmt::format("signal {}", WTERMSIG(status_))
                              : fmt::format("exit {}", WEXITSTATUS(status_));
}

bool FrontProcess::answers(nanoseconds limit) const {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return false;
  const Descriptor ours(pair[0]);
  Descriptor theirs(pair[1]);
  if (!hand_over(control_.get(), theirs.get())) return false;
  theirs.reset();
  constexpr std::string_view kQuestion = "show version\n";
  if (send(ours.get(), kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL) < 0) return false;
  char byte = 0;
  return wait_readable(ours.get(), limit) && recv(ours.get(), &byte, 1, MSG_DONTWAIT) == 1;
}

void FrontProcess::leave() const {
  if (!ended_) kill(pid_, SIGUSR1);
}

std::vector<std::string> FrontProcess::take_output() {
  std::array<char, 4096> buffer;
  for (int reads = 0; reads < 16; ++reads) {
    const ssize_t count = read(output_.get(), buffer.data(), buffer.size());
    if (count == 0) output_.reset();  // it has ended: nothing more to wait for
    if (count <= 0) break;
    unread_.append(buffer.data(), static_cast<size_t>(count));
  }
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t end = 0; (end = unread_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    if (lines.size() < kMaxLines) lines.push_back(printable(unread_.substr(begin, end - begin)));
  }
  unread_.erase(0, begin);
  if (unread_.size() > kMaxLineBytes) unread_.clear();
  return lines;
}

}  // namespace farshore
