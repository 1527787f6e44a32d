// Route 53 against a fake that verifies every signature and every body with botocore and AWS's own model.
#include <gmock/gmock.h>

#include <algorithm>

#include "actuator/traffic/registry.h"
#include "tests/actuator/traffic/contract_suite.h"
#include "tests/contract/cloud.h"
#include "tests/fakes/fake_command_runner.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSeed = R"({"zones": [{"id": "Z1", "name": "farshore.test", "records": [
    {"name": "orders.farshore.test", "type": "A", "ttl": 60, "values": ["192.0.2.10"]},
    {"name": "www.farshore.test", "type": "A", "ttl": 60, "values": ["192.0.2.99"]}]}]})";
constexpr const char* kToken = "farshore-epoch.orders.farshore.test";

struct Lab {
  test::PowerDnsFixture name_server;
  test::TempDir folder;
  test::Cloud cloud{"route53_cloud.py",
                    {.token = "AKIDEXAMPLE secret/of+the=key",
                     .seed = kSeed,
                     .publish_into = &name_server,
                     .delay = 100ms,
                     .arguments = {"--model", test::openapi_folder()}}};
  std::unique_ptr<HttpClient> http = make_curl_client();
  std::unique_ptr<DnsResolver> dns = make_dns_resolver(system_clock());
  FakeCommandRunner commands;

  std::string credentials(const std::string& secret = "secret/of+the=key") {
    const std::string path = folder.file("aws");
    test::write_file(
        path, "[farshore]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = " + secret + "\n", 0600);
    return path;
  }
  TrafficDeps deps() { return {*http, commands, *dns, system_clock(), "shop"}; }
  static Lab& shared();
};

std::unique_ptr<Lab>& shared_lab() {
  static std::unique_ptr<Lab> lab;
  return lab;
}

Lab& Lab::shared() {
  if (!shared_lab()) shared_lab() = std::make_unique<Lab>();
  return *shared_lab();
}

class StopsTheLab final : public ::testing::Environment {
 public:
  void TearDown() override { shared_lab().reset(); }
};

const auto* const kStopper = ::testing::AddGlobalTestEnvironment(new StopsTheLab);

TrafficConfig make_config() {
  TrafficConfig config;
  config.name = "orders.farshore.test";
  config.type = "A";
  config.ttl = 60s;
  config.timeout = 2s;
  config.targets = {{TrafficWorld::kRegionA, TrafficWorld::kTargetA},
                    {TrafficWorld::kRegionB, TrafficWorld::kTargetB}};
  config.nameservers = {Lab::shared().name_server.nameserver()};
  config.provider.kind = "route53";
  config.provider.text = {{"zone", "farshore.test"},
                          {"api_url", Lab::shared().cloud.url()},
                          {"credentials_file", Lab::shared().credentials()},
                          {"profile", "farshore"},
                          {"epoch_token", "on"}};
  return config;
}

class Route53World final : public TrafficWorld {
 public:
  Route53World() {
    Lab::shared().cloud.reset();
    traffic_ = make_traffic_switch(make_config(), Lab::shared().deps()).value();
  }
  TrafficSwitch& traffic() override { return *traffic_; }

 private:
  std::unique_ptr<TrafficSwitch> traffic_;
};

INSTANTIATE_TEST_SUITE_P(Route53, TrafficContract,
                         worlds_unless(
                             test::route53_missing(), +[]() -> std::unique_ptr<TrafficWorld> {
                               return std::make_unique<Route53World>();
                             }));
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TrafficContract);

class Route53Contract : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = test::route53_missing(); !why.empty()) GTEST_SKIP() << why;
    cloud().reset();
    config_ = make_config();
  }
  static test::Cloud& cloud() { return Lab::shared().cloud; }
  static BootTime soon() { return system_clock().boot_now() + 20s; }
  TrafficSwitch& traffic() {
    if (!traffic_) traffic_ = make_traffic_switch(config_, Lab::shared().deps()).value();
    return *traffic_;
  }
  Status move(int64_t epoch = 7) { return traffic().point_to(TrafficWorld::kRegionB, epoch, soon()); }
  size_t posts() {
    return static_cast<size_t>(
        std::ranges::count(cloud().log(), std::string("POST"), &test::CloudCall::method));
  }
  // What the name server answers once all is published.
  std::string published(const std::string& name, const std::string& type) {
    EXPECT_TRUE(test::wait_until([&] { return cloud().all_published(); }));
    const auto answer = Lab::shared().dns->ask(Lab::shared().name_server.nameserver(), name, type, soon());
    return answer && answer->answers.size() == 1 ? answer->answers.front().data : "";
  }

  TrafficConfig config_;
  std::unique_ptr<TrafficSwitch> traffic_;
};

TEST_F(Route53Contract, RecordAndTokenChangeTogetherAndAnOlderEpochFindsIt) {
  ASSERT_TRUE(move(7));
  EXPECT_EQ(published("orders.farshore.test", "A"), TrafficWorld::kTargetB);
  EXPECT_THAT(published(kToken, "TXT"), HasSubstr("epoch=7"));
  EXPECT_EQ(posts(), 1u);
  EXPECT_FALSE(traffic().receipt().change.empty());
  const Status older = traffic().point_to(TrafficWorld::kRegionA, 6, soon());
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, ErrorCode::kConflict);
  EXPECT_EQ(published("www.farshore.test", "A"), "192.0.2.99");
}

