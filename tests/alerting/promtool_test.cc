// Runs every scenario of tests/alerting/promtool against the committed rules.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/child_process.h"

namespace farshore {
namespace {

std::vector<std::string> scenarios() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(FARSHORE_SOURCE_DIR "/tests/alerting/promtool")) {
    if (entry.path().extension() == ".yml") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class RuleScenario : public testing::TestWithParam<std::string> {};

TEST_P(RuleScenario, DoWhatTheScenarioSays) {
  const std::string file =
      std::string(FARSHORE_SOURCE_DIR) + "/tests/alerting/promtool/" + GetParam() + ".yml";
  const auto result = test::run_command({"promtool", "test", "rules", file}, {}, 60s);
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

INSTANTIATE_TEST_SUITE_P(Promtool, RuleScenario, testing::ValuesIn(scenarios()),
                         [](const auto& each) { return each.param; });

TEST(RuleScenarios, AreFound) { EXPECT_GE(scenarios().size(), 10U); }

}  // namespace
}  // namespace farshore
