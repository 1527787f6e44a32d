// What every traffic kind must keep, tried on the real thing. A kind's test makes a world with two regions
// and instantiates the suite with it:
//
//   INSTANTIATE_TEST_SUITE_P(PowerDns, TrafficContract, testing::Values(+[] { return make_world(); }));
//
// One that needs what may be missing uses worlds_unless(), and
// GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TrafficContract).
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "actuator/traffic/traffic_switch.h"

namespace farshore {

// Points at kRegionA when it is made.
class TrafficWorld {
 public:
  static constexpr const char* kRegionA = "us-east";
  static constexpr const char* kRegionB = "eu-west";
  static constexpr const char* kTargetA = "192.0.2.10";
  static constexpr const char* kTargetB = "198.51.100.20";
  virtual ~TrafficWorld() = default;
  virtual TrafficSwitch& traffic() = 0;
  // At the end of each test: fails it unless every call that the world saw was right, and there was one if
  // `asked`, and none if not.
  virtual void judge_calls(bool /*asked*/) {}
};

using MakeTrafficWorld = std::unique_ptr<TrafficWorld> (*)();

// No world when something is missing. The suite makes its world in a constructor, where nothing can be
// skipped.
inline auto worlds_unless(const std::string& missing, MakeTrafficWorld make) {
  return ::testing::ValuesIn(missing.empty() ? std::vector{make} : std::vector<MakeTrafficWorld>{});
}

class TrafficContract : public ::testing::TestWithParam<MakeTrafficWorld> {
 protected:
  void TearDown() override { world_->judge_calls(asks_); }
  TrafficSwitch& traffic() { return world_->traffic(); }
  static BootTime soon() { return system_clock().boot_now() + 20s; }
  void expect_target(const std::string& target) {
    const auto current = traffic().current(soon());
    ASSERT_TRUE(current) << current.error().message;
    EXPECT_EQ(*current, target);
    // A provider publishes some time after it has accepted.
    const BootTime limit = soon();
    auto view = traffic().observed(soon());
    while (view && !view->all_answer_only(target) && system_clock().boot_now() < limit) {
      system_clock().sleep_for(20ms);
      view = traffic().observed(soon());
    }
    ASSERT_TRUE(view) << view.error().message;
    EXPECT_TRUE(view->all_answer_only(target));
  }

  bool asks_ = true;  // whether the test asks the provider anything

 private:
  std::unique_ptr<TrafficWorld> world_ = GetParam()();
};

}  // namespace farshore
