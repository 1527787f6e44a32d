#include "tests/actuator/fence/ssh_host.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace farshore::test {
namespace {

constexpr const char* kRunAs = "postgres";
constexpr const char* kUnit = "postgresql@15-main.service";

const passwd& user() {
  const passwd* found = geteuid() == 0 ? getpwnam(kRunAs) : getpwuid(geteuid());
  if (found == nullptr) throw std::runtime_error("no such user");
  return *found;
}

void must(std::vector<std::string> argv) {
  const CommandResult result = run_command(std::move(argv));
  if (result.exit_code != 0) throw std::runtime_error(result.output);
}

void give_away(const std::string& path) {
  if (chown(path.c_str(), user().pw_uid, user().pw_gid) != 0) throw std::runtime_error("chown " + path);
}

// Keeps the unit's states in a file, which `mask` and `stop` change as systemd does; it knows of a drop-in
// only after daemon-reload.
constexpr const char* kSystemctl = R"sh(#!/bin/bash
cd "$(dirname "$0")"
read -r load active <unit
touch loaded
while [ -e hang.always ]; do sleep 0.05; done
drop_ins() { ls -d "$PWD"/units/*.d/*.conf 2>/dev/null || true; }
case $1 in
  mask)
    if [ -e hang ]; then
      ps -o ppid= "$PPID" >agent.pid
      while [ -e hang ]; do sleep 0.05; done
    fi
    [ ! -e units/by.hand ] || exit 1
    echo "masked $active" >unit ;;
  unmask) [ "$load" != masked ] || echo "loaded $active" >unit ;;
  stop) echo "$load inactive" >unit ;;
  daemon-reload) drop_ins >loaded ;;
  show)
    [ "$2" = --property=LoadState,ActiveState,DropInPaths,NeedDaemonReload ] || exit 1
    if [ "$(drop_ins)" = "$(cat loaded)" ]; then outdated=no; else outdated=yes; fi
    printf '%s\n' "NeedDaemonReload=$outdated" "DropInPaths=$(paste -sd' ' loaded)" \
      "LoadState=$load" "ActiveState=$active" ;;
esac
)sh";

}  // namespace

SshHost::SshHost(const std::string& data_directory, int port)
    : folder_("farshore-ssh"), data_directory_(data_directory), instance_port_(port), port_(free_port()) {
  give_away(folder_.path());
  for (const char* key : {"host.key", "other.key", "client.key"}) {
    must({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder_.file(key)});
    if (key != std::string("client.key")) give_away(folder_.file(key));  // the client is the test itself
  }
  write_agent_configuration();
  write_authorized_keys(agent_command());
  const std::string key = read_file(folder_.file("host.key.pub"));
  write("known_hosts", fmt::format("[127.0.0.1]:{} {}", port_, key));
  write("sshd_config",
        fmt::format(
            "Port {}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nUsePAM no\nAuthorizedKeysFile {}\n"
            "StrictModes no\nPasswordAuthentication no\n",
            port_, folder_.file("host.key"), folder_.file("authorized_keys")));
  sshd_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e", "-f", folder_.file("sshd_config")},
      SpawnOptions{
          .output_file = folder_.file("log"), .environment = {}, .run_as = kRunAs, .death_signal = 9});
  if (!sshd_->wait_for_output("Server listening")) throw std::runtime_error(sshd_->output());
}

void SshHost::write(const std::string& name, const std::string& text, mode_t mode) {
  write_file(folder_.file(name), text, mode);
  give_away(folder_.file(name));
}

std::string SshHost::agent_command() const {
  return fmt::format("{}/examples/fences/ssh/farshore-fence-agent {}", FARSHORE_SOURCE_DIR,
                     folder_.file("agent.conf"));
}

void SshHost::write_agent_configuration() {
  std::string text = fmt::format("# the one instance\ndata_directory={}\nport={}\nfast_seconds=2\n",
                                 data_directory_, instance_port_);
  if (!unit_.empty())
    text += fmt::format("unit={}\nsystemctl={}\nunit_directory={}\n", unit_, folder_.file("systemctl"),
                        folder_.file("units"));
  write("agent.conf", text);
}

void SshHost::write_authorized_keys(const std::string& command) {
  const std::string key = read_file(folder_.file("client.key.pub"));
  write("authorized_keys", fmt::format("restrict,command=\"{}\" {}", command, key));
}

void SshHost::add_unit() {
  unit_ = kUnit;
  write("systemctl", kSystemctl, 0755);
  std::filesystem::create_directory(folder_.file("units"));
  give_away(folder_.file("units"));
  set_unit("loaded", "active");
  write_agent_configuration();
}

void SshHost::write_unit_by_hand() { write("units/by.hand", ""); }

std::string SshHost::drop_in() const {
  return folder_.file(fmt::format("units/{}.d/zz-farshore-fenced.conf", kUnit));
}

void SshHost::set_unit(const std::string& load, const std::string& active) {
  write("unit", load + " " + active + "\n");
}

std::string SshHost::unit_state() const { return read_file(folder_.file("unit")); }

void SshHost::hang_at_mask(bool hang) {
  if (hang)
    write("hang", "");
  else
    unlink(folder_.file("hang").c_str());
}

void SshHost::hang_always() { write("hang.always", ""); }

pid_t SshHost::hanging_agent() const { return std::atoi(read_file(folder_.file("agent.pid")).c_str()); }

FenceConfig SshHost::fence() const {
  FenceConfig config;
  config.server = "shop-us";
  config.timeout = 8s;
  config.provider.kind = "ssh";
  config.provider.text = {{"address", fmt::format("127.0.0.1:{}", port_)},
                          {"user", user().pw_name},
                          {"identity_file", folder_.file("client.key")},
                          {"known_hosts_file", folder_.file("known_hosts")},
                          {"data_directory", data_directory_}};
  if (!unit_.empty()) config.provider.text["unit"] = unit_;
  return config;
}

void SshHost::trust_another_key() {
  write("known_hosts", fmt::format("[127.0.0.1]:{} {}", port_, read_file(folder_.file("other.key.pub"))));
}

void SshHost::refuse_the_key() { write("authorized_keys", read_file(folder_.file("other.key.pub"))); }

void SshHost::run_instead(const std::string& command) { write_authorized_keys(command); }

CommandResult SshHost::unfence() const {
  return run_command({FARSHORE_SOURCE_DIR "/examples/fences/ssh/farshore-fence-agent",
                      folder_.file("agent.conf"), "unfence"},
                     {.output_file = "", .environment = {}, .run_as = kRunAs, .death_signal = 9});
}

CommandResult SshHost::agent(const std::string& verb) const {
  const std::string what = verb == "isolate" ? "6 " + data_directory_ : data_directory_;
  const std::string request =
      fmt::format("{} 0123456789abcdef {} {}", verb, what, unit_.empty() ? "-" : unit_);
  return run_command(
      {FARSHORE_SOURCE_DIR "/examples/fences/ssh/farshore-fence-agent", folder_.file("agent.conf")},
      {.output_file = "",
       .environment = {"SSH_ORIGINAL_COMMAND=" + request},
       .run_as = "",
       .death_signal = 9});
}

}  // namespace farshore::test
