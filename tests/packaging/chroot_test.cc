// The packages in a Debian of their own: installed, upgraded, removed, purged by apt and dpkg.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/packaging/debian_chroot.h"
#include "tests/packaging/packages.h"

namespace farshore {
namespace {

using test::DebianChroot;
using test::kPackages;
using test::output_of;
using test::package_file;
using testing::HasSubstr;
using testing::Not;

// Debian's own switch: asked before anything is started, it writes down what for, and answers "no".
const std::string kPolicy = "#!/bin/sh\necho \"$@\" >>/var/tmp/policy-rc.d.asked\nexit 101\n";
// Stands in for a running systemd's client, which minimal Debian has not; says "yes" to every question.
const std::string kSystemctl = "#!/bin/sh\necho \"$@\" >>/var/tmp/systemctl.asked\nexit 0\n";

const std::string kEveryNameOfOurs =
    "find / -xdev -path /tmp -prune -o -path /proc -prune -o -path /var/cache/apt -prune -o -iname "
    "'*farshore*' -print | sort";

// One Debian for all tests, in which the packages are installed; the last two, which take them away, stay
// last.
class InAChroot : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    debian_ = DebianChroot::make(why_not_);
    if (debian_ == nullptr) return;
    debian_->write("/usr/sbin/policy-rc.d", kPolicy, "0755");
    debian_->install({package_file(kPackages[0]), package_file(kPackages[1]), package_file(kPackages[2])});
  }
  static void TearDownTestSuite() { debian_.reset(); }
  void SetUp() override {
    if (debian_ == nullptr) GTEST_SKIP() << why_not_;
  }

  static std::string status(const std::string& package) {
    return debian_->run({"dpkg-query", "--show", "--showformat", "${db:Status-Abbrev}", package}).output;
  }
  static std::string owner(const std::string& path) { return debian_->sh("stat -c '%U:%G %a' " + path); }
  static std::string asked(const std::string& whom) {
    return debian_->sh("cat /var/tmp/" + whom + ".asked 2>/dev/null || true");
  }

  static void expect_kept() {
    EXPECT_THAT(debian_->sh("cat /etc/default/farshore-exporter"), HasSubstr("--vantage=here"));
    EXPECT_EQ(debian_->sh("cat /var/lib/farshore/journal.sqlite"), "journal");
    EXPECT_EQ(debian_->sh("cat /etc/farshore/farshore.yml"), "mine");
  }

  static std::unique_ptr<DebianChroot> debian_;
  static std::string why_not_;
};

std::unique_ptr<DebianChroot> InAChroot::debian_;
std::string InAChroot::why_not_;

TEST_F(InAChroot, AptInstallsThemWithTheirDependencies) {
  for (const std::string& package : kPackages) EXPECT_EQ(status(package), "ii ") << package;
  EXPECT_EQ(debian_->sh("dpkg --verify farshore-exporter farshore-actuator farshorectl"), "");
  EXPECT_EQ(debian_->sh("dpkg --audit"), "");
}

TEST_F(InAChroot, EachServiceHasItsOwnUserWhoCannotLogIn) {
  EXPECT_THAT(debian_->sh("getent passwd farshore-exporter"), HasSubstr(":/nonexistent:/usr/sbin/nologin"));
  EXPECT_THAT(debian_->sh("getent passwd farshore-actuator"),
              HasSubstr(":/var/lib/farshore:/usr/sbin/nologin"));
  EXPECT_EQ(debian_->sh("id -Gn farshore-exporter"), "farshore-exporter\n");
  EXPECT_LT(std::stoi(debian_->sh("id -u farshore-exporter")), 1000);
}

TEST_F(InAChroot, FilesBelongToWhomTheyShould) {
  EXPECT_EQ(owner("/var/lib/farshore"), "farshore-actuator:farshore-actuator 750\n");
  EXPECT_EQ(owner("/etc/farshore"), "root:root 755\n");
  EXPECT_EQ(owner("/etc/default/farshore-exporter"), "root:root 644\n");
  EXPECT_EQ(
      debian_->sh(
          "find $(dpkg -L farshore-exporter farshore-actuator farshorectl | grep -i farshore) ! -user root"),
      "");
}

TEST_F(InAChroot, UnitsAreEnabledAndNothingWasStarted) {
  for (const std::string service : {"farshore-exporter", "farshore-actuator"}) {
    EXPECT_EQ(debian_->sh("readlink /etc/systemd/system/multi-user.target.wants/" + service + ".service"),
              "/lib/systemd/system/" + service + ".service\n");
  }
  EXPECT_EQ(asked("policy-rc.d"), "");
  EXPECT_THAT(debian_->sh("for p in /proc/[0-9]*; do readlink $p/exe || true; done"),
              Not(HasSubstr("farshore")));
}

TEST_F(InAChroot, ProgramsRunAndTheirExampleIsValid) {
  for (const std::string& package : kPackages) {
    EXPECT_THAT(debian_->sh(package + " --version"), HasSubstr(package + ", version")) << package;
  }
  debian_->sh("farshorectl check-config /usr/share/doc/farshorectl/examples/farshore.yml");
  EXPECT_EQ(debian_->run({"farshorectl", "check-config", "/etc/passwd"}).exit_code, 1);
}

