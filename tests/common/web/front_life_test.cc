// The life of the front: started, replaced, killed, frozen, missing.
#include <fstream>
#include <set>
#include <thread>

#include "common/http/client.h"
#include "tests/common/web/front_world.h"

namespace farshore {
namespace {

using test::FrontTest;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class FrontLife : public FrontTest {
 protected:
  // The front's processes: children of this one that run haproxy.
  static std::set<pid_t> fronts() {
    std::istringstream found(
        test::run_command({"pgrep", "-x", "-P", std::to_string(getpid()), "haproxy"}).output);
    std::set<pid_t> pids;
    for (pid_t pid = 0; found >> pid;) pids.insert(pid);
    return pids;
  }
  // The serial number of the certificate that is served now; empty when there is no answer.
  std::string served() const {
    const auto shown = test::run_command(
        {"sh", "-c",
         fmt::format(
             "openssl s_client -connect 127.0.0.1:{} </dev/null 2>/dev/null | openssl x509 -noout -serial",
             server_->port())});
    return shown.output.starts_with("serial=") ? shown.output : "";
  }
  std::string serial_of(const std::string& certificate) const {
    return test::run_command({"openssl", "x509", "-noout", "-serial", "-in", certificate}).output;
  }
};

TEST_F(FrontLife, ServesANewCertificateAfterAReloadAndEndsTheOldProcess) {
  start(write_config());
  const std::string old = served();
  EXPECT_EQ(old, serial_of(certificate_.certificate));
  const std::set<pid_t> before = fronts();
  ASSERT_THAT(before, SizeIs(1));
  ca_.issue("server");  // the same files, anew
  const auto reloaded = server_->reload();
  ASSERT_TRUE(reloaded.has_value()) << reloaded.error().message;
  EXPECT_TRUE(test::wait_until([&] { return served() == serial_of(certificate_.certificate); }));
  EXPECT_NE(served(), old);
  EXPECT_TRUE(test::wait_until([&] { return fronts().size() == 1 && fronts() != before; }));
}

TEST_F(FrontLife, KeepsTheOldCertificateWhenTheNewOneIsBad) {
  start(write_config());
  const std::string old = served();
  const test::Issued other = ca_.issue("other");
  test::write_file(certificate_.key, test::read_file(other.key));
  const auto bad = server_->reload();
  ASSERT_FALSE(bad.has_value());
  EXPECT_THAT(bad.error().message, HasSubstr("server.key is not that of the certificate"));
  EXPECT_EQ(served(), old);
  test::write_file(config_file(), "tls_server_config: [\n");
  EXPECT_FALSE(server_->reload().has_value());
  test::write_file(config_file(), "");
  const auto off = server_->reload();
  ASSERT_FALSE(off.has_value());
  EXPECT_THAT(off.error().message, HasSubstr("by a restart only"));
  EXPECT_EQ(served(), old);
  EXPECT_THAT(fronts(), SizeIs(1));
}

TEST_F(FrontLife, RefusesNoConnectionWhileItIsReplaced) {
  start(write_config());
  std::atomic<bool> stop = false;
  std::atomic<int> asked = 0;
  std::string failure;
  std::thread client([&] {
    while (!stop) {
      const auto answer = curl();
      ++asked;
      if (answer.exit_code != 0 && failure.empty()) failure = answer.output;
    }
  });
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(server_->reload().has_value());
    const int seen = asked;
    EXPECT_TRUE(test::wait_until([&] { return asked > seen + 1; }));
  }
  stop = true;
  client.join();
  EXPECT_EQ(failure, "");
}

TEST_F(FrontLife, IsStartedAgainWhenItIsKilled) {
  start(write_config());
  for (int i = 0; i < 2; ++i) {
    const std::set<pid_t> before = fronts();
    ASSERT_THAT(before, SizeIs(1));
    kill(*before.begin(), SIGKILL);
    EXPECT_TRUE(test::wait_until([&] { return fronts().size() == 1 && fronts() != before; }));
    EXPECT_EQ(curl().exit_code, 0);
  }
}

TEST_F(FrontLife, IsEndedAndStartedAgainWhenItStandsStill) {
  start(write_config());
  const std::set<pid_t> before = fronts();
  ASSERT_THAT(before, SizeIs(1));
  kill(*before.begin(), SIGSTOP);
  EXPECT_TRUE(test::wait_until([&] { return fronts().size() == 1 && fronts() != before; }, 60s));
  EXPECT_EQ(curl().exit_code, 0);
}

TEST_F(FrontLife, EndsWithTheServer) {
  start(write_config());
  EXPECT_THAT(fronts(), SizeIs(1));
  server_.reset();
  EXPECT_THAT(fronts(), IsEmpty());
}

TEST_F(FrontLife, EndsWhileAHandlerReloadsIt) {
  std::atomic<WebServer*> web = nullptr;
  std::atomic<int> reloads = 0;
  std::string last;
  on_request_ = [&] {
    Status done = web.load()->reload();
    for (; done; done = web.load()->reload()) ++reloads;
    last = done.error().message;
  };
  start(write_config());
  web = server_.get();
  std::thread asks([url = fmt::format("https://127.0.0.1:{}/", server_->port())] {
    (void)test::run_command({"curl", "-sSk", "--max-time", "60", url});
  });
  EXPECT_TRUE(test::wait_until([&] { return reloads > 0; }, 60s));
  server_.reset();
  asks.join();
  EXPECT_EQ(last, "the server ends");
  EXPECT_THAT(fronts(), IsEmpty());
}

TEST_F(FrontLife, SaysWhatToInstallWhenItIsMissing) {
  const auto missing = try_start(write_config(), {"127.0.0.1:0"}, "/nonexistent/haproxy");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("--web.haproxy=/nonexistent/haproxy"));
}

