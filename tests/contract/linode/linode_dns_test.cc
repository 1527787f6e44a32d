#include <gmock/gmock.h>

#include <algorithm>

#include "common/json/json_value.h"
#include "tests/actuator/traffic/contract_suite.h"
#include "tests/contract/linode/linode_lab.h"

namespace farshore {
namespace {

using test::LinodeLab;
using ::testing::HasSubstr;

TrafficConfig make_config() {
  TrafficConfig config;
  config.name = "orders.farshore.test";
  config.type = "A";
  config.ttl = 30s;
  config.timeout = 2s;
  config.targets = {{TrafficWorld::kRegionA, TrafficWorld::kTargetA},
                    {TrafficWorld::kRegionB, TrafficWorld::kTargetB}};
  config.nameservers = {LinodeLab::shared().nameserver()};
  config.provider.kind = "linode_dns";
  config.provider.text = {{"domain", "farshore.test"},
                          {"api_url", LinodeLab::shared().url()},
                          {"token_file", LinodeLab::shared().cloud().token_file()},
                          {"epoch_token", "on"}};
  return config;
}

class LinodeWorld final : public TrafficWorld {
 public:
  LinodeWorld() {
    LinodeLab::shared().reset();
    traffic_ = make_traffic_switch(make_config(), LinodeLab::shared().traffic_deps()).value();
  }
  TrafficSwitch& traffic() override { return *traffic_; }
  void judge_calls(bool asked) override { LinodeLab::shared().expect_calls(asked); }

 private:
  std::unique_ptr<TrafficSwitch> traffic_;
};

INSTANTIATE_TEST_SUITE_P(LinodeDns, TrafficContract,
                         worlds_unless(
                             test::contract_missing(), +[]() -> std::unique_ptr<TrafficWorld> {
                               return std::make_unique<LinodeWorld>();
                             }));
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TrafficContract);

class LinodeDnsContract : public test::LinodeTest {
 protected:
  TrafficSwitch& traffic() {
    if (!traffic_)
      traffic_ = make_traffic_switch(config_ ? *config_ : make_config(), lab().traffic_deps()).value();
    return *traffic_;
  }
  Status move(int64_t epoch = 7) { return traffic().point_to(TrafficWorld::kRegionB, epoch, soon()); }
  // Of the records in the cloud.
  std::vector<std::string> targets(const std::string& type) {
    HttpRequest request;
    request.url = lab().cloud().url() + "/v4/domains/33/records";
    request.headers["Authorization"] = "Bearer token-of-the-cloud";
    const auto answer = make_curl_client()->send(request).value();
    const auto json = parse_json(answer.body).value();
    std::vector<std::string> found;
    const auto data = json.get_array("data").value();
    for (const JsonValue& one : data)
      if (one.get_string("type").value() == type) found.push_back(one.get_string("target").value());
    return found;
  }

