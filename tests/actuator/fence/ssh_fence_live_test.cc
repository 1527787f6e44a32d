// The ssh fence against a real sshd, the agent of the example and a real PostgreSQL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "actuator/fence/registry.h"
#include "tests/actuator/fence/ssh_host.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/support/postgres_server.h"

namespace farshore::test {
namespace {

using ::testing::HasSubstr;

class SshFenceLive : public ::testing::Test {
 protected:
  void SetUp() override {
    host_ = std::make_unique<SshHost>(server_->data_dir(), server_->port());
    fence_ = make();
  }
  std::unique_ptr<Fence> make(nanoseconds timeout = 8s) {
    FenceConfig config = host_->fence();
    config.timeout = timeout;
    return make_fence(config, {http_, *commands_, system_clock()}).value();
  }
  static BootTime soon() { return system_clock().boot_now() + 20s; }
  // A machine that is busy with other tests may take longer than a proof may.
  FenceProof proof() {
    FenceProof seen;
    (void)wait_until(
        [&] {
          seen = fence_->proof(soon());
          return seen.evidence.find("did not answer within") == std::string::npos &&
                 seen.evidence.find("a moment ago") == std::string::npos;
        },
        20s);
    return seen;
  }
  void isolate() {
    const Status asked = fence_->isolate(soon());
    EXPECT_TRUE(asked) << asked.error().message;
  }
  void expect(FenceState state, const std::string& evidence) {
    const FenceProof seen = proof();
    EXPECT_EQ(seen.state, state) << seen.evidence;
    EXPECT_THAT(seen.evidence, HasSubstr(evidence));
  }
  void expect_unknown(const std::string& evidence) { expect(FenceState::kUnknown, evidence); }
  // A backend that a stop signal keeps from noticing anything.
  pid_t freeze_a_backend() {
    session_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"psql", "-d", server_->conninfo(), "-c", "SELECT pg_sleep(60)"});
    std::string pid;
    EXPECT_TRUE(wait_until([&] {
      pid = server_->sql("SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'");
      return !pid.empty();
    }));
    const pid_t backend = std::atoi(pid.c_str());
    ::kill(backend, SIGSTOP);
    return backend;
  }

  // Found by another name, as when the data lies on a volume of its own. Whoever runs the test made the link.
  void find_it_by_a_link() {
    const std::string link = folder_.file("main");
    std::filesystem::create_symlink(server_->data_dir(), link);
    host_ = std::make_unique<SshHost>(link, server_->port());
    fence_ = make();
  }
  void expect_of_agent(const std::string& verb, const std::string& answer) {
    EXPECT_THAT(host_->agent(verb).output, ::testing::StartsWith(answer + " 0123456789abcdef "));
  }

  TempDir folder_;
  std::unique_ptr<PostgresFixture> server_ = PostgresFixture::make_primary();
  FakeHttpClient http_;
  std::unique_ptr<CommandRunner> commands_ = make_command_runner(system_clock());
  std::unique_ptr<SshHost> host_;
  std::unique_ptr<Fence> fence_;
  std::unique_ptr<ChildProcess> session_;
};

TEST_F(SshFenceLive, StopsAServerAndProvesIt) {
  expect(FenceState::kNotIsolated, "processes of it run");
  isolate();
  EXPECT_FALSE(server_->running());
  expect(FenceState::kIsolated, "no process of " + server_->data_dir());
  // What it had was sent to its standbys first, and it can be rejoined without recovery.
  EXPECT_THAT(server_->log(), HasSubstr("received fast shutdown request"));
  EXPECT_THAT(server_->log(), HasSubstr("database system is shut down"));
  isolate();  // again
  expect(FenceState::kIsolated, "pg_control set aside");
}

TEST_F(SshFenceLive, NothingStartsItAgainUntilAPersonSaysSo) {
  isolate();
  server_->start(false);
  EXPECT_TRUE(wait_until([this] { return !server_->running(); }));
  expect(FenceState::kIsolated, "pg_control set aside");
  const auto undone = host_->unfence();
  EXPECT_THAT(undone.output, HasSubstr("can be started again"));
  expect(FenceState::kNotIsolated, "it can be started");
  server_->start();
  EXPECT_EQ(server_->sql("SELECT 1"), "1");
}

TEST_F(SshFenceLive, AServerThatComesBackIsNotIsolated) {
  isolate();
  const std::string control = server_->data_dir() + "/global/pg_control";
  std::filesystem::rename(control + ".fenced", control);
  server_->start();
  expect(FenceState::kNotIsolated, fmt::format("port {} is open", server_->port()));
  isolate();
  expect(FenceState::kIsolated, "no process");
}