TEST_F(FrontLife, IsAnErrorAtTheStartWhenItsProgramCannotServe) {
  const auto broken = try_start(write_config(), {"127.0.0.1:0"}, "/bin/false");
  ASSERT_FALSE(broken.has_value());
  EXPECT_THAT(broken.error().message, HasSubstr("exit 1"));
  const auto silent = try_start(write_config(), {"127.0.0.1:0"}, "/bin/true");
  ASSERT_FALSE(silent.has_value());
  EXPECT_THAT(silent.error().message, HasSubstr("ended at once"));
}

TEST_F(FrontLife, SaysWhichAddressIsTaken) {
  start(write_config());
  const auto second = try_start(write_config(), {fmt::format("127.0.0.1:{}", server_->port())});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message,
              HasSubstr(fmt::format("127.0.0.1:{}: Address already in use", server_->port())));
}

TEST_F(FrontLife, ShowsNoSecretToOtherUsersOfTheHost) {
  start(write_config());
  const std::set<pid_t> pids = fronts();
  ASSERT_THAT(pids, SizeIs(1));
  const std::string proc = fmt::format("/proc/{}/", *pids.begin());
  std::string command = test::read_file(proc + "cmdline");
  std::ranges::replace(command, '\0', ' ');
  EXPECT_THAT(command, HasSubstr("-db -f /proc/self/fd/3"));
  const std::string config = test::read_file(proc + "fd/3");  // we may: it is our child
  const std::string key = "set-header x-farshore-front ";
  ASSERT_THAT(config, HasSubstr(key));
  const std::string secret = config.substr(config.find(key) + key.size(), 64);
  EXPECT_THAT(secret, testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_THAT(command + test::read_file(proc + "environ"), Not(HasSubstr(secret)));
  const auto mode = test::run_command({"stat", "-L", "-c", "%a", proc + "fd/3", proc + "fd/4"});
  EXPECT_EQ(mode.output, "400\n400\n");
}

}  // namespace
}  // namespace farshore