// Whoever comes between the look and the batch makes all of the batch fail; then it is looked at again.
TEST_F(Route53Contract, ASecondWriterBetweenLookAndChangeIsNoticedByRoute53Itself) {
  cloud().fault({.method = "GET",
                 .path = "/rrset",
                 .kind = "second_writer",
                 .with = R"("change": [{"zone": "Z1", "name": "orders.farshore.test", "type": "A",
                                        "set": {"ttl": 60, "values": ["203.0.113.7"]}}])"});
  ASSERT_TRUE(move());
  EXPECT_EQ(posts(), 2u) << "the first batch was refused as a whole";
  EXPECT_EQ(published("orders.farshore.test", "A"), TrafficWorld::kTargetB);
}

TEST_F(Route53Contract, ANewerEpochBetweenLookAndChangeWins) {
  cloud().fault(
      {.method = "GET",
       .path = "/rrset",
       .kind = "second_writer",
       .with = R"("change": [{"zone": "Z1", "name": "farshore-epoch.orders.farshore.test", "type": "TXT",
                                        "set": {"ttl": 60, "values": ["\"epoch=8\""]}}])"});
  const Status moved = move(7);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kConflict) << moved.error().message;
  EXPECT_EQ(published("orders.farshore.test", "A"), TrafficWorld::kTargetA);
}

TEST_F(Route53Contract, AChangeThatStaysPendingIsLeftAndNotRepeated) {
  cloud().fault({.method = "POST", .kind = "stays_pending"});
  ASSERT_TRUE(traffic().point_to(TrafficWorld::kRegionB, 7, system_clock().boot_now() + 3s));
  EXPECT_EQ(posts(), 1u);
  EXPECT_EQ(published("orders.farshore.test", "A"), TrafficWorld::kTargetB);
}

TEST_F(Route53Contract, FaultsThatPassAreOutlived) {
  const std::vector<test::Fault> faults = {
      {.times = 2, .kind = "status", .with = R"("status": 400, "code": "Throttling")"},
      {.times = 2, .kind = "status", .with = R"("status": 400, "code": "PriorRequestNotComplete")"},
      {.kind = "status", .with = R"("status": 400, "code": "RequestExpired")"},
      {.kind = "status", .with = R"("status": 429, "retry_after": 1)"},
      {.kind = "status", .with = R"("status": 503)"},
      {.kind = "status", .with = R"("status": 500)"},
      {.kind = "status", .with = R"("status": 400, "code": "InvalidChangeBatch", "acts": true)"},
      {.kind = "html", .with = R"("status": 502)"},
      {.kind = "html", .with = R"("status": 502, "acts": true)"},
      {.kind = "reset"},
      {.kind = "garbage"},
      {.kind = "timeout_before", .with = R"("seconds": 4)"},
      {.kind = "timeout_after", .with = R"("seconds": 4)"}};
  for (const std::string method : {"POST", "GET"}) {
    for (test::Fault fault : faults) {
      // What a look cannot know to be passing ends it: the row points again by itself.
      const bool ends_a_look = fault.kind == "garbage" || fault.with.find("acts") != std::string::npos;
      if (method == "GET" && ends_a_look) continue;
      cloud().reset();
      traffic_.reset();
      fault.method = method;
      fault.path = "/rrset";
      cloud().fault(fault);
      const Status moved = move();
      EXPECT_TRUE(moved) << method << " " << fault.kind << " " << fault.with << ": " << moved.error().message;
      EXPECT_EQ(published("orders.farshore.test", "A"), TrafficWorld::kTargetB) << fault.kind;
      EXPECT_THAT(published(kToken, "TXT"), HasSubstr("epoch=7")) << fault.kind;
    }
  }
}

TEST_F(Route53Contract, AWrongSecretIsPermissionAndARotatedOneNeedsNoRestart) {
  Lab::shared().credentials("stolen");
  const Status moved = move();
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kPermission);
  EXPECT_EQ(moved.error().message.find("stolen"), std::string::npos);
  EXPECT_THAT(moved.error().message, HasSubstr("SignatureDoesNotMatch"));
  Lab::shared().credentials();
  EXPECT_TRUE(move());
}

TEST_F(Route53Contract, TheRegionOfTheSignatureIsTold) {
  config_.provider.text["region"] = "eu-west-1";
  EXPECT_EQ(traffic().current(soon()).error().code, ErrorCode::kPermission);
}

TEST_F(Route53Contract, AZoneThatIsNotThereIsNotFound) {
  config_.provider.text["zone"] = "other.test";
  EXPECT_EQ(traffic().current(soon()).error().code, ErrorCode::kNotFound);
  traffic_.reset();
  config_.provider.text["zone_id"] = "Z9";
  EXPECT_EQ(traffic().current(soon()).error().code, ErrorCode::kNotFound);
}

TEST_F(Route53Contract, MedianOfTwentyChangesUntilTheAnswerIsSeen) {
  std::vector<double> called, seen;
  for (int i = 0; i < 20; ++i) {
    const std::string region = i % 2 == 0 ? TrafficWorld::kRegionB : TrafficWorld::kRegionA;
    const std::string target = traffic().target_of(region).value();
    const BootTime begin = system_clock().boot_now();
    ASSERT_TRUE(traffic().point_to(region, 7 + i, soon()));
    called.push_back(to_seconds(system_clock().boot_now() - begin) * 1000);
    ASSERT_TRUE(test::wait_until([&] { return traffic().observed(soon())->all_answer_only(target); }));
    seen.push_back(to_seconds(system_clock().boot_now() - begin) * 1000);
  }
  std::ranges::nth_element(called, called.begin() + 10);
  std::ranges::nth_element(seen, seen.begin() + 10);
  fmt::print(
      "route53, published after 100 ms: median {:.1f} ms for the call with INSYNC and read back, {:.1f} ms "
      "until the "
      "answer is seen\n",
      called[10], seen[10]);
}

}  // namespace
}  // namespace farshore
