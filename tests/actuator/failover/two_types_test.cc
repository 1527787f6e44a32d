// An A and an AAAA record of one name: what becomes of the one says nothing of the other.
#include "actuator/api/metrics.h"
#include "common/topology/record_key.h"
#include "tests/actuator/failover/reign_care.h"

namespace farshore::simulation {
namespace {

// The AAAA record beside the world's own A. Its provider works.
class SecondRecord final : public TrafficSwitch {
 public:
  explicit SecondRecord(std::string key) : key_(std::move(key)) {}
  const std::string& key() const override { return key_; }
  const std::string& kind() const override { return kind_; }
  Result<std::string> target_of(const std::string& region) const override { return "2001:db8::" + region; }
  Result<std::string> current(BootTime) override { return value; }
  Status point_to(const std::string& region, int64_t, BootTime) override {
    ++asked;
    value = *target_of(region);
    return {};
  }
  Result<TrafficView> observed(BootTime) override { return TrafficView{{{"ns1", {value}, ""}}}; }

  std::string value = "2001:db8::us-east";
  int asked = 0;

 private:
  const std::string key_, kind_ = "fake";
};

class TwoTypes : public ReignCare {
 protected:
  TwoTypes() {
    TrafficConfig config = world.config.traffic.front();
    config.type = "AAAA";
    world.config.traffic.push_back(config);
    second = std::make_unique<SecondRecord>(record_key(config));
    world.further_records = {second.get()};
    world.restart_process();
  }
  // What /metrics says of a type of the name.
  bool is_pending(const std::string& type) {
    Topology topology;
    topology.clusters = {world.config};
    ClusterStatus status;
    status.cluster = "shop";
    status.traffic_open = open(Kind::kTraffic);
    MetricsInput input;
    input.clusters = {status};
    const std::string series = fmt::format(
        R"(farshore_traffic_switch_pending{{cluster="shop",record="orders.example.com",type="{}"}} )", type);
    const std::string page = render_metrics(input, topology);
    EXPECT_NE(page.find(series), std::string::npos) << page;
    return page.find(series + "1\n") != std::string::npos;
  }
  bool only_a_is_pending() { return is_pending("A") && !is_pending("AAAA"); }
  bool is_told_open(const std::string& key) {
    const auto ends = open(Kind::kTraffic);
    return std::any_of(ends.begin(), ends.end(), [&](const OpenEnd& end) { return end.name == key; });
  }

  std::unique_ptr<SecondRecord> second;
};

TEST_F(TwoTypes, OneThatIsRefusedHoldsTheRunThoughTheOtherOfItsNameIsMoved) {
  world.dns_works = false;
  world.dns_fails_with = ErrorCode::kPermission;
  lose_primary();
  world.run_for(20s);
  ASSERT_EQ(world.last_run()->state, RunState::kHeld);
  EXPECT_NE(world.last_run()->reason.find("orders.example.com A: "), std::string::npos)
      << world.last_run()->reason;
  EXPECT_EQ(world.last_run()->reason.find("AAAA"), std::string::npos) << world.last_run()->reason;
  EXPECT_EQ(second->value, "2001:db8::eu-west");
  EXPECT_TRUE(only_a_is_pending());
  world.dns_works = true;
  world.run_for(20s);
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded);
  EXPECT_FALSE(is_pending("A"));
}

TEST_F(TwoTypes, TheCareKeepsTheOneOpenUntilItIsDone) {
  fail_over();
  EXPECT_TRUE(open(Kind::kTraffic).empty());
  world.dns_works = false;
  world.dns = "192.0.2.10";
  for (int i = 0; i < 10; ++i) {
    world.run_for(7s);
    EXPECT_TRUE(only_a_is_pending()) << i;
  }
  world.dns_works = true;
  world.run_for(70s);
  EXPECT_EQ(world.dns, in_force);
  EXPECT_TRUE(open(Kind::kTraffic).empty());
}

TEST_F(TwoTypes, ATokenThatOneLeftOpenIsNotClosedByTheOther) {
  world.dns_token_works = false;
  fail_over();
  EXPECT_TRUE(only_a_is_pending());
  world.restart_process();
  world.run_for(70s);
  EXPECT_TRUE(only_a_is_pending());
  world.dns_token_works = true;
  world.run_for(40s);
  EXPECT_EQ(world.dns_token, 2);
  EXPECT_TRUE(open(Kind::kTraffic).empty());
}

// An earlier version kept it by the name, so nobody knows which type it was.
TEST_F(TwoTypes, WhatARunOfAnEarlierVersionLeftOpenIsMendedOfEveryTypeOfTheName) {
  fail_over();
  world.dns_token = 1;
  ASSERT_TRUE(world.journal.record_step({.run_id = world.last_run()->id,
                                         .sequence = 0,
                                         .attempt = 1,
                                         .step = "switch_traffic",
                                         .event = StepEvent::kDone,
                                         .at = world.clock.wall_now(),
                                         .detail = "",
                                         .facts = {{"traffic_left_open.orders.example.com", "no token"}}}));
  const int asked = second->asked;
  ASSERT_TRUE(world.journal.pause({"shop", "bob", "an upgrade", world.clock.wall_now()}));
  world.restart_process();
  world.run_for(10s);
  EXPECT_TRUE(is_told_open("orders.example.com A"));
  EXPECT_TRUE(is_told_open("orders.example.com AAAA"));
  ASSERT_TRUE(world.journal.resume("shop"));
  world.run_for(40s);
  EXPECT_EQ(world.dns_token, 2);
  EXPECT_GT(second->asked, asked);
  EXPECT_TRUE(open(Kind::kTraffic).empty());
  world.restart_process();
  world.run_for(10s);
  EXPECT_TRUE(open(Kind::kTraffic).empty()) << "what was mended stays so, though the old fact stands";
}

}  // namespace
}  // namespace farshore::simulation
