#include <gmock/gmock.h>

#include "tests/contract/linode/linode_lab.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;

class LinodePowerContract : public test::LinodeTest {
 protected:
  Fence& fence() {
    if (fence_) return *fence_;
    FenceConfig config;
    config.server = "shop-us";
    config.timeout = 2s;
    config.provider.kind = "linode_power";
    config.provider.text = {
        {"label", "shop-us"}, {"api_url", lab().url()}, {"token_file", lab().cloud().token_file()}};
    fence_ = make_fence(config, lab().fence_deps()).value();
    return *fence_;
  }
  FenceState state() { return fence().proof(soon()).state; }
  bool becomes(FenceState wanted) {
    return test::wait_until([&] { return state() == wanted; });
  }

  std::unique_ptr<Fence> fence_;
};

TEST_F(LinodePowerContract, AcceptedIsNoProofAndOfflineIs) {
  EXPECT_EQ(state(), FenceState::kNotIsolated);
  ASSERT_TRUE(fence().isolate(soon()));
  EXPECT_EQ(state(), FenceState::kNotIsolated) << "the job is queued";
  EXPECT_TRUE(lab().machine_runs());
  ASSERT_TRUE(becomes(FenceState::kIsolated));
  EXPECT_FALSE(lab().machine_runs());
  EXPECT_EQ(fence().proof(soon()).evidence, "Linode shop-us of shop-us is offline, its watchdog is off");
  ASSERT_TRUE(fence().isolate(soon())) << "again";
  EXPECT_EQ(lab().count("POST", "/shutdown"), 1u);
}

TEST_F(LinodePowerContract, AMachineThatSomebodyBootsAgainIsSeenAndItsFenceCanBeAskedAgain) {
  ASSERT_TRUE(fence().isolate(soon()));
  ASSERT_TRUE(becomes(FenceState::kIsolated));
  lab().cloud().change(R"([{"instance": 123, "set": {"status": "running"}}])");
  EXPECT_EQ(state(), FenceState::kNotIsolated);
  ASSERT_TRUE(fence().isolate(soon()));
  EXPECT_TRUE(becomes(FenceState::kIsolated));
}

TEST_F(LinodePowerContract, AGuestThatSwitchedItselfOffIsNoProofWhileItsWatchdogMayBootIt) {
  lab().cloud().change(R"([{"instance": 123, "set": {"status": "offline"}}])");
  const FenceProof proof = fence().proof(soon());
  EXPECT_EQ(proof.state, FenceState::kNotIsolated);
  EXPECT_THAT(proof.evidence, HasSubstr("its watchdog is on"));
  ASSERT_TRUE(fence().isolate(soon()));
  EXPECT_EQ(state(), FenceState::kIsolated);
  EXPECT_EQ(lab().count("POST", "/shutdown"), 0u);
}

TEST_F(LinodePowerContract, ABusyLinodeIsAskedUntilItListens) {
  lab().cloud().fault({.method = "POST",
                       .path = "/shutdown",
                       .times = 2,
                       .kind = "status",
                       .with = R"("status": 400, "reason": "Linode busy.")"});
  ASSERT_TRUE(fence().isolate(soon()));
  EXPECT_EQ(lab().count("POST", "/shutdown"), 3u);
  EXPECT_TRUE(becomes(FenceState::kIsolated));
}

TEST_F(LinodePowerContract, AShutdownThatHangsIsNeverAProof) {
  lab().cloud().fault({.method = "POST", .path = "/shutdown", .kind = "stays_shutting_down"});
  ASSERT_TRUE(fence().isolate(soon()));
  ASSERT_TRUE(test::wait_until(
      [&] { return fence().proof(soon()).evidence.find("shutting_down") != std::string::npos; }));
  EXPECT_EQ(state(), FenceState::kNotIsolated);
  EXPECT_TRUE(fence().isolate(soon()));
  EXPECT_EQ(lab().count("POST", "/shutdown"), 1u) << "it waits for the job that it has";
}

TEST_F(LinodePowerContract, MaintenanceOfTheHostIsNoProof) {
  lab().cloud().change(R"([{"instance": 123, "set": {"status": "stopped", "watchdog_enabled": false}}])");
  EXPECT_EQ(state(), FenceState::kNotIsolated);
}

TEST_F(LinodePowerContract, AnApiThatFailsIsUnknownWithTheReason) {
  ASSERT_TRUE(fence().isolate(soon()));
  ASSERT_TRUE(becomes(FenceState::kIsolated));
  const std::vector<std::pair<test::Fault, std::string>> faults = {
      {{.times = 0, .kind = "status", .with = R"("status": 401)"}, "401"},
      {{.times = 0, .kind = "status", .with = R"("status": 403)"}, "403"},
      {{.times = 0, .kind = "status", .with = R"("status": 404)"}, "404"},
      {{.times = 0, .kind = "html", .with = R"("status": 502)"}, "502"},
      {{.times = 0, .kind = "garbage"}, "not of the Linode API"},
      {{.times = 0, .kind = "reset"}, ""},
      {{.times = 0, .kind = "timeout_before", .with = R"("seconds": 4)"}, ""},
      // The last one: nothing is asked again before its time is over.
      {{.times = 0, .kind = "status", .with = R"("status": 429, "retry_after": 30)"}, "429"}};
  for (const auto& [fault, why] : faults) {
    lab().reset();
    lab().cloud().fault(fault);
    const FenceProof proof = fence().proof(soon());
    EXPECT_EQ(proof.state, FenceState::kUnknown) << fault.kind << fault.with;
    EXPECT_THAT(proof.evidence, HasSubstr("could not be looked at")) << fault.kind << fault.with;
    EXPECT_THAT(proof.evidence, HasSubstr(why));
    EXPECT_FALSE(fence().isolate(soon())) << fault.kind << fault.with;
  }
}

TEST_F(LinodePowerContract, ReleaseLetsItRunAgain) {
  ASSERT_TRUE(fence().isolate(soon()));
  ASSERT_TRUE(becomes(FenceState::kIsolated));
  ASSERT_TRUE(fence().release(soon()));
  ASSERT_TRUE(test::wait_until([&] {
    return fence().proof(soon()).evidence == "Linode shop-us of shop-us is running, its watchdog is on";
  }));
  EXPECT_TRUE(lab().machine_runs());
}

}  // namespace
}  // namespace farshore
