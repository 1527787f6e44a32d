#include <gmock/gmock.h>

#include "tests/contract/linode/linode_lab.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;

class LinodeFirewallContract : public test::LinodeTest {
 protected:
  Fence& fence() {
    if (fence_) return *fence_;
    FenceConfig config;
    config.server = "shop-us";
    config.timeout = 2s;
    config.provider.kind = "linode_firewall";
    config.provider.text = {{"linode_id", "123"},
                            {"firewall_id", "9"},
                            {"open_sessions", "cut"},
                            {"api_url", lab().url()},
                            {"token_file", lab().cloud().token_file()}};
    fence_ = make_fence(config, lab().fence_deps()).value();
    return *fence_;
  }
  FenceState state() { return fence().proof(soon()).state; }

  std::unique_ptr<Fence> fence_;
};

TEST_F(LinodeFirewallContract, ItClosesIsReadBackAndOpensAgain) {
  EXPECT_EQ(state(), FenceState::kNotIsolated);
  const Status closed = fence().isolate(soon());
  ASSERT_TRUE(closed) << closed.error().message;
  EXPECT_EQ(state(), FenceState::kIsolated);
  ASSERT_TRUE(fence().isolate(soon()));
  EXPECT_EQ(lab().count("PUT", "/rules"), 1u);
  ASSERT_TRUE(fence().release(soon()));
  EXPECT_EQ(state(), FenceState::kNotIsolated);
}

TEST_F(LinodeFirewallContract, ALinodeThatMigratesIsARefusalAndNoProof) {
  lab().cloud().change(R"([{"instance": 123, "set": {"status": "migrating"}}])");
  EXPECT_THAT(fence().isolate(soon()).error().message, HasSubstr("migrating"));
  EXPECT_EQ(state(), FenceState::kNotIsolated);
}

TEST_F(LinodeFirewallContract, AnAnswerThatWasLostIsLookedFor) {
  lab().cloud().fault({.method = "PUT", .kind = "reset"});
  EXPECT_EQ(fence().isolate(soon()).error().code, ErrorCode::kUnknown);
  EXPECT_EQ(state(), FenceState::kIsolated) << "it had taken effect";
}

}  // namespace
}  // namespace farshore
