#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/cloud.h"
#include "tests/contract/tests/caller.h"

namespace farshore::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSeed = R"({
  "account": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  "zones": [{
    "id": "023e105f4ecef8ad9ca31a8372d0c353", "name": "farshore.test",
    "records": [{"id": "11111111111111111111111111111111", "type": "A", "name": "orders.farshore.test",
                 "content": "192.0.2.10", "ttl": 60}],
    "load_balancers": [{"id": "22222222222222222222222222222222", "name": "lb.farshore.test",
                        "default_pools": ["33333333333333333333333333333333", "44444444444444444444444444444444"],
                        "fallback_pool": "33333333333333333333333333333333"}]}],
  "pools": [{"id": "33333333333333333333333333333333", "name": "us",
             "origins": [{"name": "a", "address": "192.0.2.10", "enabled": true}]},
            {"id": "44444444444444444444444444444444", "name": "eu",
             "origins": [{"name": "b", "address": "198.51.100.20", "enabled": true}]}]})";
const std::string kZone = "/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353";
const std::string kRecords = kZone + "/dns_records";
const std::string kRecord = kRecords + "/11111111111111111111111111111111";
const std::string kBalancer = kZone + "/load_balancers/22222222222222222222222222222222";
const std::string kPools = "/client/v4/accounts/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/load_balancers/pools";
const std::string kPool = kPools + "/33333333333333333333333333333333";

class CloudflareCloud : public ::testing::Test {
 protected:
  struct World {
    PowerDnsFixture name_server;
    Cloud cloud{"cloudflare_cloud.py",
                {.seed = kSeed, .publish_into = &name_server, .delay = 1s, .arguments = {}}};
  };

  void SetUp() override {
    if (const std::string why = contract_missing(); !why.empty()) GTEST_SKIP() << why;
    if (!world_) world_ = std::make_unique<World>();
    cloud().through_prism_url();
    cloud().reset();
  }
  static void TearDownTestSuite() { world_.reset(); }
  static Cloud& cloud() { return world_->cloud; }
  HttpResponse call(const std::string& method, const std::string& path, const std::string& body = "") {
    return caller_.call(method, cloud().through_prism_url() + path, body);
  }
  bool becomes(const std::string& name, const std::string& address) {
    return wait_until([&] { return address_of(world_->name_server, name) == address; });
  }

  static std::unique_ptr<World> world_;
  Caller caller_{{"Authorization", "Bearer token-of-the-cloud"}};
};
std::unique_ptr<CloudflareCloud::World> CloudflareCloud::world_;

