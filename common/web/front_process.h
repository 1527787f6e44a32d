// One HAProxy process: started with the descriptors it is to inherit, asked whether it lives, told to leave.
//
// It dies with the thread that started it (PR_SET_PDEATHSIG is per thread), whatever kills the program: start
// it from a thread that lives as long as the front. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/descriptor.h"
#include "common/base/result.h"

namespace farshore {

// Where the process finds what it inherits.
inline constexpr int kConfigSlot = 3;
inline constexpr int kCertificateSlot = 4;
inline constexpr int kClientCaSlot = 5;
inline constexpr int kControlSlot = 6;
inline constexpr int kFirstListenerSlot = 7;

// Borrowed; must stay open until start() or check() returned. -1 where there is nothing.
struct FrontDescriptors {
  int config = -1;
  int certificate = -1;
  int client_ca = -1;
  std::vector<int> listeners;
};

class FrontProcess {
 public:
  // Lets HAProxy read the configuration without serving it. kInvalidArgument with its words when it does not
  // like it; kUnavailable when it cannot be run or takes longer than 10 s.
  static Status check(const std::string& program, const FrontDescriptors& descriptors);

  static Result<std::unique_ptr<FrontProcess>> start(const std::string& program,
                                                     const FrontDescriptors& descriptors);
  ~FrontProcess();  // SIGKILL, and waits for its end
  FrontProcess(const FrontProcess&) = delete;
  FrontProcess& operator=(const FrontProcess&) = delete;

  pid_t pid() const { return pid_; }
  int pid_descriptor() const { return pid_descriptor_.get(); }  // readable when it has ended
  int output_descriptor() const { return output_.get(); }

  bool ended();
  // Asks it over a socket pair that nobody else can reach. False when no answer came within the limit.
  bool answers(nanoseconds limit) const;
  // Finishes what is under way and takes nothing new; HAProxy itself ends that after hard-stop-after.
  void leave() const;
  // Whole lines that it printed since the last call, at most 20; the rest is dropped.
  std::vector<std::string> take_output();
  // "exit 1", "signal 9"; empty while it runs.
  std::string end() const;

 private:
  FrontProcess() = default;
  Status spawn(const std::string& program, const FrontDescriptors& descriptors, bool only_check);

  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
  Descriptor pid_descriptor_;
  Descriptor control_;
  Descriptor output_;
  std::string unread_;
};

}  // namespace farshore
