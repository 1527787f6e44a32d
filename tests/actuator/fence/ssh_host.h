// A host as the ssh fence finds it: a real sshd on loopback, with a host key of its own, that lets one key in
// and runs the fence agent for it. As root it runs as user postgres, like the servers of PostgresFixture.
#pragma once

#include <memory>
#include <string>

#include "common/topology/topology.h"
#include "tests/support/child_process.h"

namespace farshore::test {

class SshHost {
 public:
  // For the instance in `data_directory` that listens on `port`.
  SshHost(const std::string& data_directory, int port);

  // Installs a stand-in for systemctl; the state of its unit is "<LoadState> <ActiveState>".
  void add_unit();
  // The unit's file is where `mask` would put its link: it fails, as systemd's does.
  void write_unit_by_hand();
  std::string drop_in() const;  // in its place
  void set_unit(const std::string& load, const std::string& active);
  std::string unit_state() const;
  // mask hangs while it is set; writes the agent's pid to hanging_agent().
  void hang_at_mask(bool hang);
  pid_t hanging_agent() const;
  void hang_always();  // whatever is asked of systemctl

  FenceConfig fence() const;  // fits this host
  void trust_another_key();   // the known_hosts file names another host key
  void refuse_the_key();
  void run_instead(const std::string& command);  // of the agent
  CommandResult unfence() const;
  // The agent as the user of this test, not over ssh: of root it can do more.
  CommandResult agent(const std::string& verb) const;

  ChildProcess& sshd() { return *sshd_; }
  int port() const { return port_; }

 private:
  void write_agent_configuration();
  void write_authorized_keys(const std::string& command);
  void write(const std::string& name, const std::string& text, mode_t mode = 0644);
  std::string agent_command() const;

  TempDir folder_;
  const std::string data_directory_;
  const int instance_port_, port_;
  std::string unit_;
  std::unique_ptr<ChildProcess> sshd_;
};

}  // namespace farshore::test
