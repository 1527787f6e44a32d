#include "tests/docs/metrics_reference.h"

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <regex>
#include <set>

#include "tests/support/child_process.h"

namespace farshore {
namespace {

const std::filesystem::path kRoot = FARSHORE_SOURCE_DIR;

// Every farshore_ word of a file, but for labels and what only looks like a metric.
std::set<std::string> metric_words(const std::string& text) {
  static const std::regex word("\\bfarshore_[a-z0-9_]+");
  static const std::set<std::string> others = {"farshore_action", "farshore_monitor", "farshore_actuator"};
  std::set<std::string> found;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), word); it != std::sregex_iterator(); ++it)
    if (!others.contains(it->str())) found.insert(it->str());
  return found;
}

// Recording rules name their results level:metric:operations, which the word above does not match whole.
std::vector<std::filesystem::path> files_that_ask_for_metrics() {
  std::vector<std::filesystem::path> files;
  for (const char* folder : {"alerting", "grafana"}) {
    if (!std::filesystem::exists(kRoot / folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot / folder)) {
      const std::string extension = entry.path().extension();
      if (extension == ".yml" || extension == ".yaml" || extension == ".json") files.push_back(entry.path());
    }
  }
  return files;
}

TEST(MetricsReference, IsWhatTheCodeDeclares) {
  EXPECT_EQ(test::read_file(kRoot / "docs/metrics.md"), metrics_reference())
      << "print it anew: build/dev/tests/docs/metrics_reference > docs/metrics.md";
}

TEST(MetricsReference, NamesEveryMetricOnceAndByTheConventions) {
  std::set<std::string> names;
  for (const Metric& metric : every_metric()) {
    const std::string name = metric.name, help = metric.help;
    EXPECT_TRUE(names.insert(name).second) << name << " is declared twice";
    EXPECT_TRUE(std::regex_match(name, std::regex("(farshore|process)_[a-z0-9_]+"))) << name;
    EXPECT_EQ(name.ends_with("_total"), metric.type == MetricType::Counter) << name;
    EXPECT_FALSE(name.ends_with("_count")) << name << ": reserved for histograms";
    EXPECT_TRUE(help.ends_with('.') && std::isupper(help[0]) + std::isdigit(help[0]) > 0)
        << name << ": " << help;
  }
  EXPECT_GT(names.size(), 30U);
}

TEST(MetricsReference, HasEveryMetricThatRulesAndDashboardsAskFor) {
  std::set<std::string> known;
  for (const Metric& metric : every_metric()) known.insert(metric.name);
  size_t asked = 0;
  for (const auto& path : files_that_ask_for_metrics()) {
    for (const std::string& word : metric_words(test::read_file(path))) {
      EXPECT_TRUE(known.contains(word)) << path << " asks for " << word << ", which nobody exports";
      ++asked;
    }
  }
  EXPECT_GE(asked, 8U);
}

TEST(MetricsReference, FindsANameThatNobodyExports) {
  EXPECT_EQ(metric_words("expr: farshore_pg_upp == 0 and farshore_action"),
            std::set<std::string>{"farshore_pg_upp"});
}

}  // namespace
}  // namespace farshore