  std::optional<TrafficConfig> config_;
  std::unique_ptr<TrafficSwitch> traffic_;
};

TEST_F(LinodeDnsContract, OnlyItsOwnRecordIsChangedAndTheTokenIsMadeOnceAndThenKept) {
  ASSERT_TRUE(move(7));
  EXPECT_THAT(targets("A"), ::testing::UnorderedElementsAre(TrafficWorld::kTargetB, "192.0.2.99"));
  EXPECT_THAT(targets("TXT"), ::testing::ElementsAre("epoch=7"));
  ASSERT_TRUE(traffic().point_to(TrafficWorld::kRegionA, 8, soon()));
  EXPECT_THAT(targets("TXT"), ::testing::ElementsAre("epoch=8"));
  EXPECT_EQ(lab().count("POST", "/records"), 1u);
  EXPECT_EQ(move(7).error().code, ErrorCode::kConflict) << "an older epoch came late";
  EXPECT_THAT(targets("A"), ::testing::UnorderedElementsAre(TrafficWorld::kTargetA, "192.0.2.99"));
}

TEST_F(LinodeDnsContract, FaultsThatPassAreOutlived) {
  const std::vector<test::Fault> faults = {
      {.times = 2, .kind = "status", .with = R"("status": 429, "retry_after": 1)"},
      {.times = 2, .kind = "status", .with = R"("status": 503)"},
      {.kind = "status", .with = R"("status": 500, "retry_after": -3)"},
      {.kind = "status", .with = R"("status": 408)"},
      {.kind = "status", .with = R"("status": 400, "reason": "Linode busy.")"},
      {.kind = "status", .with = R"("status": 409)"},
      {.kind = "html", .with = R"("status": 502)"},
      {.kind = "html", .with = R"("status": 502, "acts": true)"},
      {.kind = "reset"},
      {.kind = "garbage"},
      {.kind = "timeout_before", .with = R"("seconds": 4)"},
      {.kind = "timeout_after", .with = R"("seconds": 4)"}};
  for (const std::string method : {"PUT", "GET"}) {
    for (test::Fault fault : faults) {
      // What a look cannot know to be passing ends it: the row points again by itself.
      const bool ends_a_look = fault.kind == "garbage" || fault.with.find("409") != std::string::npos;
      if (method == "GET" && (ends_a_look || fault.with.find("acts") != std::string::npos)) continue;
      lab().reset();
      traffic_.reset();
      fault.method = method;
      fault.path = "/records";
      lab().cloud().fault(fault);
      SCOPED_TRACE(method + " " + fault.kind + " " + fault.with);
      const Status moved = move();
      EXPECT_TRUE(moved) << method << " " << fault.kind << " " << fault.with << ": " << moved.error().message;
      EXPECT_THAT(targets("A"), ::testing::UnorderedElementsAre(TrafficWorld::kTargetB, "192.0.2.99"))
          << fault.kind;
      EXPECT_THAT(targets("TXT"), ::testing::SizeIs(1)) << fault.kind;
      lab().expect_calls();
    }
  }
}

TEST_F(LinodeDnsContract, ATokenWhoseCreationTookEffectWithoutAnAnswerIsNotMadeASecondTime) {
  const std::vector<test::Fault> faults = {
      {.kind = "timeout_after", .with = R"("seconds": 4)"},
      {.kind = "reset"},
      {.kind = "garbage"},
      {.kind = "status", .with = R"("status": 408, "acts": true)"},
      {.kind = "status", .with = R"("status": 503, "acts": true)"},
      {.kind = "status", .with = R"("status": 503, "retry_after": 1, "acts": true)"},
      {.kind = "html", .with = R"("status": 400, "acts": true)"}};
  for (test::Fault fault : faults) {
    SCOPED_TRACE(fault.kind + " " + fault.with);
    lab().reset();
    traffic_.reset();
    fault.method = "POST";
    lab().cloud().fault(fault);
    ASSERT_TRUE(move());
    EXPECT_EQ(lab().count("POST", "/records"), 1u);
    EXPECT_THAT(targets("TXT"), ::testing::ElementsAre("epoch=7"));
  }
}

TEST_F(LinodeDnsContract, AWrongTokenOrScopeIsPermissionAndNothingMoves) {
  test::write_file(lab().cloud().token_file(),
                   "token-of-the-cloud\nnarrow domains:read_only\nother linodes:read_write\n");
  config_ = make_config();
  test::TempDir folder;
  for (const char* token : {"narrow", "other", "stolen"}) {
    test::write_file(folder.file("token"), token + std::string("\n"), 0600);
    config_->provider.text["token_file"] = folder.file("token");
    traffic_.reset();
    const Status moved = move();
    ASSERT_FALSE(moved) << token;
    EXPECT_EQ(moved.error().code, ErrorCode::kPermission) << token;
    EXPECT_EQ(moved.error().message.find(token), std::string::npos) << token;
  }
  EXPECT_THAT(targets("A"), ::testing::UnorderedElementsAre(TrafficWorld::kTargetA, "192.0.2.99"));
  test::write_file(lab().cloud().token_file(), "token-of-the-cloud\n", 0600);
}

TEST_F(LinodeDnsContract, ATtlThatIsRoundedIsAFaultOfTheDayBefore) {
  ASSERT_TRUE(traffic().faults(soon()).value().empty());
  lab().cloud().fault({.method = "PUT", .kind = "ttl_rounded", .with = R"("ttl_sec": 300)"});
  ASSERT_TRUE(move());
  EXPECT_THAT(traffic().faults(soon()).value(),
              ::testing::ElementsAre("its TTL is 300 s, configured are 30 s"));
}

TEST_F(LinodeDnsContract, MedianOfTwentyChangesUntilTheAnswerIsSeen) {
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
      "linode_dns through Prism, published after 100 ms: median {:.1f} ms for the call with its token and "
      "read "
      "back, {:.1f} ms until the answer is seen\n",
      called[10], seen[10]);
}

}  // namespace
}  // namespace farshore
