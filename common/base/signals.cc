#include "common/base/signals.h"

#include <pthread.h>
#include <time.h>

#include <cerrno>

namespace farshore {
namespace {

sigset_t program_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

}  // namespace

void block_program_signals() {
  const sigset_t set = program_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int wait_for_signal() {
  const sigset_t set = program_signals();
  for (;;) {
    const int number = sigwaitinfo(&set, nullptr);
    if (number > 0) return number;
  }
}

std::optional<int> wait_for_signal(milliseconds limit) {
  const sigset_t set = program_signals();
  const auto whole = std::chrono::floor<seconds>(limit);
  const timespec wait{.tv_sec = whole.count(), .tv_nsec = nanoseconds(limit - whole).count()};
  const int number = sigtimedwait(&set, nullptr, &wait);
  if (number > 0) return number;
  return std::nullopt;  // EAGAIN: nothing came; EINTR: a debugger stopped us, which the caller's loop absorbs
}

}  // namespace farshore
