#include "tests/support/alertmanager_server.h"

#include <fmt/format.h>

namespace farshore::test {

AlertmanagerServer::AlertmanagerServer(const std::string& configuration, int port)
    : folder_("farshore-alertmanager"), port_(port) {
  write_file(folder_.file("alertmanager.yml"), configuration);
  start();
}

std::string AlertmanagerServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

void AlertmanagerServer::start() {
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{"prometheus-alertmanager", "--config.file=" + folder_.file("alertmanager.yml"),
                               "--storage.path=" + folder_.file("data"),
                               fmt::format("--web.listen-address=127.0.0.1:{}", port_),
                               "--cluster.listen-address="},
      SpawnOptions{.output_file = folder_.file("log"), .environment = {}, .run_as = ""});
}

void AlertmanagerServer::lose_memory() {
  process_->stop(9);
  start();
}

}  // namespace farshore::test
