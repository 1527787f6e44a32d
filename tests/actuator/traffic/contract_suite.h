// What every traffic kind must keep, tried on the real thing. A kind's test makes a world with two regions
// and instantiates the suite with it:
//
//   INSTANTIATE_TEST_SUITE_P(PowerDns, TrafficContract, testing::Values(+[] { return make_world(); }));
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

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
};

class TrafficContract : public ::testing::TestWithParam<std::unique_ptr<TrafficWorld> (*)()> {
 protected:
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

 private:
  std::unique_ptr<TrafficWorld> world_ = GetParam()();
};

}  // namespace farshore
