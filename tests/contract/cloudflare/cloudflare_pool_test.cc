#include <gmock/gmock.h>

#include "tests/actuator/traffic/contract_suite.h"
#include "tests/contract/cloudflare/cloudflare_lab.h"

namespace farshore {
namespace {

using test::CloudflareLab;

TrafficConfig make_config() {
  TrafficConfig config;
  config.name = "pool.farshore.test";
  config.type = "A";
  config.ttl = 30s;
  config.timeout = 2s;
  config.targets = {{TrafficWorld::kRegionA, TrafficWorld::kTargetA},
                    {TrafficWorld::kRegionB, TrafficWorld::kTargetB}};
  config.provider.kind = "cloudflare_pool";
  config.provider.line = 30;
  config.provider.text = {{"account_id", CloudflareLab::kAccount},
                          {"api_url", CloudflareLab::shared().url()},
                          {"token_file", CloudflareLab::shared().cloud().token_file()}};
  config.provider.maps["pools"] = {{TrafficWorld::kRegionA, CloudflareLab::kPoolA},
                                   {TrafficWorld::kRegionB, CloudflareLab::kPoolB}};
  return config;
}

class PoolWorld final : public TrafficWorld {
 public:
  PoolWorld() {
    CloudflareLab::shared().reset();
    traffic_ = make_traffic_switch(make_config(), CloudflareLab::shared().deps()).value();
  }
  TrafficSwitch& traffic() override { return *traffic_; }
  void judge_calls(bool asked) override { CloudflareLab::shared().expect_calls(asked); }

 private:
  std::unique_ptr<TrafficSwitch> traffic_;
};

INSTANTIATE_TEST_SUITE_P(CloudflarePool, TrafficContract,
                         worlds_unless(
                             test::contract_missing(), +[]() -> std::unique_ptr<TrafficWorld> {
                               return std::make_unique<PoolWorld>();
                             }));

class CloudflarePoolContract : public test::CloudflareTest {
 protected:
  void SetUp() override {
    CloudflareTest::SetUp();
    if (!IsSkipped()) config_ = make_config();  // not before: it asks for Prism's address
  }
  TrafficSwitch& traffic() {
    if (!traffic_) traffic_ = make_traffic_switch(config_, lab().deps()).value();
    return *traffic_;
  }
  Status move() { return traffic().point_to(TrafficWorld::kRegionB, 7, soon()); }
  JsonValue pool(const char* id) {
    return lab().held(std::string("/accounts/") + CloudflareLab::kAccount + "/load_balancers/pools/" + id);
  }
  bool enabled(const char* id) { return pool(id).get_bool("enabled").value(); }
  std::vector<std::string> origins(const char* id) {
    std::vector<std::string> found;
    const auto held = pool(id).get_array("origins").value();
    for (const JsonValue& one : held)
      found.push_back(
          fmt::format("{} {} {} {}", one.get_string("name").value(), one.get_string("address").value(),
                      one.get_bool("enabled").value() ? "on" : "off", one.get_double("weight").value()));
    return found;
  }

  TrafficConfig config_;
  std::unique_ptr<TrafficSwitch> traffic_;
};

TEST_F(CloudflarePoolContract, ThePoolsFollowTheRegionAndKeepEveryOrigin) {
  const auto before_a = origins(CloudflareLab::kPoolA), before_b = origins(CloudflareLab::kPoolB);
  ASSERT_TRUE(move());
  EXPECT_FALSE(enabled(CloudflareLab::kPoolA));
  EXPECT_TRUE(enabled(CloudflareLab::kPoolB));
  EXPECT_EQ(origins(CloudflareLab::kPoolA), before_a);
  EXPECT_EQ(origins(CloudflareLab::kPoolB), before_b) << "an origin that was off stays off";
  ASSERT_TRUE(move());
  EXPECT_EQ(lab().count("PATCH", "/pools/"), 2u) << "nothing is written when nothing is to do";
}

TEST_F(CloudflarePoolContract, ClientsViewIsWhatTheNameServersOfTheBalancerAnswer) {
  config_.nameservers = {lab().nameserver()};
  EXPECT_TRUE(traffic().observed(soon())->all_answer_only(TrafficWorld::kTargetA));
  ASSERT_TRUE(move());
  EXPECT_TRUE(
      test::wait_until([&] { return traffic().observed(soon())->all_answer_only(TrafficWorld::kTargetB); }));
}

TEST_F(CloudflarePoolContract, TheOthersAreOffBeforeTheTargetIsOn) {
  lab().cloud().fault({.method = "PATCH",
                       .path = CloudflareLab::kPoolA,
                       .times = 0,
                       .kind = "status",
                       .with = R"("status": 403)"});
  const Status moved = move();
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kPermission);
  EXPECT_FALSE(enabled(CloudflareLab::kPoolB)) << "two pools would split the clients";
}

TEST_F(CloudflarePoolContract, APoolWithoutItsTargetIsAFaultOfTheDayBeforeAndNothingMoves) {
  lab().cloud().change(
      R"([{"pool": "0000000000000000000000000000000c",
           "set": {"origins": [{"name": "x", "address": "203.0.113.9", "enabled": true, "weight": 1}]}}])");
  EXPECT_THAT(traffic().faults(soon()).value(),
              ::testing::ElementsAre(::testing::HasSubstr("no origin 198.51.100.20")));
  const Status moved = move();
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(enabled(CloudflareLab::kPoolA));
  EXPECT_EQ(lab().count("PATCH", "/pools/"), 0u);
}