TEST_F(SshFenceLive, AFrozenServerIsKilled) {
  server_->freeze();
  isolate();
  EXPECT_TRUE(wait_until([this] { return !server_->running(); }));
  expect(FenceState::kIsolated, "no process");
}

TEST_F(SshFenceLive, ABackendThatSurvivesItsPostmasterCounts) {
  const pid_t backend = freeze_a_backend();
  server_->kill_postmaster();
  expect(FenceState::kNotIsolated, fmt::format("such as {}", backend));
  isolate();
  expect(FenceState::kIsolated, "no process");
  EXPECT_TRUE(wait_until([&] { return ::kill(backend, 0) != 0; }));
}

// The owner was that of the link, so nothing that ran was taken for the instance.
TEST_F(SshFenceLive, ADataDirectoryBehindALinkIsTheSameInstance) {
  find_it_by_a_link();
  expect(FenceState::kNotIsolated, "processes of it run");
  isolate();
  EXPECT_FALSE(server_->running());
  expect(FenceState::kIsolated, "no process");
}

TEST_F(SshFenceLive, ABackendOfAnInstanceBehindALinkOfRootCounts) {
  if (geteuid() != 0) GTEST_SKIP() << "only root makes a link that another user owns";
  find_it_by_a_link();
  const pid_t backend = freeze_a_backend();
  server_->kill_postmaster();
  const std::string control = server_->data_dir() + "/global/pg_control";
  std::filesystem::rename(control, control + ".fenced");  // all that was left to speak against it
  expect_of_agent("proof", "not-isolated");
  expect_of_agent("isolate", "isolated");
  EXPECT_TRUE(wait_until([&] { return ::kill(backend, 0) != 0; }));
}

// A mount that maps users lets PostgreSQL run as somebody who does not own the files outside its container.
TEST_F(SshFenceLive, AProcessOfAnotherUserInTheDataDirectoryCounts) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can run one as another user";
  isolate();
  ChildProcess stranger({"sh", "-c", "cd " + server_->data_dir() + " && exec sleep 60"});
  const std::string cwd = fmt::format("/proc/{}/cwd", stranger.pid());
  ASSERT_TRUE(wait_until([&] {
    std::error_code error;
    return std::filesystem::read_symlink(cwd, error) == server_->data_dir();
  }));
  expect_of_agent("proof", "not-isolated");
  expect_of_agent("isolate", "isolated");
  EXPECT_TRUE(wait_until([&] { return !stranger.running(); }));
}

TEST_F(SshFenceLive, AnotherClusterOfTheHostIsLeftAlone) {
  const auto neighbour = PostgresFixture::make_primary(
      {.name = "neighbour", .port = 0, .settings = {}, .hba = {}, .start = true});
  isolate();
  expect(FenceState::kIsolated, "no process");
  EXPECT_EQ(neighbour->sql("SELECT 1"), "1");
}

TEST_F(SshFenceLive, AnUnitThatCouldStartItIsMasked) {
  host_->add_unit();
  fence_ = make();
  isolate();
  EXPECT_EQ(host_->unit_state(), "masked inactive\n");
  expect(FenceState::kIsolated, "postgresql@15-main.service masked");
  host_->set_unit("loaded", "inactive");
  expect(FenceState::kNotIsolated, "is not masked");
  host_->set_unit("masked", "activating");
  expect(FenceState::kNotIsolated, "is activating");
  isolate();
  EXPECT_THAT(host_->unfence().output, HasSubstr("can be started again"));
  EXPECT_EQ(host_->unit_state(), "loaded inactive\n");
}

TEST_F(SshFenceLive, AnUnitThatCannotBeMaskedIsKeptDownByADropIn) {
  host_->add_unit();
  host_->write_unit_by_hand();
  fence_ = make();
  isolate();
  EXPECT_EQ(host_->unit_state(), "loaded inactive\n");
  expect(FenceState::kIsolated, "kept down by " + host_->drop_in());
  EXPECT_THAT(read_file(host_->drop_in()), HasSubstr("\nConditionPathExists=!/\n"));
  write_file(host_->drop_in(), "[Unit]\n");
  expect(FenceState::kNotIsolated, "is not masked");
  isolate();
  EXPECT_THAT(host_->unfence().output, HasSubstr("can be started again"));
  EXPECT_FALSE(std::filesystem::exists(host_->drop_in()));
}

