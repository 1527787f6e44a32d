// The systemd units, as systemd itself reads them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/packaging/packages.h"

namespace farshore {
namespace {

using test::output_of;
using test::Unpacked;
using testing::HasSubstr;

class Unit : public testing::TestWithParam<std::string> {
 protected:
  std::string text() const { return test::read_file(path()); }
  std::string path() const { return unpacked_.file("/lib/systemd/system/" + GetParam() + ".service"); }
  // The unit with its program where it was unpacked, because systemd-analyze wants to find it.
  std::string verify(const std::string& unit_text) const {
    const test::TempDir folder;
    const std::string here = unpacked_.file("/usr/bin/farshore-");
    const std::string file = folder.file(GetParam() + ".service");
    test::write_file(file, std::regex_replace(unit_text, std::regex("=/usr/bin/farshore-"), "=" + here));
    return test::run_command({"systemd-analyze", "verify", "--man=no", "--recursive-errors=no", file}).output;
  }

  Unpacked unpacked_{GetParam()};
};

TEST_P(Unit, IsWhatSystemdUnderstands) { EXPECT_EQ(verify(text()), ""); }

TEST_P(Unit, WouldNotPassWithAMisspeltSetting) {
  EXPECT_THAT(verify(std::regex_replace(text(), std::regex("ProtectHome="), "ProtectHomes=")),
              HasSubstr("ProtectHomes"));
}

TEST_P(Unit, ExposesAtMostTwoOfTenToItsProgram) {
  const std::string said = test::run_command({"systemd-analyze", "security", "--offline=true", "--no-pager",
                                              "--threshold=20", path()})
                               .output;
  std::smatch exposure;
  ASSERT_TRUE(std::regex_search(said, exposure, std::regex("Overall exposure level for .*: ([0-9.]+)")))
      << said;
  EXPECT_LE(std::stod(exposure[1]), 2.0) << said;
}

TEST_P(Unit, IsSkippedUntilThereIsATopology) {
  EXPECT_THAT(text(), HasSubstr("\nConditionPathExists=/etc/farshore/farshore.yml\n"));
}

// That the programs do so is tested where they are started: boot_test.cc.
TEST_P(Unit, WaitsForReadinessAndWatchesForLife) {
  EXPECT_THAT(text(), HasSubstr("\nType=notify\n"));
  EXPECT_THAT(text(), testing::ContainsRegex("\nWatchdogSec=[0-9]+s\n"));
}

TEST_P(Unit, StartsWhatThePackageHoldsAsItsOwnUserWithFlagsOfEtcDefault) {
  EXPECT_THAT(text(), HasSubstr("\nUser=" + GetParam() + "\n"));
  EXPECT_THAT(text(), HasSubstr("\nEnvironmentFile=-/etc/default/" + GetParam() + "\n"));
  std::smatch start;
  const std::string unit = text();
  ASSERT_TRUE(std::regex_search(unit, start, std::regex("\nExecStart=(\\S+) .*\\$ARGS\n")));
  EXPECT_EQ(start[1], "/usr/bin/" + GetParam());
  EXPECT_TRUE(std::filesystem::exists(unpacked_.file(start[1])));
  EXPECT_TRUE(std::filesystem::exists(unpacked_.file("/etc/default/" + GetParam())));
}

// Flags that the unit gives must be flags of the program: a wrong command line ends with 2, a missing file
// with 1.
TEST_P(Unit, GivesOnlyFlagsThatTheProgramKnows) {
  const std::string unit = text();
  std::smatch start;
  ASSERT_TRUE(std::regex_search(unit, start, std::regex("\nExecStart=\\S+ (.*) \\$ARGS\n")));
  const std::string flags = start[1];
  const std::string help = output_of({unpacked_.file("/usr/bin/" + GetParam()), "--help"});
  const std::regex flag("(--[a-z.-]+)=");
  int seen = 0;
  for (std::sregex_iterator it(flags.begin(), flags.end(), flag), end; it != end; ++it, ++seen) {
    EXPECT_THAT(help, HasSubstr("  " + (*it)[1].str() + " ")) << flags;
  }
  EXPECT_GT(seen, 0);
}

INSTANTIATE_TEST_SUITE_P(Services, Unit, testing::Values("farshore-exporter", "farshore-actuator"),
                         [](const auto& service) {
                           return service.param == "farshore-exporter" ? "Exporter" : "Actuator";
                         });

}  // namespace
}  // namespace farshore
