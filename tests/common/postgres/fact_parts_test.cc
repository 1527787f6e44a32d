#include "common/postgres/fact_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "common/postgres/facts_query.h"

namespace farshore {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const std::string kGolden = std::string(FARSHORE_SOURCE_DIR) + "/tests/common/postgres/golden/";
constexpr int kVersions[] = {130000, 140000, 150018, 160004, 170000};

// The committed text is what is sent; when it is not, the new text is put where it can be copied from.
void expect_golden(const std::string& name, const std::string& text) {
  std::ifstream file(kGolden + name);
  std::stringstream committed;
  committed << file.rdbuf();
  if (committed.str() == text + "\n") return;
  const std::string copy = std::string(FARSHORE_BINARY_DIR) + "/golden_" + name;
  std::ofstream(copy) << text << "\n";
  ADD_FAILURE() << name << " is not what is sent; look at the difference, then: cp " << copy << " " << kGolden
                << name;
}

TEST(FactParts, TheFastStatementOfEachVersionIsTheCommittedOne) {
  for (const int version : kVersions)
    expect_golden(fmt::format("fast_{}.sql", version / 10000),
                  facts_query(version, fact_parts(FactTier::kFast, version)).value());
}

TEST(FactParts, TheSlowStatementOfEachVersionIsTheCommittedOne) {
  for (const int version : kVersions)
    expect_golden(fmt::format("slow_{}.sql", version / 10000),
                  parts_query(fact_parts(FactTier::kSlow, version), version));
}

TEST(FactParts, TheSpineIsTheSameForEveryVersionAndTouchesNoDetail) {
  for (const int version : kVersions) expect_golden("spine.sql", facts_query(version).value());
}

TEST(FactParts, ScansOfDirectoriesAndSettingsAreNeverFast) {
  for (const int version : kVersions) {
    const std::string fast = facts_query(version, fact_parts(FactTier::kFast, version)).value();
    for (const char* slow : {"FROM pg_ls_", "pg_settings"}) EXPECT_THAT(fast, Not(HasSubstr(slow)));
  }
}

TEST(FactParts, StatisticsAreSlowWhileTheyComeFromACollectorsFile) {
  for (const FactPart part : {FactPart::kArchiver, FactPart::kConflicts}) {
    EXPECT_THAT(fact_parts(FactTier::kSlow, 140011), Contains(part));
    EXPECT_THAT(fact_parts(FactTier::kFast, 140011), Not(Contains(part)));
    EXPECT_THAT(fact_parts(FactTier::kFast, 150000), Contains(part));
  }
}

TEST(FactParts, ANewerServerIsAskedWhatTheNewestKnownOneIs) {
  EXPECT_EQ(facts_query(180001, fact_parts(FactTier::kFast, 180001)).value(),
            facts_query(170000, fact_parts(FactTier::kFast, 170000)).value());
}

TEST(FactParts, EachIsInOneTierAndHasANameOfItsOwn) {
  for (const int version : kVersions) {
    FactParts all = fact_parts(FactTier::kFast, version);
    for (const FactPart part : fact_parts(FactTier::kSlow, version)) all.push_back(part);
    std::vector<std::string_view> names;
    for (const FactPart part : all) {
      EXPECT_THAT(names, Not(Contains(to_string(part))));
      names.push_back(to_string(part));
    }
    EXPECT_EQ(names.size(), 14U);
  }
}

}  // namespace
}  // namespace farshore
