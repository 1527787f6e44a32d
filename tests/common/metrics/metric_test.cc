#include "common/metrics/metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace farshore {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Metric kLag{"farshore_lag_bytes", MetricType::Gauge, "cluster server", "a | b", "How far behind."};
constexpr Metric kRuns{"farshore_runs_total", MetricType::Counter, "", "", "Runs that ended."};

TEST(FamilyBuilder, GivesAFamilyOnlyWhenThereIsASample) {
  MetricFamilies families;
  FamilyBuilder(kLag).append_to(families);
  EXPECT_THAT(families, IsEmpty());
  FamilyBuilder(kRuns).add(3).append_to(families);
  FamilyBuilder(kLag).add(7, {{"cluster", "shop"}, {"server", "a"}}).append_to(families);
  EXPECT_EQ(render_families(families),
            "# HELP farshore_runs_total Runs that ended.\n# TYPE farshore_runs_total counter\n"
            "farshore_runs_total 3\n"
            "# HELP farshore_lag_bytes How far behind.\n# TYPE farshore_lag_bytes gauge\n"
            "farshore_lag_bytes{cluster=\"shop\",server=\"a\"} 7\n");
}

TEST(MetricUnit, IsWhatTheSuffixSays) {
  const auto unit = [](const char* name) {
    return unit_of(Metric{.name = name, .type = MetricType::Gauge, .labels = "", .source = "", .help = ""});
  };
  EXPECT_EQ(unit("x_lag_bytes"), "bytes");
  EXPECT_EQ(unit("x_age_seconds"), "seconds");
  EXPECT_EQ(unit("process_cpu_seconds_total"), "seconds");
  EXPECT_EQ(unit("x_success_timestamp_seconds"), "unix seconds");
  EXPECT_EQ(unit("process_start_time_seconds"), "unix seconds");
  EXPECT_EQ(unit("x_system_info"), "info");
  EXPECT_EQ(unit("x_up"), "");
}

TEST(MetricReference, IsATableOrderedByNameThatNoCellBreaks) {
  std::ostringstream out;
  const Metric metrics[] = {kRuns, kLag};
  print_reference(out, metrics);
  EXPECT_EQ(out.str(),
            "| metric | type | unit | labels | source | meaning |\n|---|---|---|---|---|---|\n"
            "| `farshore_lag_bytes` | gauge | bytes | cluster server | a \\| b | How far behind. |\n"
            "| `farshore_runs_total` | counter |  |  |  | Runs that ended. |\n");
}

TEST(FindUndeclared, NamesWhatAFamilyBreaks) {
  const Metric known[] = {kLag};
  MetricFamilies families;
  FamilyBuilder(kLag).add(1, {{"cluster", "shop"}, {"server", "a"}}).append_to(families);
  EXPECT_THAT(find_undeclared(families, known), IsEmpty());
  FamilyBuilder(kRuns).add(1).append_to(families);
  FamilyBuilder(kLag).add(1, {{"server", "a"}}).append_to(families);
  EXPECT_THAT(find_undeclared(families, known),
              ElementsAre("farshore_runs_total is declared nowhere",
                          "farshore_lag_bytes has labels 'server', declared 'cluster server'"));
  constexpr Metric kOther{"farshore_lag_bytes", MetricType::Gauge, "cluster server", "", "Something else."};
  MetricFamilies other;
  FamilyBuilder(kOther).add(1, {{"cluster", "shop"}, {"server", "a"}}).append_to(other);
  EXPECT_THAT(find_undeclared(other, known),
              ElementsAre("farshore_lag_bytes has another type or help than declared"));
}

}  // namespace
}  // namespace farshore
