// Calls that run beside the worker, on real threads.
#include "actuator/failover/aside.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "tests/support/child_process.h"

namespace farshore {
namespace {

class NoFence final : public Fence {
 public:
  const std::string& server() const override { return server_; }
  std::string grade() const override { return "none"; }
  Status isolate(BootTime) override { return {}; }
  FenceProof proof(BootTime) override { return {}; }

 private:
  const std::string server_ = "shop-us";
};

class AsideTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(ended, begun) << "a call outlived what it was made for"; }
  void begin(const Fence& fence, int answer, std::shared_future<void> until = {}) {
    if (!calls->is_out(fence)) ++begun;
    calls->begin(thread_parallel(), fence, [this, answer, until] {
      if (until.valid()) until.wait_for(std::chrono::seconds(10));
      ++ended;
      return answer;
    });
  }

  NoFence slow, fast;
  std::atomic<int> ended{0};
  int begun = 0;
  std::promise<void> release;
  std::unique_ptr<Aside<int>> calls = std::make_unique<Aside<int>>();
};

TEST_F(AsideTest, ACallThatHangsKeepsNobodyFromTheAnswerOfAnother) {
  begin(slow, 1, release.get_future().share());
  begin(fast, 2);
  ASSERT_TRUE(test::wait_until([&] { return calls->answer(fast) != nullptr; }));
  EXPECT_EQ(*calls->answer(fast), 2);
  EXPECT_EQ(calls->answer(slow), nullptr);
  EXPECT_TRUE(calls->is_any_out());
  begin(slow, 3);  // one is out already
  release.set_value();
  calls->wait();
  EXPECT_EQ(*calls->answer(slow), 1);
  begin(slow, 3);
  calls->wait();
  EXPECT_EQ(*calls->answer(slow), 3);
}

TEST_F(AsideTest, WhatIsDestroyedOrForgottenWaitsForItsCalls) {
  std::shared_future<void> until = release.get_future().share();
  begin(slow, 1, until);
  begin(fast, 1, until);
  std::jthread later([&] { release.set_value(); });
  calls->forget(slow);
  calls.reset();
  EXPECT_EQ(ended, 2);
}

}  // namespace
}  // namespace farshore
