// The provider against a real PowerDNS, every call of it held against PowerDNS' own description by Prism.
#include <gmock/gmock.h>

#include <algorithm>

#include "actuator/traffic/registry.h"
#include "tests/actuator/traffic/contract_suite.h"
#include "tests/contract/cloud.h"
#include "tests/fakes/fake_command_runner.h"

namespace farshore {
namespace {

// One server and one Prism for all tests of this program.
class Shared final {
 public:
  Shared() : server_(one_record()), checked_("powerdns.yaml", server_.api_url()) {
    write_key(server_.options().api_key);
  }

  test::PowerDnsFixture& server() { return server_; }
  test::Checked& checked() { return checked_; }
  void write_key(const std::string& key) { test::write_file(folder_.file("key"), key + "\n", 0600); }

  TrafficConfig config() const {
    TrafficConfig config;
    config.name = "orders.farshore.test";
    config.type = "A";
    config.ttl = 1s;
    config.timeout = 1s;
    config.targets = {{TrafficWorld::kRegionA, TrafficWorld::kTargetA},
                      {TrafficWorld::kRegionB, TrafficWorld::kTargetB}};
    config.nameservers = {server_.nameserver()};
    config.provider.kind = "powerdns";
    config.provider.text = {{"zone", "farshore.test"},
                            {"api_url", checked_.url()},
                            {"server_id", "localhost"},
                            {"api_key_file", folder_.file("key")},
                            {"epoch_token", "on"}};
    return config;
  }
  std::unique_ptr<TrafficSwitch> make(const TrafficConfig& config) {
    return make_traffic_switch(config, {*http_, commands_, *dns_, system_clock(), "shop"}).value();
  }
  // As the seed, whatever was done before, and whatever epoch wrote it.
  void reset() {
    test::reset_judged(checked_);
    TrafficConfig config = this->config();
    config.provider.text["epoch_token"] = "off";
    const Status back = make(config)->point_to(TrafficWorld::kRegionA, 0, system_clock().boot_now() + 20s);
    if (!back) throw std::runtime_error(back.error().message);
    test::reset_judged(checked_);
  }

 private:
  static test::PowerDnsOptions one_record() {
    test::PowerDnsOptions options;
    options.records = {{"orders", "A", "1", TrafficWorld::kTargetA}};
    return options;
  }

  test::TempDir folder_;
  test::PowerDnsFixture server_;
  test::Checked checked_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
  std::unique_ptr<DnsResolver> dns_ = make_dns_resolver(system_clock());
  FakeCommandRunner commands_;
};

std::unique_ptr<Shared>& shared() {
  static std::unique_ptr<Shared> instance;
  return instance;
}

class StopsTheServer final : public ::testing::Environment {
 public:
  void TearDown() override { shared().reset(); }
};
const auto* const kStopper = ::testing::AddGlobalTestEnvironment(new StopsTheServer);

class PowerDnsContract : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = test::contract_missing(); !why.empty()) GTEST_SKIP() << why;
    if (!shared()) shared() = std::make_unique<Shared>();
    world().reset();
    traffic_ = world().make(world().config());
  }
  void TearDown() override {
    if (traffic_) {
      EXPECT_TRUE(test::no_violations(world().checked().log()));
    }
  }

  static Shared& world() { return *shared(); }
  static BootTime soon() { return system_clock().boot_now() + 20s; }
  // Epochs only grow: the token of the test before is still there.
  static int64_t next_epoch() {
    static int64_t epoch = 100;
    return ++epoch;
  }
  Status move() { return traffic_->point_to(TrafficWorld::kRegionB, next_epoch(), soon()); }
  bool answers(const std::string& target) { return traffic_->observed(soon())->all_answer_only(target); }

  std::unique_ptr<TrafficSwitch> traffic_;
};

TEST_F(PowerDnsContract, RecordAndTokenChangeInOneCallAndARepeatSendsNone) {
  const int64_t epoch = next_epoch();
  ASSERT_TRUE(traffic_->point_to(TrafficWorld::kRegionB, epoch, soon()));
  EXPECT_TRUE(answers(TrafficWorld::kTargetB));
  ASSERT_TRUE(traffic_->point_to(TrafficWorld::kRegionB, epoch, soon()));
  EXPECT_EQ(traffic_->point_to(TrafficWorld::kRegionA, epoch - 1, soon()).error().code, ErrorCode::kConflict);
  EXPECT_TRUE(answers(TrafficWorld::kTargetB));
  EXPECT_TRUE(traffic_->faults(soon()).value().empty());
  const auto calls = world().checked().log();
  EXPECT_EQ(std::ranges::count(calls, "PATCH", &test::CloudCall::method), 1);
}

