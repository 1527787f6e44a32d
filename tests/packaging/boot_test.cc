// The services of the packages under a real systemd, in the sandbox that their units ask for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "tests/packaging/debian_chroot.h"
#include "tests/packaging/packages.h"

namespace farshore {
namespace {

using test::DebianChroot;
using test::output_of;
using test::package_file;
using test::wait_until;
using testing::HasSubstr;

const std::string kExporter = "farshore-exporter.service";
const std::string kActuator = "farshore-actuator.service";
const std::string kDropIns = "/run/systemd/system/";

// One booted Debian for all tests. What a test sets up it takes away again.
class Booted : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    debian_ = DebianChroot::make(why_not_);
    if (debian_ == nullptr) return;
    debian_->write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", "0755");
    debian_->install({"systemd", "haproxy", "openssh-client", "curl", package_file("farshore-exporter"),
                      package_file("farshore-actuator"), package_file("farshorectl")});
    if (!debian_->boot(why_not_)) debian_.reset();
  }
  static void TearDownTestSuite() { debian_.reset(); }
  void SetUp() override {
    if (debian_ == nullptr) GTEST_SKIP() << why_not_;
  }
  void TearDown() override {
    if (debian_ == nullptr) return;
    debian_->sh(
        "systemctl stop farshore-exporter farshore-actuator; systemctl reset-failed; rm -rf "
        "/etc/farshore/* " +
        kDropIns +
        "farshore-*; sed -i 's/^ARGS=.*/ARGS=\"\"/' /etc/default/farshore-*; systemctl daemon-reload");
  }