TEST_F(SshFenceLive, ADropInThatSystemdDidNotReadKeepsNothingDown) {
  host_->add_unit();
  fence_ = make();
  isolate();
  host_->set_unit("loaded", "inactive");
  std::filesystem::create_directories(std::filesystem::path(host_->drop_in()).parent_path());
  write_file(
      host_->drop_in(),
      "# Written by farshore-fence-agent; its unfence takes it away.\n[Unit]\nConditionPathExists=!/\n");
  expect(FenceState::kNotIsolated, "is not masked");
}

TEST_F(SshFenceLive, ASystemdThatHangsKeepsNobodyFromBeingKilled) {
  host_->add_unit();
  host_->hang_always();
  fence_ = make();
  server_->freeze();
  EXPECT_FALSE(fence_->isolate(soon()));
  EXPECT_TRUE(wait_until([this] { return !server_->running(); }));
}

TEST_F(SshFenceLive, AnAgentKilledHalfWayIsUnknownAndTheNextOneFinishes) {
  host_->add_unit();
  fence_ = make();
  host_->hang_at_mask(true);
  std::thread kills([this] {
    if (wait_until([this] { return host_->hanging_agent() > 0; })) ::kill(host_->hanging_agent(), SIGKILL);
  });
  const Status asked = fence_->isolate(soon());
  kills.join();
  host_->hang_at_mask(false);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, ErrorCode::kUnknown) << asked.error().message;
  expect(FenceState::kNotIsolated, "processes of it run");
  isolate();
  expect(FenceState::kIsolated, "masked");
}

TEST_F(SshFenceLive, AnotherHostsKeyIsNoAnswer) {
  host_->trust_another_key();
  expect_unknown("Host key verification failed");
  EXPECT_EQ(fence_->isolate(soon()).error().code, ErrorCode::kUnknown);
  EXPECT_TRUE(server_->running());
}

TEST_F(SshFenceLive, ARefusedKeyIsUnknownWithTheReason) {
  host_->refuse_the_key();
  expect_unknown("Permission denied");
}

TEST_F(SshFenceLive, AFrozenHostIsUnknownByTheDeadline) {
  host_->sshd().signal(SIGSTOP);  // what has no deadline waits for it without end
  const FenceProof silent = fence_->proof(soon());
  EXPECT_EQ(silent.state, FenceState::kUnknown);
  EXPECT_NE(silent.evidence, "");
  EXPECT_EQ(make(1s)->isolate(soon()).error().code, ErrorCode::kUnknown);
  host_->sshd().signal(SIGCONT);
  expect(FenceState::kNotIsolated, "processes of it run");  // looked at again
}

TEST_F(SshFenceLive, AHostThatRefusesConnectionsIsUnknown) {
  host_->sshd().stop();
  expect_unknown("Connection refused");
}

TEST_F(SshFenceLive, AShellThatEndsWithZeroIsNoProof) {
  host_->run_instead("true");
  expect_unknown("no answer of the fence agent");
}

TEST_F(SshFenceLive, AnAgentOfAnotherInstanceIsNoProof) {
  const auto other =
      PostgresFixture::make_primary({.name = "other", .port = 0, .settings = {}, .hba = {}, .start = true});
  FenceConfig config = host_->fence();
  config.provider.text["data_directory"] = other->data_dir();
  fence_ = make_fence(config, {http_, *commands_, system_clock()}).value();
  expect_unknown("this agent is for data directory " + server_->data_dir());
  EXPECT_FALSE(fence_->isolate(soon()));
  EXPECT_TRUE(server_->running());
  EXPECT_TRUE(other->running());
}

TEST_F(SshFenceLive, TheKeyCanDoNothingElse) {
  const auto tried =
      commands_->run({"/usr/bin/ssh", "-F", "none", "-o", "BatchMode=yes", "-o",
                      "UserKnownHostsFile=" + host_->fence().provider.text.at("known_hosts_file"), "-i",
                      host_->fence().provider.text.at("identity_file"), "-p", std::to_string(host_->port()),
                      "-l", host_->fence().provider.text.at("user"), "127.0.0.1", "unfence"},
                     {}, soon());
  ASSERT_TRUE(tried);
  EXPECT_EQ(tried->exit_code, 2);
  EXPECT_EQ(tried->stdout_text, "unknown - not a request of Farshore\n");
}

}  // namespace
}  // namespace farshore::test
