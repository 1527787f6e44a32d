// What the packages hold, as Debian's own checkers see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <set>
#include <sstream>

#include "common/base/version.h"
#include "tests/packaging/packages.h"

namespace farshore {
namespace {

using test::kPackages;
using test::output_of;
using test::package_file;
using test::Unpacked;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::string field(const std::string& package, const std::string& name) {
  return output_of({"dpkg-deb", "--field", package_file(package), name});
}

// The files, without folders, of `dpkg-deb --contents`.
std::set<std::string> files_of(const std::string& package) {
  std::istringstream lines(output_of({"dpkg-deb", "--contents", package_file(package)}));
  std::set<std::string> files;
  for (std::string line; std::getline(lines, line);) {
    const std::string path = line.substr(line.rfind(' ') + 2);
    if (!path.ends_with('/')) files.insert(path);
  }
  return files;
}

// What every package has.
std::set<std::string> common_files(const std::string& name, const std::string& section) {
  const std::string doc = "/usr/share/doc/" + name;
  return {"/usr/bin/" + name,
          "/usr/share/man/man" + section + "/" + name + "." + section + ".gz",
          "/usr/share/bash-completion/completions/" + name,
          "/usr/share/lintian/overrides/" + name,
          doc + "/copyright",
          doc + "/changelog.gz",
          doc + "/changelog.Debian.gz",
          doc + "/examples/farshore.yml"};
}

std::set<std::string> operator+(std::set<std::string> left, const std::set<std::string>& right) {
  left.insert(right.begin(), right.end());
  return left;
}

// Where the alerts say that their pages are.
std::set<std::string> runbooks() {
  std::set<std::string> found;
  for (const auto& page : std::filesystem::directory_iterator(FARSHORE_SOURCE_DIR "/alerting/runbooks"))
    found.insert("/usr/share/doc/farshorectl/runbooks/" + page.path().filename().string());
  return found;
}

TEST(Packages, HoldExactlyTheseFiles) {
  EXPECT_EQ(files_of("farshore-exporter"),
            common_files("farshore-exporter", "8") +
                (std::set<std::string>{"/etc/default/farshore-exporter",
                                       "/lib/systemd/system/farshore-exporter.service"}));
  EXPECT_EQ(files_of("farshore-actuator"),
            common_files("farshore-actuator", "8") +
                (std::set<std::string>{"/etc/default/farshore-actuator",
                                       "/lib/systemd/system/farshore-actuator.service",
                                       "/usr/share/doc/farshore-actuator/examples/access.yml"}));
  EXPECT_EQ(files_of("farshorectl"),
            common_files("farshorectl", "1") + runbooks() +
                (std::set<std::string>{"/usr/share/farshore/rules/farshore.yml",
                                       "/usr/share/doc/farshorectl/examples/alertmanager-mutual-tls.yml",
                                       "/usr/share/doc/farshorectl/examples/alertmanager.yml",
                                       "/usr/share/doc/farshorectl/examples/prometheus.yml",
                                       "/usr/share/farshore/grafana/dashboards/farshore-actuator.json",
                                       "/usr/share/farshore/grafana/dashboards/farshore-cluster.json",
                                       "/usr/share/farshore/grafana/dashboards/farshore-exporters.json",
                                       "/usr/share/farshore/grafana/dashboards/farshore-overview.json",
                                       "/usr/share/farshore/grafana/dashboards/farshore-postmortem.json",
                                       "/usr/share/farshore/grafana/dashboards/farshore-vantages.json",
                                       "/usr/share/farshore/grafana/provisioning/dashboards/farshore.yml",
                                       "/usr/share/farshore/grafana/provisioning/datasources/farshore.yml"}));
}

TEST(Packages, SatisfyLintian) {
  std::vector<std::string> argv = {"lintian", "--fail-on", "error,warning", "--allow-root"};
  for (const std::string& package : kPackages) argv.push_back(package_file(package));
  const auto result = test::run_command(argv, {}, 120s);
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST(Packages, CarryTheVersionOfTheProgram) {
  for (const std::string& package : kPackages) {
    EXPECT_THAT(field(package, "Version"), testing::StartsWith(std::string(kVersion) + "-"));
    EXPECT_THAT(output_of({Unpacked(package).file("/usr/bin/" + package), "--version"}),
                HasSubstr(std::string(kVersion)));
  }
}

TEST(Packages, DependOnTheLibrariesOfTheirProgram) {
  for (const std::string& package : kPackages) {
    EXPECT_THAT(field(package, "Depends"), ContainsRegex("libpq5.*libyaml-cpp")) << package;
  }
  EXPECT_THAT(field("farshore-exporter", "Depends"), Not(HasSubstr("libsqlite3")));
}

TEST(Packages, RecommendTheTlsFrontToServices) {
  EXPECT_THAT(field("farshore-exporter", "Recommends"), HasSubstr("haproxy"));
  EXPECT_THAT(field("farshore-actuator", "Recommends"), HasSubstr("haproxy"));
  EXPECT_THAT(field("farshorectl", "Recommends"), Not(HasSubstr("haproxy")));
}

TEST(Packages, KeepWhatPeopleEditAsConffiles) {
  for (const std::string package : {"farshore-exporter", "farshore-actuator"}) {
    EXPECT_EQ(output_of({"dpkg-deb", "--info", package_file(package), "conffiles"}),
              "/etc/default/" + package + "\n");
  }
}

TEST(Packages, HoldStrippedProgramsThatResolveEverythingAtTheStart) {
  for (const std::string& package : kPackages) {
    const Unpacked unpacked(package);
    const std::string program = unpacked.file("/usr/bin/" + package);
    EXPECT_THAT(output_of({"file", "--brief", program}), ContainsRegex("pie executable.*, stripped"));
    EXPECT_THAT(output_of({"readelf", "--wide", "--dynamic", program}), ContainsRegex("FLAGS.*NOW"));
    EXPECT_THAT(output_of({"readelf", "--wide", "--segments", program}), HasSubstr("GNU_RELRO"));
  }
}

TEST(Packages, HoldAnExampleThatIsValid) {
  const Unpacked ctl("farshorectl");
  for (const std::string& package : kPackages) {
    const Unpacked unpacked(package);
    const std::string example = unpacked.file("/usr/share/doc/" + package + "/examples/farshore.yml");
    EXPECT_NO_THROW(output_of({ctl.file("/usr/bin/farshorectl"), "check-config", example})) << package;
  }
}

// The other way round than usual: a shell that stops at an error, and no bashism.
TEST(Packages, HaveMaintainerScriptsThatStopAtAnError) {
  for (const std::string package : {"farshore-exporter", "farshore-actuator"}) {
    for (const std::string script : {"postinst", "prerm", "postrm"}) {
      const std::string text = output_of({"dpkg-deb", "--info", package_file(package), script});
      EXPECT_THAT(text, HasSubstr("\nset -e\n")) << package << " " << script;
      EXPECT_THAT(text, Not(HasSubstr("@"))) << package << " " << script;
      const test::TempDir folder;
      test::write_file(folder.file(script), text);
      EXPECT_NO_THROW(output_of({"dash", "-n", folder.file(script)}));
    }
  }
}

}  // namespace
}  // namespace farshore
