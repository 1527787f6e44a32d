// Every metric that a rule asks for is one that a program of ours emits: a renamed metric would make an
// alert that can never fire.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace farshore {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), regex); it != std::sregex_iterator(); ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

TEST(MetricNames, OfTheRulesAreEmittedByExporterOrActuator) {
  const std::filesystem::path root = FARSHORE_SOURCE_DIR;
  std::set<std::string> emitted;
  for (const char* folder : {"exporter/collectors", "actuator/api"}) {
    for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
      if (entry.path().extension() == ".cc")
        emitted.merge(matches(text_of(entry.path()), "\"(farshore_[a-z_]+)\""));
    }
  }
  std::set<std::string> asked =
      matches(text_of(root / "alerting/rules/farshore.yml"), "\\b(farshore_[a-z_]+)\\b");
  asked.erase("farshore_action");  // a label
  EXPECT_GE(asked.size(), 8U);
  for (const std::string& name : asked) EXPECT_TRUE(emitted.contains(name)) << name;
}

}  // namespace
}  // namespace farshore
