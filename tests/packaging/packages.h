// The packages that the test PackagesAreMade left, and the commands that look at them.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/child_process.h"

namespace farshore::test {

inline const std::vector<std::string> kPackages = {"farshore-exporter", "farshore-actuator", "farshorectl"};

// The .deb of a package. Throws when there is not exactly one.
inline std::string package_file(const std::string& name) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(FARSHORE_PACKAGES)) {
    const std::string file = entry.path().filename();
    if (file.starts_with(name + "_") && file.ends_with(".deb")) found.push_back(entry.path());
  }
  if (found.size() != 1) throw std::runtime_error("not one package " + name + " in " FARSHORE_PACKAGES);
  return found.front();
}

// What a command prints. Throws when it fails.
inline std::string output_of(const std::vector<std::string>& argv) {
  const CommandResult result = run_command(argv, {}, 120s);
  if (result.exit_code != 0) {
    throw std::runtime_error(argv.front() + " exited with " + std::to_string(result.exit_code) + ": " +
                             result.output);
  }
  return result.output;
}

// A package's files below a folder of its own.
class Unpacked {
 public:
  explicit Unpacked(const std::string& package) {
    output_of({"dpkg-deb", "--extract", package_file(package), folder_.path()});
  }
  std::string file(const std::string& absolute) const { return folder_.path() + absolute; }

 private:
  TempDir folder_{"farshore-unpacked"};
};

}  // namespace farshore::test
