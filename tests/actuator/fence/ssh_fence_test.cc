#include "actuator/fence/ssh_fence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_http_client.h"

namespace farshore {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// Answers as the agent does, which repeats the number it was asked with.
class Agent final : public CommandRunner {
 public:
  using CommandRunner::run;
  Result<CommandResult> run(const std::vector<std::string>& argv, const Environment&, BootTime deadline,
                            const std::stop_token&) override {
    ++calls;
    last = argv;
    last_deadline = deadline;
    const std::string& request = argv.back();
    const size_t begin = request.find(' ') + 1;
    return answer(request.substr(begin, request.find(' ', begin) - begin));
  }
  std::function<Result<CommandResult>(const std::string& nonce)> answer;
  std::vector<std::string> last;
  int calls = 0;
  BootTime last_deadline{};
};

class SshFenceTest : public ::testing::Test {
 protected:
  static FenceConfig config() {
    FenceConfig fence;
    fence.server = "shop-us";
    fence.timeout = 5s;
    fence.provider.kind = "ssh";
    fence.provider.line = 12;
    fence.provider.text = {{"address", "10.1.0.5:2222"},
                           {"user", "farshore-fence"},
                           {"identity_file", "/etc/farshore/fence_key"},
                           {"known_hosts_file", "/etc/farshore/fence_hosts"},
                           {"data_directory", "/var/lib/postgresql/15/main"},
                           {"unit", "postgresql@15-main.service"}};
    return fence;
  }
  std::unique_ptr<Fence> make(const FenceConfig& fence = config()) {
    return make_fence(fence, {http_, agent_, system_clock()}).value();
  }
  FenceProof proof_when(int exit_code, const std::string& output, const std::string& error = "") {
    agent_.answer = [=](const std::string& nonce) {
      std::string text = output;
      if (const size_t at = text.find("NONCE"); at != std::string::npos) text.replace(at, 5, nonce);
      return CommandResult{exit_code, 0, text, error};
    };
    return make()->proof(soon());
  }
  static BootTime soon() { return system_clock().boot_now() + 1h; }
  void expect_refused(const std::string& key, const std::string& value) {
    FenceConfig fence = config();
    fence.provider.text[key] = value;
    const auto made = make_fence(fence, {http_, agent_, system_clock()});
    ASSERT_FALSE(made) << key << "=" << value;
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(made.error().message, HasSubstr("line 12"));
  }