TEST_F(CloudflareCloud, EveryAnswerToAReadIsAsDescribed) {
  for (const std::string& path :
       {std::string("/client/v4/user/tokens/verify"), std::string("/client/v4/zones?name=farshore.test"),
        kZone, kRecords + "?type=A&name=orders.farshore.test", kRecord, kZone + "/load_balancers", kBalancer,
        kPools, kPool, kPool + "/health"}) {
    EXPECT_EQ(call("GET", path).status, 200) << path;
  }
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(CloudflareCloud, AChangedRecordIsAnsweredByTheNameServerLater) {
  ASSERT_EQ(address_of(world_->name_server, "orders.farshore.test"), "192.0.2.10");
  ASSERT_EQ(
      call("PATCH", kRecord, R"({"type": "A", "name": "orders.farshore.test", "content": "198.51.100.20",
                                       "ttl": 60, "proxied": false})")
          .status,
      200);
  EXPECT_EQ(address_of(world_->name_server, "orders.farshore.test"), "192.0.2.10");
  EXPECT_TRUE(becomes("orders.farshore.test", "198.51.100.20"));
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(CloudflareCloud, AProxiedNameIsNotAnsweredWithItsContent) {
  ASSERT_EQ(call("PATCH", kRecord, R"({"proxied": true})").status, 200);
  EXPECT_TRUE(becomes("orders.farshore.test", "198.18.0.1"));
}

TEST_F(CloudflareCloud, ClashesAreRefusedByCode) {
  const std::string same =
      R"({"type": "A", "name": "orders.farshore.test", "content": "192.0.2.10", "ttl": 60})";
  const std::string alias =
      R"({"type": "CNAME", "name": "orders.farshore.test", "content": "a.test", "ttl": 60})";
  EXPECT_THAT(call("POST", kRecords, same).body, HasSubstr("81058"));
  EXPECT_THAT(call("POST", kRecords, alias).body, HasSubstr("81053"));
  EXPECT_THAT(call("GET", kRecords + "/99999999999999999999999999999999").body, HasSubstr("81044"));
  EXPECT_EQ(
      Caller({"Authorization", "Bearer another"}).call("GET", cloud().through_prism_url() + kRecord).status,
      401);
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(CloudflareCloud, PutForgetsWhatItIsNotToldAndPatchDoesNot) {
  ASSERT_EQ(call("PATCH", kRecord, R"({"comment": "kept"})").status, 200);
  EXPECT_THAT(call("PATCH", kRecord, R"({"ttl": 120})").body, HasSubstr("kept"));
  const auto put =
      call("PUT", kRecord, R"({"type": "A", "name": "orders.farshore.test", "content": "192.0.2.11"})");
  EXPECT_EQ(put.body.find("kept"), std::string::npos);
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(CloudflareCloud, ABatchThatFailsHalfWayChangesNothing) {
  const auto refused = call("POST", kRecords + "/batch", R"({
      "patches": [{"id": "11111111111111111111111111111111", "content": "198.51.100.20"}],
      "posts": [{"type": "A", "name": "orders.farshore.test", "content": "198.51.100.20"}]})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(call("GET", kRecord).body, HasSubstr("192.0.2.10"));
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(CloudflareCloud, TheFirstPoolThatIsOnAndWellAnswersForItsLoadBalancer) {
  ASSERT_EQ(address_of(world_->name_server, "lb.farshore.test"), "192.0.2.10");
  ASSERT_EQ(call("PATCH", kPool, R"({"enabled": false})").status, 200);
  EXPECT_TRUE(becomes("lb.farshore.test", "198.51.100.20"));
  ASSERT_EQ(call("PATCH", kPool, R"({"enabled": true})").status, 200);
  EXPECT_TRUE(becomes("lb.farshore.test", "192.0.2.10"));
  cloud().change(R"([{"pool": "33333333333333333333333333333333", "set": {"healthy": false}}])");
  EXPECT_TRUE(becomes("lb.farshore.test", "198.51.100.20"));
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(CloudflareCloud, PrismStopsABadCallAndSeesADriftingAnswer) {
  EXPECT_EQ(call("PATCH", kRecord, R"({"ttl": 20})").status, 422);
  cloud().fault({.kind = "edit", .with = R"("set": {"result.ttl": "60"})"});
  EXPECT_EQ(call("GET", kRecord).status, 500);
  const auto calls = cloud().log();
  ASSERT_EQ(calls.size(), 2);
  EXPECT_FALSE(calls[0].violations.empty());
  EXPECT_FALSE(calls[1].violations.empty());
}

TEST_F(CloudflareCloud, SuccessMayBeFalseUnderStatus200) {
  cloud().fault({.method = "PATCH", .kind = "answer", .with = R"("status": 200, "json": {
      "success": false, "errors": [{"code": 10000, "message": "no"}], "messages": [], "result": null})"});
  const auto answer = call("PATCH", kRecord, R"({"content": "198.51.100.20"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"("success": false)"));
  cloud().fault({.method = "PATCH",
                 .kind = "status",
                 .with = R"("status": 400, "code": 81054, "reason": "just deleted")"});
  EXPECT_THAT(call("PATCH", kRecord, R"({"content": "198.51.100.20"})").body, HasSubstr("81054"));
  EXPECT_THAT(call("GET", kRecord).body, HasSubstr("192.0.2.10"));
  EXPECT_TRUE(no_violations(cloud().log()));
}

}  // namespace
}  // namespace farshore::test
