#include "actuator/fence/command_fence.h"

#include <gtest/gtest.h>

#include "common/topology/provider_kinds.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_http_client.h"

namespace farshore {
namespace {

class CommandFenceTest : public ::testing::Test {
 protected:
  static FenceConfig config() {
    FenceConfig fence;
    fence.server = "shop-us";
    fence.timeout = 5s;
    fence.provider.kind = "command";
    fence.provider.line = 12;
    fence.provider.lists = {{"act", {"/fence/act", "off"}}, {"proof", {"/fence/proof", "status"}}};
    return fence;
  }
  std::unique_ptr<Fence> make() {
    return make_fence(config(), {http_, commands_, system_clock(), "shop", "us-east"}).value();
  }
  static BootTime soon() { return system_clock().boot_now() + 1h; }

  FakeHttpClient http_;
  FakeCommandRunner commands_;
};

TEST_F(CommandFenceTest, OnlyExitZeroOfProofIsAProof) {
  const auto fence = make();
  commands_.answer_exit("/fence/proof", 0, "plug 7 is off\n");
  commands_.answer_exit("/fence/proof", 1);
  commands_.answer_exit("/fence/proof", 2, "no answer from the plug\n");
  commands_.answer("/fence/proof", CommandResult{-1, 15, "", ""});
  commands_.answer("/fence/proof", fail(ErrorCode::kUnknown, "stopped at its deadline"));

  const FenceProof isolated = fence->proof(soon());
  EXPECT_EQ(isolated.state, FenceState::kIsolated);
  EXPECT_EQ(isolated.evidence, "proof of shop-us: exit 0: plug 7 is off");
  EXPECT_EQ(isolated.grade, "command");
  EXPECT_EQ(fence->proof(soon()).state, FenceState::kNotIsolated);
  EXPECT_EQ(fence->proof(soon()).state, FenceState::kUnknown);
  EXPECT_EQ(fence->proof(soon()).state, FenceState::kUnknown) << "a signal";
  const FenceProof late = fence->proof(soon());
  EXPECT_EQ(late.state, FenceState::kUnknown);
  EXPECT_EQ(late.evidence, "the proof command of shop-us did not answer within 5.0 s");
}

TEST_F(CommandFenceTest, AProofIsAsOldAsTheBeginningOfItsLook) {
  const auto fence = make();
  commands_.answer_exit("/fence/proof", 0);
  const BootTime before = system_clock().boot_now();
  const FenceProof proof = fence->proof(soon());
  EXPECT_GE(proof.read_at, before);
  EXPECT_LE(proof.read_at, system_clock().boot_now());
}

TEST_F(CommandFenceTest, AnExitOfActIsItsWordAndASignalIsUnknown) {
  const auto fence = make();
  commands_.answer_exit("/fence/act", 0);
  commands_.answer_exit("/fence/act", 4, "busy");
  commands_.answer("/fence/act", CommandResult{-1, 9, "", ""});
  commands_.answer("/fence/act", fail(ErrorCode::kUnknown, "stopped"));
  EXPECT_TRUE(fence->isolate(soon()));
  EXPECT_EQ(fence->isolate(soon()).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(fence->isolate(soon()).error().code, ErrorCode::kUnknown);
  EXPECT_EQ(fence->isolate(soon()).error().code, ErrorCode::kUnknown);
}

TEST_F(CommandFenceTest, TheCommandsGetTheServerAndTheNearerDeadline) {
  const auto fence = make();
  commands_.answer_exit("/fence/act", 0);
  const BootTime near = system_clock().boot_now() + 1s;
  ASSERT_TRUE(fence->isolate(near));
  ASSERT_TRUE(fence->isolate(soon()));
  const auto calls = commands_.calls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].argv, (std::vector<std::string>{"/fence/act", "off"}));
  EXPECT_EQ(calls[0].environment, (Environment{{"FARSHORE_CLUSTER", "shop"},
                                               {"FARSHORE_SERVER", "shop-us"},
                                               {"FARSHORE_REGION", "us-east"}}));
  EXPECT_EQ(calls[0].deadline, near);
  EXPECT_LT(calls[1].deadline, system_clock().boot_now() + 6s) << "the configured timeout bounds it";
}

TEST_F(CommandFenceTest, AFenceWithoutAProofIsRefused) {
  FenceConfig without = config();
  without.provider.lists.erase("proof");
  const auto made = make_fence(without, {http_, commands_, system_clock()});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(made.error().message.find("line 12"), std::string::npos);
}

TEST_F(CommandFenceTest, AnUnknownKindIsRefusedByName) {
  FenceConfig other = config();
  other.provider.kind = "voodoo";
  const auto made = make_fence(other, {http_, commands_, system_clock()});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("voodoo"), std::string::npos);
}

TEST_F(CommandFenceTest, EveryKindOfTheTopologyCanBeMade) {
  std::vector<std::string> known;
  for (const ProviderKind& kind : fence_kinds()) known.push_back(kind.kind);
  EXPECT_EQ(registered_fence_kinds(), known);
}

TEST_F(CommandFenceTest, RealCommandsCanFenceAndProve) {
  char folder[] = "/tmp/farshore-fence-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string flag = std::string(folder) + "/off";
  FenceConfig real = config();
  real.provider.lists = {{"act", {"/usr/bin/touch", flag}}, {"proof", {"/usr/bin/test", "-e", flag}}};
  const auto runner = make_command_runner(system_clock());
  const auto fence = make_fence(real, {http_, *runner, system_clock()}).value();
  EXPECT_EQ(fence->proof(soon()).state, FenceState::kNotIsolated);
  EXPECT_TRUE(fence->isolate(soon()));
  EXPECT_EQ(fence->proof(soon()).state, FenceState::kIsolated);
  unlink(flag.c_str());
  rmdir(folder);
}

}  // namespace
}  // namespace farshore