  Agent agent_;
  FakeHttpClient http_;
};

TEST_F(SshFenceTest, OnlyTheAgentsOwnWordsForThisLookAreAProof) {
  const FenceProof isolated = proof_when(0, "isolated NONCE no process of /data\n");
  EXPECT_EQ(isolated.state, FenceState::kIsolated);
  EXPECT_EQ(isolated.evidence, "no process of /data");
  EXPECT_EQ(isolated.grade, "stopped over ssh");
  EXPECT_EQ(proof_when(1, "not-isolated NONCE 7 processes of it run\n").state, FenceState::kNotIsolated);

  EXPECT_EQ(proof_when(0, "").state, FenceState::kUnknown) << "a shell that ends with 0";
  EXPECT_EQ(proof_when(0, "isolated 0123456789abcdef earlier\n").state, FenceState::kUnknown);
  EXPECT_EQ(proof_when(0, "isolated\n").state, FenceState::kUnknown);
  EXPECT_EQ(proof_when(0, "not-isolated NONCE x\n").state, FenceState::kUnknown) << "exit and words disagree";
  EXPECT_EQ(proof_when(1, "isolated NONCE x\n").state, FenceState::kUnknown);
  EXPECT_EQ(proof_when(1, "This account is currently not available.\n").state, FenceState::kUnknown);
  EXPECT_EQ(proof_when(0, "Welcome!\nisolated NONCE x\n").state, FenceState::kUnknown);
}

TEST_F(SshFenceTest, WhatIsUnknownHasAReason) {
  EXPECT_EQ(proof_when(2, "unknown NONCE this agent is for data directory /other\n").evidence,
            "this agent is for data directory /other");
  EXPECT_EQ(proof_when(255, "", "@@@@@@@@\n@ WARNING @\nHost key verification failed.\r\n").evidence,
            "ssh to the host of shop-us failed: Host key verification failed.");
  EXPECT_EQ(proof_when(127, "", "bash: line 1: proof: command not found\n").evidence,
            "no answer of the fence agent of shop-us, but exit 127: bash: line 1: proof: command not found");
  agent_.answer = [](const std::string&) -> Result<CommandResult> {
    return fail(ErrorCode::kUnknown, "stopped at its deadline");
  };
  const FenceProof late = make()->proof(soon());
  EXPECT_EQ(late.state, FenceState::kUnknown);
  EXPECT_EQ(late.evidence, "the host of shop-us did not answer within 1.7 s");
}

TEST_F(SshFenceTest, AHostThatWasSilentDelaysTheOtherRungsOnce) {
  FakeClock clock;
  const auto fence = make_fence(config(), {http_, agent_, clock}).value();
  const auto soon_enough = [&] { return clock.boot_now() + 1h; };
  agent_.answer = [](const std::string&) {
    return CommandResult{255, 0, "", "ssh: connect to host 10.1.0.5 port 2222: Connection timed out\n"};
  };
  EXPECT_FALSE(fence->isolate(soon_enough()));
  EXPECT_EQ(agent_.calls, 1);
  const FenceProof at_once = fence->proof(soon_enough());
  EXPECT_EQ(at_once.state, FenceState::kUnknown);
  EXPECT_THAT(at_once.evidence, HasSubstr("Connection timed out, a moment ago"));
  EXPECT_EQ(agent_.calls, 1);

  agent_.answer = [](const std::string& nonce) {
    return CommandResult{0, 0, "isolated " + nonce + " x\n", ""};
  };
  EXPECT_TRUE(fence->isolate(soon_enough())) << "acting is always tried";
  EXPECT_EQ(fence->proof(soon_enough()).state, FenceState::kIsolated);
  agent_.answer = [](const std::string&) -> Result<CommandResult> {
    return fail(ErrorCode::kUnknown, "stopped");
  };
  EXPECT_EQ(fence->proof(soon_enough()).state, FenceState::kUnknown);
  EXPECT_EQ(fence->proof(soon_enough()).state, FenceState::kUnknown);
  EXPECT_EQ(agent_.calls, 4);
  clock.advance(5s);
  EXPECT_EQ(fence->proof(soon_enough()).state, FenceState::kUnknown);
  EXPECT_EQ(agent_.calls, 5) << "it is looked at again";
}

TEST_F(SshFenceTest, EvidenceIsOnePrintableLine) {
  EXPECT_EQ(proof_when(1, "not-isolated NONCE a\x1b[2Jb\nsecond\n").evidence, "a?[2Jb");
  EXPECT_EQ(proof_when(1, "not-isolated NONCE " + std::string(5000, 'x')).evidence.size(), 300u);
}

TEST_F(SshFenceTest, NothingOfTheMachinesConfigurationTakesPart) {
  (void)proof_when(1, "");
  const std::vector<std::string>& argv = agent_.last;
  EXPECT_EQ(std::vector<std::string>(argv.begin(), argv.begin() + 5),
            (std::vector<std::string>{"/usr/bin/ssh", "-F", "none", "-T", "-n"}));
  for (const char* option :
       {"BatchMode=yes", "StrictHostKeyChecking=yes", "UserKnownHostsFile=/etc/farshore/fence_hosts",
        "GlobalKnownHostsFile=none", "IdentityFile=/etc/farshore/fence_key", "IdentitiesOnly=yes",
        "IdentityAgent=none", "ConnectTimeout=1", "ControlMaster=no", "ControlPath=none",
        "ClearAllForwardings=yes"})
    EXPECT_THAT(argv, Contains(option));
  EXPECT_EQ(std::vector<std::string>(argv.end() - 7, argv.end() - 1),
            (std::vector<std::string>{"-p", "2222", "-l", "farshore-fence", "--", "10.1.0.5"}));
  EXPECT_THAT(argv.back(), ::testing::MatchesRegex(
                               "proof [0-9a-f]+ /var/lib/postgresql/15/main postgresql@15-main[.]service"));
}

TEST_F(SshFenceTest, EveryLookAsksAnew) {
  (void)proof_when(1, "");
  const std::string first = agent_.last.back();
  (void)proof_when(1, "");
  EXPECT_NE(agent_.last.back(), first);
}

TEST_F(SshFenceTest, TheAgentHasToAnswerBeforeSshIsStopped) {
  FakeClock clock;
  const auto fence = make_fence(config(), {http_, agent_, clock}).value();
  agent_.answer = [](const std::string& nonce) {
    return CommandResult{0, 0, "isolated " + nonce + " x\n", ""};
  };
  EXPECT_TRUE(fence->isolate(clock.boot_now() + 1h));
  EXPECT_THAT(agent_.last.back(), HasSubstr(" 3 /var/lib")) << "of 5 s";
  EXPECT_EQ(agent_.last_deadline, clock.boot_now() + 5s);
  EXPECT_TRUE(fence->isolate(clock.boot_now() + 500ms));
  EXPECT_THAT(agent_.last.back(), HasSubstr(" 1 /var/lib"));
}

TEST_F(SshFenceTest, IsolateTellsWhatItWasTold) {
  const auto fence = make();
  agent_.answer = [](const std::string& nonce) {
    return CommandResult{1, 0, "not-isolated " + nonce + " 3 processes of it run\n", ""};
  };
  EXPECT_EQ(fence->isolate(soon()).error().code, ErrorCode::kUnavailable);
  agent_.answer = [](const std::string&) { return CommandResult{255, 0, "", "Connection closed\n"}; };
  const auto lost = fence->isolate(soon());
  EXPECT_EQ(lost.error().code, ErrorCode::kUnknown) << "it may have taken effect";
  EXPECT_THAT(lost.error().message, HasSubstr("Connection closed"));
}

TEST_F(SshFenceTest, TextThatCouldBeTakenForSomethingElseIsRefused) {
  expect_refused("user", "-oProxyCommand=sh");
  expect_refused("user", "a b");
  expect_refused("identity_file", "/etc/%h");
  expect_refused("identity_file", "key");
  expect_refused("known_hosts_file", "/a /b");
  expect_refused("data_directory", "/data;reboot");
  expect_refused("data_directory", "/data/../etc");
  expect_refused("data_directory", "/data/");
  expect_refused("unit", "postgresql");
  expect_refused("unit", "$(reboot).service");
  expect_refused("address", "-oX:22");
  expect_refused("address", "10.1.0.5");
}

}  // namespace
}  // namespace farshore