// With a running systemd the scripts ask to start what was installed; policy-rc.d decides.
TEST_F(InAChroot, WithSystemdOnlyWhatPolicyPermitsIsStarted) {
  debian_->write("/usr/bin/systemctl", kSystemctl, "0755");
  debian_->sh("mkdir -p /run/systemd/system; dpkg-reconfigure farshore-exporter");
  EXPECT_THAT(asked("policy-rc.d"), HasSubstr("farshore-exporter.service restart"));
  EXPECT_THAT(asked("systemctl"), HasSubstr("daemon-reload"));
  EXPECT_THAT(asked("systemctl"), Not(HasSubstr("restart")));
  debian_->sh(
      "mv /usr/sbin/policy-rc.d /tmp; dpkg-reconfigure farshore-exporter; mv /tmp/policy-rc.d /usr/sbin");
  EXPECT_THAT(asked("systemctl"), HasSubstr("restart farshore-exporter.service"));
  debian_->sh("rm -r /run/systemd/system /usr/bin/systemctl /var/tmp/*.asked");
}

// The package again, of a later version and with another default of the file that people edit.
std::string upgraded(const test::TempDir& folder, const std::string& package) {
  const std::string tree = folder.file(package);
  output_of({"dpkg-deb", "--raw-extract", package_file(package), tree});
  output_of({"sed", "-i", "s/^Version: .*/Version: 99.0-1/", tree + "/DEBIAN/control"});
  const std::string conffile = tree + "/etc/default/" + package;
  if (std::filesystem::exists(conffile))
    test::write_file(conffile, test::read_file(conffile) + "# of 99.0\n");
  output_of({"dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, folder.path()});
  return folder.file(package + "_99.0-1_" +
                     output_of({"sh", "-c", "printf %s \"$(dpkg --print-architecture)\""}) + ".deb");
}

TEST_F(InAChroot, UpgradeKeepsWhatPeopleWroteAndPurgeLeavesNothingElse) {
  debian_->sh("sed -i 's/^ARGS=.*/ARGS=\"--vantage=here\"/' /etc/default/farshore-exporter");
  debian_->write("/var/lib/farshore/journal.sqlite", "journal");
  debian_->write("/etc/farshore/farshore.yml", "mine");
  debian_->sh(
      "rm /etc/systemd/system/multi-user.target.wants/farshore-actuator.service");  // systemctl disable

  const test::TempDir folder;
  std::vector<std::string> later;
  for (const std::string& package : kPackages) later.push_back(upgraded(folder, package));
  std::string command = "dpkg --force-confdef --force-confold --install";
  for (const std::string& file : later) command += " " + debian_->bring(file);
  debian_->sh(command);
  expect_kept();
  EXPECT_THAT(debian_->sh("dpkg-query -W -f '${Version} ' farshore-exporter farshore-actuator farshorectl"),
              testing::Eq("99.0-1 99.0-1 99.0-1 "));
  EXPECT_THAT(debian_->sh("cat /etc/default/farshore-actuator"),
              HasSubstr("# of 99.0"));  // nobody had edited it
  EXPECT_FALSE(debian_->exists("/etc/systemd/system/multi-user.target.wants/farshore-actuator.service"));

  debian_->sh("dpkg --remove farshore-exporter farshore-actuator farshorectl");
  expect_kept();
  EXPECT_FALSE(debian_->exists("/usr/bin/farshore-exporter"));
  EXPECT_FALSE(debian_->exists("/lib/systemd/system/farshore-exporter.service"));

  debian_->sh("dpkg --purge farshore-exporter farshore-actuator farshorectl");
  // What people put there, and the accounts, whose numbers nobody else shall get.
  EXPECT_EQ(debian_->sh(kEveryNameOfOurs), "/etc/farshore\n/etc/farshore/farshore.yml\n");
  EXPECT_THAT(debian_->sh("getent passwd farshore-actuator"), HasSubstr("nologin"));
  EXPECT_EQ(asked("policy-rc.d"), "");
}

// After a purge everything begins anew, in another order, and twice.
TEST_F(InAChroot, TheyCanBeInstalledAgainAfterAPurge) {
  debian_->sh("dpkg --purge farshorectl farshore-actuator farshore-exporter; rm -rf /etc/farshore");
  debian_->install({package_file("farshorectl"), package_file("farshore-actuator")});
  EXPECT_EQ(owner("/var/lib/farshore"), "farshore-actuator:farshore-actuator 750\n");
  debian_->sh(
      "/var/lib/dpkg/info/farshore-actuator.postinst configure; "
      "/var/lib/dpkg/info/farshore-actuator.postinst configure 0.1.0-1");
  EXPECT_EQ(owner("/var/lib/farshore"), "farshore-actuator:farshore-actuator 750\n");
  debian_->sh("dpkg --purge farshorectl farshore-actuator");
  EXPECT_EQ(debian_->sh(kEveryNameOfOurs), "");
}

}  // namespace
}  // namespace farshore
