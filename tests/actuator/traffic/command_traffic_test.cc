#include "actuator/traffic/command_traffic.h"

#include <gtest/gtest.h>

#include "tests/actuator/traffic/contract_suite.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_dns_resolver.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

TrafficConfig make_config() {
  TrafficConfig config;
  config.name = "balancer";
  config.timeout = 5s;
  config.targets = {{TrafficWorld::kRegionA, TrafficWorld::kTargetA},
                    {TrafficWorld::kRegionB, TrafficWorld::kTargetB}};
  config.provider.kind = "command";
  config.provider.line = 30;
  config.provider.lists = {{"act", {"/traffic/act"}}, {"read", {"/traffic/read"}}};
  return config;
}

// Real commands on a file: the smallest balancer there is.
class CommandWorld final : public TrafficWorld {
 public:
  CommandWorld() {
    const std::string file = folder_.file("target");
    test::write_file(file, std::string(kTargetA) + "\n");
    TrafficConfig config = make_config();
    config.provider.lists["act"] = {"/bin/sh", "-c", "echo \"$FARSHORE_TARGET\" > \"$0\"", file};
    config.provider.lists["read"] = {"/bin/cat", file};
    traffic_ = make_traffic_switch(config, {http_, *commands_, dns_, system_clock(), "shop"}).value();
  }
  TrafficSwitch& traffic() override { return *traffic_; }

 private:
  test::TempDir folder_;
  FakeHttpClient http_;
  FakeDnsResolver dns_;
  std::unique_ptr<CommandRunner> commands_ = make_command_runner(system_clock());
  std::unique_ptr<TrafficSwitch> traffic_;
};

INSTANTIATE_TEST_SUITE_P(Command, TrafficContract, ::testing::Values(+[]() -> std::unique_ptr<TrafficWorld> {
                           return std::make_unique<CommandWorld>();
                         }));

class CommandTrafficTest : public ::testing::Test {
 protected:
  std::unique_ptr<TrafficSwitch> make(const TrafficConfig& config) {
    return make_traffic_switch(config, {http_, commands_, dns_, system_clock(), "shop"}).value();
  }
  static BootTime soon() { return system_clock().boot_now() + 20s; }
  FakeHttpClient http_;
  FakeCommandRunner commands_;
  FakeDnsResolver dns_;
};

TEST_F(CommandTrafficTest, ActIsToldWhereAndForWhichEpoch) {
  commands_.answer_exit("/traffic/act", 0);
  ASSERT_TRUE(make(make_config())->point_to("eu-west", 9, soon()));
  EXPECT_EQ(commands_.calls().at(0).environment, (Environment{{"FARSHORE_CLUSTER", "shop"},
                                                              {"FARSHORE_NAME", "balancer"},
                                                              {"FARSHORE_REGION", "eu-west"},
                                                              {"FARSHORE_TARGET", "198.51.100.20"},
                                                              {"FARSHORE_EPOCH", "9"}}));
}

TEST_F(CommandTrafficTest, ActIsToldOfEachEpochOnceAndThenOnlyWhenReadDisagrees) {
  commands_.answer_exit("/traffic/act", 0);
  commands_.answer_exit("/traffic/read", 0, "eu-west\n");
  const auto traffic = make(make_config());
  const auto acts = [this] {
    return std::ranges::count_if(commands_.calls(),
                                 [](const auto& call) { return call.argv.front() == "/traffic/act"; });
  };
  ASSERT_TRUE(traffic->point_to("eu-west", 9, soon()));
  ASSERT_TRUE(traffic->point_to("eu-west", 9, soon()));
  EXPECT_EQ(acts(), 1);
  ASSERT_TRUE(traffic->point_to("eu-west", 10, soon())) << "it may keep an older epoch out";
  EXPECT_EQ(acts(), 2);
  ASSERT_TRUE(traffic->point_to("us-east", 10, soon()));
  ASSERT_TRUE(traffic->point_to("us-east", 10, soon())) << "read says another region";
  EXPECT_EQ(acts(), 4);
}

TEST_F(CommandTrafficTest, AFailedActIsItsWordAndAKilledOneIsUnknown) {
  const auto traffic = make(make_config());
  commands_.answer_exit("/traffic/act", 3);
  commands_.answer("/traffic/act", CommandResult{-1, 9, "", ""});
  EXPECT_EQ(traffic->point_to("eu-west", 9, soon()).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(traffic->point_to("eu-west", 9, soon()).error().code, ErrorCode::kUnknown);
}

TEST_F(CommandTrafficTest, ReadMaySayTheRegionAndAFailedReadIsNoAnswer) {
  const auto traffic = make(make_config());
  commands_.answer_exit("/traffic/read", 0, "eu-west\n");
  commands_.answer_exit("/traffic/read", 1, "no idea");
  EXPECT_TRUE(traffic->observed(soon())->all_answer_only("198.51.100.20"));
  const auto view = traffic->observed(soon());
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->answers.at(0).failure.empty());
  EXPECT_FALSE(view->all_answer_only("198.51.100.20"));
}

TEST_F(CommandTrafficTest, WithNameServersTheyAreAskedAndNotTheCommand) {
  TrafficConfig config = make_config();
  config.type = "A";
  config.nameservers = {"ns1:53", "ns2:53"};
  const DnsRecord record{"balancer.", "A", 1, "198.51.100.20"};
  dns_.answer("ns2:53", {0, true, {record}});
  const auto view = make(config)->observed(soon());
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->answers.at(0).failure.empty()) << "ns1 does not answer";
  EXPECT_TRUE(view->all_answer_only("198.51.100.20")) << "every answering server says so, and one answers";
  EXPECT_TRUE(commands_.calls().empty());
}

TEST_F(CommandTrafficTest, ACommandWithoutReadIsRefused) {
  TrafficConfig config = make_config();
  config.provider.lists.erase("read");
  const auto made = make_traffic_switch(config, {http_, commands_, dns_, system_clock(), "shop"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace farshore
