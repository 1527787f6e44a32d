// A real Alertmanager, alone (no cluster), on a free port of 127.0.0.1; stopped when the object goes.
#pragma once

#include <memory>
#include <string>

#include "tests/support/child_process.h"

namespace farshore::test {

class AlertmanagerServer {
 public:
  // With the text of an alertmanager.yml. Does not wait until it answers.
  explicit AlertmanagerServer(const std::string& configuration, int port = free_port());

  std::string url() const;
  void stop() { process_.reset(); }
  void start();
  // As a machine that loses its power: what it told is forgotten.
  void lose_memory();
  std::string log() const { return read_file(folder_.file("log")); }

 private:
  TempDir folder_;
  const int port_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace farshore::test