TEST_F(CloudflarePoolContract, ATargetThatIsOffIsSwitchedOnWithItsPool) {
  config_.targets[TrafficWorld::kRegionB] = "198.51.100.21";
  ASSERT_TRUE(move());
  EXPECT_EQ(origins(CloudflareLab::kPoolB),
            (std::vector<std::string>{"b 198.51.100.20 on 0.5", "c 198.51.100.21 on 0.5"}));
  EXPECT_EQ(traffic().current(soon()).value(), "198.51.100.21");
}

TEST_F(CloudflarePoolContract, TwoPoolsAtOnceAreAConflictThatASwitchMends) {
  lab().cloud().change(R"([{"pool": "0000000000000000000000000000000c", "set": {"enabled": true}}])");
  EXPECT_EQ(traffic().current(soon()).error().code, ErrorCode::kConflict);
  EXPECT_THAT(traffic().faults(soon()).value(),
              ::testing::ElementsAre("2 pools are enabled, it should be one"));
  ASSERT_TRUE(move());
  EXPECT_EQ(traffic().current(soon()).value(), TrafficWorld::kTargetB);
}

TEST_F(CloudflarePoolContract, FaultsThatPassAreOutlived) {
  for (const test::Fault& row :
       std::vector<test::Fault>{{.times = 2, .kind = "status", .with = R"("status": 429, "retry_after": 1)"},
                                {.kind = "status", .with = R"("status": 500)"},
                                {.kind = "html", .with = R"("status": 502, "acts": true)"},
                                {.kind = "reset"},
                                {.kind = "garbage"},
                                {.kind = "timeout_after", .with = R"("seconds": 4)"}}) {
    lab().reset();
    traffic_.reset();
    test::Fault fault = row;
    fault.method = "PATCH";
    lab().cloud().fault(fault);
    const Status moved = move();
    EXPECT_TRUE(moved) << fault.kind << ": " << moved.error().message;
    EXPECT_FALSE(enabled(CloudflareLab::kPoolA)) << fault.kind;
    EXPECT_TRUE(enabled(CloudflareLab::kPoolB)) << fault.kind;
  }
}

TEST_F(CloudflarePoolContract, WhatDoesNotFitTogetherIsRefusedWithItsLine) {
  asks_ = false;
  const auto refused = [](const TrafficConfig& config) {
    const auto made = make_traffic_switch(config, CloudflareLab::shared().deps());
    return !made && made.error().message.find("line 30") != std::string::npos;
  };
  EXPECT_FALSE(refused(config_));
  TrafficConfig config = config_;
  config.provider.maps["pools"].erase(TrafficWorld::kRegionB);
  EXPECT_TRUE(refused(config)) << "a target without a pool";
  config = config_;
  config.targets.erase(TrafficWorld::kRegionB);
  EXPECT_TRUE(refused(config)) << "a pool without a target";
  config = config_;
  config.provider.maps["pools"][TrafficWorld::kRegionB] = "12";
  EXPECT_TRUE(refused(config));
  config = config_;
  config.provider.text["account_id"] = "me";
  EXPECT_TRUE(refused(config));
}

}  // namespace
}  // namespace farshore
