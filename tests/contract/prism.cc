#include "tests/contract/prism.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "tests/contract/cloud.h"

namespace farshore::test {
namespace {

std::string prism_program() {
  return std::string(FARSHORE_SOURCE_DIR) + "/build/prism/node_modules/@stoplight/prism-cli/dist/index.js";
}

// The description with the operations put in that it lacks and that we call:
// tests/contract/<name>_additions.yaml, whose first line that is no comment is the path that they belong to.
std::string completed(const std::string& description, const TempDir& folder) {
  const std::string original = openapi_folder() + "/" + description;
  std::string additions = read_file(std::string(FARSHORE_SOURCE_DIR) + "/tests/contract/" +
                                    description.substr(0, description.find('.')) + "_additions.yaml");
  if (additions.empty()) return original;
  additions.erase(0, additions.find("\n  /") + 1);
  const std::string path_line = additions.substr(0, additions.find('\n') + 1);
  std::string text = read_file(original);
  const size_t at = text.find("\n" + path_line);
  if (at == std::string::npos) throw std::runtime_error(original + " has no " + path_line);
  text.replace(at + 1, path_line.size(), additions);
  write_file(folder.file(description), text);
  return folder.file(description);
}

}  // namespace

std::string openapi_folder() {
  const char* given = std::getenv("FARSHORE_OPENAPI");
  return given != nullptr ? given : std::string(FARSHORE_SOURCE_DIR) + "/../shared/openapi";
}

std::string contract_missing() {
  if (!std::filesystem::exists(openapi_folder() + "/linode.yaml")) {
    return "no API descriptions in " + openapi_folder() + " (FARSHORE_OPENAPI names their folder)";
  }
  if (!std::filesystem::exists(prism_program())) {
    return "no Prism: scripts/install-prism.sh installs it, and needs node, npm and its registry";
  }
  return run_command({"sh", "-c", "command -v node"}).exit_code == 0 ? "" : "node is not there";
}

std::string route53_missing() {
  const std::string model = openapi_folder() + "/route53/2013-04-01/service-2.json";
  if (!std::filesystem::exists(model)) return "no " + model + " (FARSHORE_OPENAPI names its folder)";
  const bool there = run_command({"/usr/bin/python3", "-c", "import botocore"}).exit_code == 0;
  return there ? "" : "python3-botocore is not installed";
}

std::unique_ptr<ChildProcess> start_prism(const std::string& description, const std::string& upstream_url,
                                          const std::string& url, const TempDir& folder) {
  const std::string port = url.substr(url.rfind(':') + 1);
  auto prism = std::make_unique<ChildProcess>(
      std::vector<std::string>{"node", prism_program(), "proxy", "--errors", "--host", "127.0.0.1", "--port",
                               port, completed(description, folder), upstream_url},
      SpawnOptions{.output_file = folder.file("prism.log"), .environment = {}, .run_as = {}});
  if (!prism->wait_for_output("Prism is listening", 60s)) {
    throw std::runtime_error("Prism does not start: " + prism->output());
  }
  return prism;
}

}  // namespace farshore::test