TEST_F(PowerDnsContract, FaultsThatPassAreOutlived) {
  const std::vector<test::Fault> faults = {{.times = 2, .kind = "status", .with = R"("status": 503)"},
                                           {.kind = "status", .with = R"("status": 500)"},
                                           {.kind = "status", .with = R"("status": 429, "retry_after": 1)"},
                                           {.kind = "html", .with = R"("status": 502)"},
                                           {.kind = "html", .with = R"("status": 502, "acts": true)"},
                                           {.kind = "reset"},
                                           {.kind = "garbage"},
                                           {.kind = "timeout_before", .with = R"("seconds": 2)"},
                                           {.kind = "timeout_after", .with = R"("seconds": 2)"}};
  for (const std::string method : {"PATCH", "GET"}) {
    for (test::Fault fault : faults) {
      // A look whose answer is no answer ends it: the row points again by itself.
      if (method == "GET" && (fault.kind == "garbage" || fault.with.find("acts") != std::string::npos))
        continue;
      world().reset();
      fault.method = method;
      world().checked().fault(fault);
      const Status moved = move();
      EXPECT_TRUE(moved) << method << " " << fault.kind << " " << fault.with << ": "
                         << (moved ? "" : moved.error().message);
      EXPECT_TRUE(answers(TrafficWorld::kTargetB)) << method << " " << fault.kind;
    }
  }
}

TEST_F(PowerDnsContract, AWrongKeyAndAWrongZoneAreSaidAndNothingMoves) {
  world().write_key("stolen");
  const Status denied = move();
  world().write_key(world().server().options().api_key);
  EXPECT_EQ(denied.error().code, ErrorCode::kPermission);
  EXPECT_EQ(denied.error().message.find("stolen"), std::string::npos);

  TrafficConfig config = world().config();
  config.provider.text["zone"] = "other.test";
  EXPECT_EQ(world().make(config)->point_to(TrafficWorld::kRegionB, next_epoch(), soon()).error().code,
            ErrorCode::kNotFound);
  EXPECT_TRUE(answers(TrafficWorld::kTargetA));
}

TEST_F(PowerDnsContract, DownItIsUnavailableAndUpAgainItMoves) {
  world().server().stop();
  const Status moved =
      traffic_->point_to(TrafficWorld::kRegionB, next_epoch(), system_clock().boot_now() + 1s);
  EXPECT_TRUE(!moved && moved.error().retryable()) << (moved ? "it moved" : moved.error().message);
  world().server().start();
  EXPECT_TRUE(move());
  EXPECT_TRUE(answers(TrafficWorld::kTargetB));
}

TEST_F(PowerDnsContract, MedianOfTwentyChangesUntilTheAnswerIsSeen) {
  // The server itself: what Prism costs is not PowerDNS'.
  TrafficConfig config = world().config();
  config.provider.text["api_url"] = world().server().api_url();
  const auto direct = world().make(config);
  std::vector<double> called, seen;
  for (int i = 0; i < 20; ++i) {
    const std::string region = i % 2 == 0 ? TrafficWorld::kRegionB : TrafficWorld::kRegionA;
    const std::string target = direct->target_of(region).value();
    const BootTime begin = system_clock().boot_now();
    ASSERT_TRUE(direct->point_to(region, next_epoch(), soon()));
    called.push_back(to_seconds(system_clock().boot_now() - begin) * 1000);
    ASSERT_TRUE(test::wait_until([&] { return direct->observed(soon())->all_answer_only(target); }));
    seen.push_back(to_seconds(system_clock().boot_now() - begin) * 1000);
  }
  std::ranges::nth_element(called, called.begin() + 10);
  std::ranges::nth_element(seen, seen.begin() + 10);
  fmt::print(
      "powerdns: median {:.1f} ms for the call with its token and read back, {:.1f} ms until the answer is "
      "seen\n",
      called[10], seen[10]);
  ASSERT_TRUE(move()) << "for the log of Prism";
}

}  // namespace
}  // namespace farshore
