// A minimal Debian to install packages in: a chroot on a tmpfs, in a mount and a process namespace of its
// own.
//
// Nothing of it outlives this object, nor the test program when that is killed: with its first process the
// kernel takes down every other one, the mounts and the files. Its network is the host's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/child_process.h"

namespace farshore::test {

// Not thread-safe. Throws when its own preparations fail.
class DebianChroot {
 public:
  // Null when it cannot be made on this machine; `why_not` says why. Takes minutes the first time in a week.
  static std::unique_ptr<DebianChroot> make(std::string& why_not);
  // Boots the systemd that was installed inside, with a network of its own; run() and sh() are inside that
  // from then on. False when this machine has no cgroups to give away; `why_not` says so. At most once.
  bool boot(std::string& why_not);
  // Keeps the downloaded packages for the next one.
  ~DebianChroot();
  DebianChroot(const DebianChroot&) = delete;
  DebianChroot& operator=(const DebianChroot&) = delete;

  // Runs a command inside, as root, in a minimal environment.
  CommandResult run(const std::vector<std::string>& argv, nanoseconds limit = 300s) const;
  // What a shell command prints; throws with its output when it fails.
  std::string sh(const std::string& command) const;
  bool exists(const std::string& path) const;
  void write(const std::string& path, const std::string& text, const std::string& mode = "0644") const;
  // Installs packages, named or as files of the host, with what they depend on. Nothing is started while it
  // does.
  void install(const std::vector<std::string>& packages) const;
  // Copies a file of the host to /tmp inside and returns its path there.
  std::string bring(const std::string& host_file) const;

 private:
  DebianChroot();
  CommandResult run_outside(const std::string& script, const std::vector<std::string>& arguments) const;

  TempDir root_{"farshore-chroot"};
  std::unique_ptr<ChildProcess> holder_;
  std::unique_ptr<ChildProcess> booted_;  // dies before the holder of its files
  std::string cgroup_;                    // of the booted system; empty before
  std::vector<std::string> enter_;        // the command that goes inside
};

}  // namespace farshore::test
