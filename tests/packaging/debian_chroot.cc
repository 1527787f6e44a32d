#include "tests/packaging/debian_chroot.h"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

namespace farshore::test {
namespace {

// Outlives build folders, so that only the first run of a week waits for the mirror. Root's alone; see
// debian_base.sh.
const std::string kCache = "/var/tmp/farshore-tests";
const std::string kBase = kCache + "/debian-base.tar";
constexpr int kCannot = 77;

CommandResult must(CommandResult result, const std::string& what) {
  if (result.exit_code == 0) return result;
  throw std::runtime_error(fmt::format("{} exited with {}: {}", what, result.exit_code, result.output));
}

}  // namespace

std::unique_ptr<DebianChroot> DebianChroot::make(std::string& why_not) {
  const CommandResult base =
      run_command({FARSHORE_SOURCE_DIR "/tests/packaging/debian_base.sh", kBase}, {}, 1200s);
  if (base.exit_code == kCannot) {
    why_not = base.output;
    return nullptr;
  }
  must(base, "debian_base.sh");
  std::unique_ptr<DebianChroot> made(new DebianChroot);
  return made;
}

DebianChroot::DebianChroot() {
  const std::string log = root_.path() + ".log";
  holder_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{"unshare", "--mount", "--propagation", "private", "--pid", "--fork",
                               "--kill-child", "sh", "-ec",
                               "mount -t tmpfs -o mode=0755 tmpfs \"$1\"; tar -xf \"$2\" -C \"$1\"; "
                               "mount -t proc proc \"$1/proc\"; echo unpacked; exec sleep infinity",
                               "sh", root_.path(), kBase},
      SpawnOptions{.output_file = log, .environment = {}, .run_as = {}});
  const bool ready = holder_->wait_for_output("unpacked\n", 120s);
  const std::string said = holder_->output();
  std::filesystem::remove(log);
  if (!ready) throw std::runtime_error("the chroot could not be unpacked: " + said);
  must(run_outside("cp -n \"$2\"/*.deb \"$1/var/cache/apt/archives/\" 2>/dev/null || true", {kCache}), "cp");
}

DebianChroot::~DebianChroot() {
  run_outside(
      "cp -n \"$1\"/var/cache/apt/archives/*.deb \"$2\" && find \"$2\" -name '*.deb' -mtime +7 -delete",
      {kCache});
}

// `script` finds the root of the chroot as $1, then `arguments`.
CommandResult DebianChroot::run_outside(const std::string& script,
                                        const std::vector<std::string>& arguments) const {
  const std::string ns = fmt::format("/proc/{}/ns/", holder_->pid());
  std::vector<std::string> argv = {"nsenter",   "--mount=" + ns + "mnt", "--", "sh", "-c", script, "sh",
                                   root_.path()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run_command(argv, {}, 60s);
}

CommandResult DebianChroot::run(const std::vector<std::string>& argv, nanoseconds limit) const {
  const std::string ns = fmt::format("/proc/{}/ns/", holder_->pid());
  std::vector<std::string> whole = {"nsenter",
                                    "--mount=" + ns + "mnt",
                                    "--pid=" + ns + "pid_for_children",
                                    "--",
                                    "chroot",
                                    root_.path(),
                                    "/usr/bin/env",
                                    "-i",
                                    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                    "HOME=/root",
                                    "LC_ALL=C",
                                    "DEBIAN_FRONTEND=noninteractive"};
  whole.insert(whole.end(), argv.begin(), argv.end());
  return run_command(whole, {}, limit);
}

std::string DebianChroot::sh(const std::string& command) const {
  return must(run({"sh", "-ec", command}), command).output;
}

bool DebianChroot::exists(const std::string& path) const { return run({"test", "-e", path}).exit_code == 0; }

void DebianChroot::write(const std::string& path, const std::string& text, const std::string& mode) const {
  must(run({"sh", "-ec", "mkdir -p \"$(dirname \"$1\")\"; printf %s \"$2\" >\"$1\"; chmod \"$3\" \"$1\"",
            "sh", path, text, mode}),
       "writing " + path);
}

std::string DebianChroot::bring(const std::string& host_file) const {
  must(run_outside("cp \"$2\" \"$1/tmp/\"", {host_file}), "cp " + host_file);
  return "/tmp/" + std::filesystem::path(host_file).filename().string();
}

}  // namespace farshore::test
