#include "tests/packaging/debian_chroot.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>

namespace farshore::test {
namespace {

// Outlives build folders, so that only the first run of a week waits for the mirror. Root's alone; see
// debian_base.sh.
const std::string kCache = "/var/tmp/farshore-tests";
const std::string kBase = kCache + "/debian-base.tar";
constexpr int kCannot = 77;

// Makes a world below $1 that systemd boots in as in a container, and becomes it.
const std::string kBoot = R"(
mount -t proc proc "$1/proc"
mount -t sysfs -o ro sysfs "$1/sys"
mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
mount -t tmpfs -o mode=0755 tmpfs "$1/run"
mount -t tmpfs -o mode=0755 tmpfs "$1/dev"
for node in null zero full random urandom tty; do
  touch "$1/dev/$node"
  mount --bind "/dev/$node" "$1/dev/$node"
done
mkdir "$1/dev/shm" "$1/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$1/dev/pts"
ln -s pts/ptmx "$1/dev/ptmx"
ip link set lo up
cd "$1"
mkdir -p old
pivot_root . old
umount -l /old
exec env -i container=farshore-test /lib/systemd/systemd --system
)";

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
  const std::string ns = fmt::format("/proc/{}/ns/", holder_->pid());
  enter_ = {"nsenter",   "--mount=" + ns + "mnt", "--pid=" + ns + "pid_for_children", "--", "chroot",
            root_.path()};
  must(run_outside("cp -n \"$2\"/*.deb \"$1/var/cache/apt/archives/\" 2>/dev/null || true", {kCache}), "cp");
}

DebianChroot::~DebianChroot() {
  run_outside(
      "cp -n \"$1\"/var/cache/apt/archives/*.deb \"$2\" && find \"$2\" -name '*.deb' -mtime +7 -delete",
      {kCache});
  if (booted_ == nullptr) return;
  booted_->stop(SIGKILL);
  // The kernel takes the processes away on its own time, and a cgroup can be removed only without any.
  wait_until(
      [this] { return run_command({"find", cgroup_, "-depth", "-type", "d", "-delete"}).exit_code == 0; });
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
  std::vector<std::string> whole = enter_;
  for (const char* word : {"/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                           "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"}) {
    whole.emplace_back(word);
  }
  whole.insert(whole.end(), argv.begin(), argv.end());
  return run_command(whole, {}, limit);
}

bool DebianChroot::boot(std::string& why_not) {
  // What a killed test left of its cgroup goes with the next one.
  const CommandResult made = run_command(
      {"sh", "-ec",
       "cgroups=$(findmnt --noheadings --first-only --output TARGET --types cgroup2); test -w \"$cgroups\"; "
       "for old in \"$cgroups\"/farshore-test-*; do if grep -qs '^populated 0' \"$old/cgroup.events\"; "
       "then find \"$old\" -depth -type d -delete; fi; done; "
       "mkdir \"$cgroups/$1\"; printf %s \"$cgroups/$1\"",
       "sh", fmt::format("farshore-test-{}", getpid())});
  if (made.exit_code != 0) {
    why_not = "systemd needs a cgroup of its own, which cannot be made here: " + made.output;
    return false;
  }
  cgroup_ = made.output;
  const std::string log = root_.path() + ".log";
  booted_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{
          "nsenter", fmt::format("--mount=/proc/{}/ns/mnt", holder_->pid()), "--", "sh", "-ec",
          "echo $$ >\"$2/cgroup.procs\"; exec unshare --mount --propagation private --pid --fork "
          "--kill-child --cgroup --uts --ipc --net sh -ec \"$3\" sh \"$1\"",
          "sh", root_.path(), cgroup_, kBoot},
      SpawnOptions{.output_file = log, .environment = {}, .run_as = {}});
  std::string first;
  const bool up = wait_until(
      [&] {
        first = read_file(fmt::format("/proc/{0}/task/{0}/children", booted_->pid()));
        if (first.empty()) return false;
        enter_ = {"nsenter",  "--target=" + first.substr(0, first.find(' ')),
                  "--mount",  "--pid",
                  "--cgroup", "--uts",
                  "--ipc",    "--net",
                  "--root",   "--wd",
                  "--"};
        return run({"test", "-S", "/run/systemd/private"}, 10s).exit_code == 0;
      },
      60s);
  const std::string said = booted_->output();
  std::filesystem::remove(log);
  if (!up) throw std::runtime_error("systemd did not come up: " + said);
  run({"systemctl", "is-system-running", "--wait"}, 60s);
  return true;
}

void DebianChroot::install(const std::vector<std::string>& packages) const {
  std::string command =
      "apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 install --yes --no-install-recommends";
  for (const std::string& package : packages) {
    command += " " + (package.starts_with('/') ? bring(package) : package);
  }
  sh(command);
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
