// Wakes a loop out of poll(): poll fd() for POLLIN, raise() from any thread, clear() in the loop.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

namespace farshore {

class WakeUp {
 public:
  WakeUp() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~WakeUp() { close(fd_); }
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;
  int fd() const { return fd_; }
  void raise() const { eventfd_write(fd_, 1); }
  void clear() const {
    eventfd_t ignored = 0;
    eventfd_read(fd_, &ignored);
  }

 private:
  int fd_;
};

}  // namespace farshore