  static void configure() {
    debian_->sh(
        "cp /usr/share/doc/farshorectl/examples/farshore.yml "
        "/usr/share/doc/farshore-actuator/examples/access.yml /etc/farshore; "
        "for name in alertmanager.token anna.token powerdns.key; do head -c 32 /dev/urandom | base64 "
        ">/etc/farshore/$name; "
        "chown root:farshore-actuator /etc/farshore/$name; chmod 0640 /etc/farshore/$name; done; "
        "sed -i 's/^ARGS=.*/ARGS=\"--vantage=us-east\"/' /etc/default/farshore-exporter");
  }
  // Runs something else in the sandbox of a unit, beside or instead of its program.
  static void override_unit(const std::string& unit, const std::string& text) {
    debian_->write(kDropIns + unit + ".d/test.conf", "[Service]\n" + text);
    debian_->sh("systemctl daemon-reload");
  }
  static std::string show(const std::string& unit, const std::string& property) {
    std::string value = debian_->sh("systemctl show --value --property=" + property + " " + unit);
    value.pop_back();
    return value;
  }
  static bool answers(const std::string& url, const std::string& code = "200") {
    return wait_until([&] {
      return debian_->run({"curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "5", url})
                 .output == code;
    });
  }
  static std::string log_of(const std::string& unit) {
    return debian_->sh("journalctl --sync; journalctl --no-pager --unit=" + unit);
  }

  static std::unique_ptr<DebianChroot> debian_;
  static std::string why_not_;
};

std::unique_ptr<DebianChroot> Booted::debian_;
std::string Booted::why_not_;

TEST_F(Booted, ServicesWithoutAConfigurationAreSkippedAndHaveNotFailed) {
  debian_->sh("systemctl start farshore-exporter farshore-actuator");
  for (const std::string& unit : {kExporter, kActuator}) {
    EXPECT_EQ(show(unit, "ActiveState"), "inactive");
    EXPECT_EQ(show(unit, "ConditionResult"), "no");
  }
}

TEST_F(Booted, TheExporterServesMetricsReloadsAndStops) {
  configure();
  debian_->sh("systemctl start farshore-exporter");
  ASSERT_TRUE(answers("http://127.0.0.1:10187/-/healthy")) << log_of(kExporter);
  const std::string metrics = debian_->sh("curl -sS http://127.0.0.1:10187/metrics");
  EXPECT_THAT(metrics, HasSubstr("\nfarshore_vantages_expected"));
  EXPECT_THAT(metrics, HasSubstr("\nprocess_start_time_seconds "));
  const std::string pid = show(kExporter, "MainPID");
  EXPECT_EQ(debian_->sh("stat -c %U /proc/" + pid), "farshore-exporter\n");
  debian_->sh("systemctl reload farshore-exporter");
  EXPECT_TRUE(answers("http://127.0.0.1:10187/-/healthy"));
  EXPECT_EQ(show(kExporter, "MainPID"), pid);
  debian_->sh("systemctl stop farshore-exporter");
  EXPECT_EQ(show(kExporter, "ActiveState"), "inactive");
  EXPECT_EQ(show(kExporter, "Result"), "success");
}

TEST_F(Booted, AServiceThatIsKilledIsStartedAgain) {
  configure();
  override_unit(kExporter, "RestartSec=100ms\n");
  debian_->sh("systemctl start farshore-exporter; systemctl kill --signal=KILL farshore-exporter");
  EXPECT_TRUE(wait_until(
      [] { return show(kExporter, "NRestarts") == "1" && show(kExporter, "ActiveState") == "active"; }));
}

TEST_F(Booted, AnExporterWithoutAVantageSaysSoAndIsNotStartedAgain) {
  configure();
  debian_->sh(
      "sed -i 's/^ARGS=.*/ARGS=\"\"/' /etc/default/farshore-exporter; systemctl start farshore-exporter || "
      "true");
  EXPECT_TRUE(wait_until([] { return show(kExporter, "ActiveState") == "failed"; }));
  EXPECT_EQ(show(kExporter, "ExecMainStatus"), "2");
  EXPECT_EQ(show(kExporter, "NRestarts"), "0");
  EXPECT_THAT(log_of(kExporter), HasSubstr("--vantage is required"));
}

TEST_F(Booted, AServiceThatHangsIsKilledByTheWatchdogAndStartedAgain) {
  configure();
  override_unit(kExporter, "WatchdogSec=5s\nRestartSec=100ms\n");
  debian_->sh("systemctl start farshore-exporter; systemctl kill --signal=STOP farshore-exporter");
  EXPECT_TRUE(wait_until([] { return show(kExporter, "NRestarts") != "0"; }, 60s));
  EXPECT_THAT(log_of(kExporter), HasSubstr("Watchdog timeout"));
}

// The front is HAProxy, a child of the program: it lives in the same sandbox.
TEST_F(Booted, BothServeTlsInTheirSandboxes) {
  configure();
  const test::TempDir folder;
  output_of({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-subj", "/CN=localhost", "-days", "2", "-keyout", folder.file("tls.key"), "-out",
             folder.file("tls.crt")});
  debian_->write("/etc/farshore/web.yml",
                 "tls_server_config: {cert_file: /etc/farshore/tls.crt, key_file: /etc/farshore/tls.key}\n");
  debian_->write("/etc/farshore/tls.crt", test::read_file(folder.file("tls.crt")));
  debian_->write("/etc/farshore/tls.key", test::read_file(folder.file("tls.key")), "0640");
  debian_->sh("sed -i 's/^ARGS=\"/&--web.config.file=\\/etc\\/farshore\\/web.yml /' /etc/default/farshore-*");
  for (const auto& [unit, user, port] : {std::tuple{kExporter, "farshore-exporter", "10187"},
                                         std::tuple{kActuator, "farshore-actuator", "10188"}}) {
    debian_->sh("chown root:" + std::string(user) + " /etc/farshore/tls.key; systemctl start " + unit);
    EXPECT_TRUE(answers("https://127.0.0.1:" + std::string(port) + "/-/healthy")) << log_of(unit);
    debian_->sh("systemctl reload " + unit);
    EXPECT_TRUE(answers("https://127.0.0.1:" + std::string(port) + "/-/healthy")) << log_of(unit);
    debian_->sh("systemctl stop " + unit);
    EXPECT_EQ(show(unit, "Result"), "success");
  }
}

TEST_F(Booted, TheActuatorKeepsItsJournalAsItsOwnUser) {
  configure();
  debian_->sh("systemctl start farshore-actuator");
  ASSERT_TRUE(answers("http://127.0.0.1:10188/-/healthy")) << log_of(kActuator);
  EXPECT_EQ(debian_->sh("stat -c '%U %a' /var/lib/farshore /var/lib/farshore/journal.sqlite"),
            "farshore-actuator 750\nfarshore-actuator 600\n");
}

// What a fence or a hook may need, in the sandbox in which the actuator runs it.
TEST_F(Booted, CommandsOfTheUserWorkInTheActuatorsSandboxAndReachNothingElse) {
  configure();
  debian_->write(
      "/usr/local/bin/hook",
      "#!/bin/bash\nset -eux\nssh -V\nmkdir -p ~/.ssh\nssh-keygen -q -t ed25519 -N '' -f ~/.ssh/test-$$\n"
      "rm ~/.ssh/test-$$*\nperl -e 'print 1'\ncurl -sS http://127.0.0.1:10187/-/healthy\n"
      "nice -n 5 true\nulimit -n 100\nmktemp\ncat /etc/farshore/powerdns.key\n"
      "! touch /etc/x\n! touch /usr/x\n! ls /root\n! cat /etc/shadow\n! mount -t tmpfs tmpfs /mnt\n! su -c "
      "true\n",
      "0755");
  override_unit(kActuator,
                "Type=oneshot\nWatchdogSec=0\nRestart=no\nExecStart=\nExecStart=/usr/local/bin/hook\n");
  debian_->sh("systemctl start farshore-exporter");
  ASSERT_TRUE(answers("http://127.0.0.1:10187/-/healthy"));
  EXPECT_EQ(debian_->run({"systemctl", "start", "farshore-actuator"}).exit_code, 0) << log_of(kActuator);
}

}  // namespace
}  // namespace farshore
