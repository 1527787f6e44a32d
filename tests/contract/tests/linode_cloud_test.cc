#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "tests/contract/cloud.h"
#include "tests/contract/tests/caller.h"

namespace farshore::test {
namespace {

constexpr const char* kSeed = R"({
  "domains": [{"id": 33, "domain": "farshore.test",
               "records": [{"id": 44, "type": "A", "name": "orders", "target": "192.0.2.10", "ttl_sec": 30}]}],
  "instances": [{"id": 123, "label": "shop-us"}],
  "firewalls": [{"id": 9, "devices": [{"id": 91, "entity": {"id": 123, "type": "linode"}}]}],
  "nodebalancers": [{"id": 1, "configs": [{"id": 2, "nodes": [
      {"id": 3, "address": "192.168.1.1:5432", "label": "shop"}]}]}]})";
constexpr const char* kRecord = "/v4/domains/33/records/44";
constexpr const char* kInstance = "/v4/linode/instances/123";

// One Prism for all tests of this file: it takes seconds to start.
class LinodeCloud : public ::testing::Test {
 protected:
  struct World {
    TempDir machine;
    PowerDnsFixture name_server;
    Cloud cloud{"linode_cloud.py",
                {.seed = kSeed,
                 .publish_into = &name_server,
                 .delay = 1s,
                 .arguments = {"--queue-seconds", "0.1", "--job-seconds", "0.3", "--instance",
                               "123=touch " + machine.file("off") + ",rm " + machine.file("off")}}};
  };

  void SetUp() override {
    if (const std::string why = contract_missing(); !why.empty()) GTEST_SKIP() << why;
    if (!world_) world_ = std::make_unique<World>();
    cloud().through_prism_url();
    cloud().reset();
  }
  static void TearDownTestSuite() { world_.reset(); }
  static Cloud& cloud() { return world_->cloud; }

  HttpResponse call(const std::string& method, const std::string& path, const std::string& body = "",
                    const std::string& token = "token-of-the-cloud") {
    return caller(token).call(method, cloud().through_prism_url() + path, body);
  }
  Result<HttpResponse> send(const std::string& method, const std::string& path,
                            const std::string& body = "") {
    return caller("token-of-the-cloud").send(method, cloud().through_prism_url() + path, body);
  }
  static Caller caller(const std::string& token) { return Caller({"Authorization", "Bearer " + token}); }
  std::string field(const HttpResponse& response, const std::string& name) {
    return parse_json(response.body).value().get_string(name).value();
  }
  std::string published() { return address_of(world_->name_server, "orders.farshore.test"); }

  static std::unique_ptr<World> world_;
};
std::unique_ptr<LinodeCloud::World> LinodeCloud::world_;

TEST_F(LinodeCloud, EveryAnswerToAReadIsAsDescribed) {
  for (const char* path : {"/v4/domains",
                           "/v4/domains/33",
                           "/v4/domains/33/records",
                           kRecord,
                           "/v4/domains/33/zone-file",
                           "/v4/linode/instances",
                           kInstance,
                           "/v4/linode/instances/123/firewalls",
                           "/v4/account/events",
                           "/v4/networking/firewalls",
                           "/v4/networking/firewalls/9",
                           "/v4/networking/firewalls/9/rules",
                           "/v4/networking/firewalls/9/devices",
                           "/v4/networking/firewalls/9/devices/91",
                           "/v4/nodebalancers",
                           "/v4/nodebalancers/1",
                           "/v4/nodebalancers/1/configs",
                           "/v4/nodebalancers/1/configs/2",
                           "/v4/nodebalancers/1/configs/2/nodes",
                           "/v4/nodebalancers/1/configs/2/nodes/3"}) {
    EXPECT_EQ(call("GET", path).status, 200) << path;
  }
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(LinodeCloud, AChangedRecordIsAnsweredByTheNameServerAfterTheDelayAndNotBefore) {
  ASSERT_EQ(published(), "192.0.2.10");
  const BootTime begin = system_clock().boot_now();
  ASSERT_EQ(call("PUT", kRecord, R"({"target": "198.51.100.20"})").status, 200);
  EXPECT_EQ(published(), "192.0.2.10");
  ASSERT_TRUE(wait_until([&] { return published() == "198.51.100.20"; }));
  EXPECT_GE(system_clock().boot_now() - begin, 1s);
  ASSERT_TRUE(wait_until([&] { return cloud().all_published(); }));
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(LinodeCloud, PublicationThatIsHeldUpDoesNotHappen) {
  cloud().pause_publication(true);
  ASSERT_EQ(call("PUT", kRecord, R"({"target": "198.51.100.20"})").status, 200);
  EXPECT_FALSE(cloud().all_published());
  cloud().pause_publication(false);
  EXPECT_TRUE(wait_until([&] { return published() == "198.51.100.20"; }));
}

TEST_F(LinodeCloud, PrismStopsACallThatTheDescriptionDoesNotKnow) {
  EXPECT_EQ(call("PUT", kRecord, R"({"ttl": 300})").status, 422);
  EXPECT_EQ(call("PUT", "/v4/domains/records/44", R"({"target": "192.0.2.9"})").status, 404);
  const auto calls = cloud().log();
  ASSERT_EQ(calls.size(), 2);
  EXPECT_THAT(calls[0].violations, ::testing::ElementsAre(::testing::HasSubstr("found 'ttl'")));
  EXPECT_EQ(calls[1].violations.size(), 1);
  EXPECT_FALSE(no_violations(calls));
  EXPECT_EQ(field(call("GET", kRecord), "target"), "192.0.2.10");
}

TEST_F(LinodeCloud, AViolationIsNotForgottenUnread) {
  EXPECT_EQ(call("PUT", kRecord, R"({"ttl": 300})").status, 422);
  EXPECT_NONFATAL_FAILURE(reset_judged(cloud()), "found 'ttl'");
  EXPECT_TRUE(cloud().log().empty());
  reset_judged(cloud());  // nothing was asked, so there is nothing to judge
}

TEST_F(LinodeCloud, AnAnswerThatDriftsFromTheDescriptionIsAViolation) {
  cloud().fault({.method = "GET", .kind = "edit", .with = R"("set": {"ttl_sec": "30"})"});
  EXPECT_EQ(call("GET", kRecord).status, 500);
  const auto calls = cloud().log();
  ASSERT_EQ(calls.size(), 1);
  EXPECT_THAT(calls[0].violations, ::testing::ElementsAre(::testing::HasSubstr("ttl_sec must be integer")));
  EXPECT_EQ(call("GET", kRecord).status, 200);
}

TEST_F(LinodeCloud, AWrongTokenAndAScopeThatIsMissingAreRefused) {
  EXPECT_EQ(call("GET", kRecord, "", "another").status, 401);
  write_file(cloud().token_file(), "token-of-the-cloud\nnarrow domains:read_only\n");  // read at each call
  EXPECT_EQ(call("GET", kRecord, "", "narrow").status, 200);
  EXPECT_EQ(call("PUT", kRecord, R"({"target": "198.51.100.20"})", "narrow").status, 403);
  EXPECT_EQ(call("POST", "/v4/linode/instances/123/shutdown", "", "narrow").status, 403);
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(LinodeCloud, FaultsHappenInTheirOrderAndAsOftenAsAsked) {
  cloud().fault(
      {.method = "PUT", .times = 2, .kind = "status", .with = R"("status": 429, "retry_after": 1)"});
  cloud().fault({.after = 1, .kind = "status", .with = R"("status": 503, "reason": "maintenance")"});
  const auto limited = call("PUT", kRecord, R"({"target": "198.51.100.20"})");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.headers.at("retry-after"), "1");
  EXPECT_EQ(call("GET", kRecord).status, 200);
  EXPECT_EQ(call("GET", kRecord).status, 503);
  EXPECT_EQ(call("PUT", kRecord, R"({"target": "198.51.100.20"})").status, 429);
  EXPECT_EQ(call("PUT", kRecord, R"({"target": "198.51.100.20"})").status, 200);
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(LinodeCloud, StatusesWithoutADescriptionOfTheirOwnPassAsWell) {
  for (const int status : {400, 401, 403, 404, 408, 409, 429, 500, 503}) {
    cloud().fault({.kind = "status", .with = "\"status\": " + std::to_string(status)});
    EXPECT_EQ(call("GET", "/v4/domains/33/records").status, status);
  }
  cloud().fault({.kind = "status", .with = R"("status": 500, "retry_after": -3)"});
  EXPECT_EQ(call("GET", kRecord).headers.at("retry-after"), "-3");
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(LinodeCloud, WhatNoDescriptionAllowsReachesTheClientUnchanged) {
  cloud().fault({.kind = "html", .with = R"("status": 502)"});
  const auto html = call("GET", kRecord);
  EXPECT_EQ(html.status, 502);
  EXPECT_EQ(html.headers.at("content-type"), "text/html");
  cloud().fault({.kind = "garbage"});
  EXPECT_FALSE(parse_json(call("GET", kRecord).body));
  cloud().fault({.kind = "reset"});
  EXPECT_FALSE(send("GET", kRecord));
  EXPECT_EQ(call("GET", kRecord).status, 200);
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(LinodeCloud, AFormThatIsWrongIsSeenEvenWhenTheCallRunsIntoAFault) {
  cloud().fault({.kind = "html"});
  EXPECT_EQ(call("PUT", kRecord, R"({"ttl": 300})").status, 502);
  EXPECT_FALSE(no_violations(cloud().log()));
}

TEST_F(LinodeCloud, SilenceBeforeActingChangesNothingAndSilenceAfterActingDoes) {
  cloud().fault({.kind = "timeout_before"});
  EXPECT_FALSE(send("PUT", kRecord, R"({"target": "198.51.100.20"})"));
  EXPECT_EQ(field(call("GET", kRecord), "target"), "192.0.2.10");
  cloud().fault({.kind = "timeout_after"});
  EXPECT_FALSE(send("PUT", kRecord, R"({"target": "198.51.100.20"})"));
  EXPECT_EQ(field(call("GET", kRecord), "target"), "198.51.100.20");
  const auto calls = cloud().log();
  EXPECT_FALSE(calls.at(0).status);
  EXPECT_TRUE(no_violations(calls));
}

TEST_F(LinodeCloud, ASecondWriterComesBetweenReadAndWrite) {
  cloud().fault({.method = "GET",
                 .kind = "second_writer",
                 .with = R"("change": [{"record": 44, "set": {"target": "203.0.113.99"}}])"});
  EXPECT_EQ(field(call("GET", kRecord), "target"), "192.0.2.10");
  EXPECT_EQ(field(call("GET", kRecord), "target"), "203.0.113.99");
  EXPECT_TRUE(wait_until([&] { return published() == "203.0.113.99"; }));
}

TEST_F(LinodeCloud, ATtlMayComeBackRounded) {
  cloud().fault({.method = "PUT", .kind = "ttl_rounded", .with = R"("ttl_sec": 300)"});
  const auto put = call("PUT", kRecord, R"({"target": "198.51.100.20", "ttl_sec": 30})");
  EXPECT_EQ(parse_json(put.body).value().get_int("ttl_sec").value(), 300);
}

TEST_F(LinodeCloud, AShutdownIsAJobThatReallySwitchesTheMachineOff) {
  ASSERT_EQ(call("POST", "/v4/linode/instances/123/shutdown").status, 200);
  const auto busy = call("POST", "/v4/linode/instances/123/shutdown");
  EXPECT_EQ(busy.status, 400);
  EXPECT_THAT(busy.body, ::testing::HasSubstr("Linode busy."));
  EXPECT_NE(field(call("GET", kInstance), "status"), "offline");
  ASSERT_TRUE(wait_until([&] { return field(call("GET", kInstance), "status") == "offline"; }));
  EXPECT_EQ(run_command({"test", "-e", world_->machine.file("off")}).exit_code, 0);
  EXPECT_THAT(call("GET", "/v4/account/events").body,
              ::testing::AllOf(::testing::HasSubstr("linode_shutdown"), ::testing::HasSubstr("finished")));
  ASSERT_EQ(call("POST", "/v4/linode/instances/123/boot", "{}").status, 200);
  ASSERT_TRUE(wait_until([&] { return field(call("GET", kInstance), "status") == "running"; }));
  EXPECT_NE(run_command({"test", "-e", world_->machine.file("off")}).exit_code, 0);
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(LinodeCloud, AShutdownThatNeverEndsLeavesTheMachineRunning) {
  cloud().fault({.path = "shutdown$", .kind = "stays_shutting_down"});
  ASSERT_EQ(call("POST", "/v4/linode/instances/123/shutdown").status, 200);
  ASSERT_TRUE(wait_until([&] { return field(call("GET", kInstance), "status") == "shutting_down"; }));
  EXPECT_EQ(call("POST", "/v4/linode/instances/123/shutdown").status, 400);
  EXPECT_NE(run_command({"test", "-e", world_->machine.file("off")}).exit_code, 0);
}

TEST_F(LinodeCloud, TheWatchdogFirewallRulesAndNodesCanBeChanged) {
  EXPECT_EQ(call("PUT", kInstance, R"({"watchdog_enabled": false})").status, 200);
  EXPECT_THAT(call("GET", kInstance).body, ::testing::HasSubstr(R"("watchdog_enabled":false)"));
  const std::string rules =
      R"({"inbound_policy": "DROP", "outbound_policy": "DROP", "inbound": [], "outbound": []})";
  EXPECT_EQ(call("PUT", "/v4/networking/firewalls/9/rules", rules).status, 200);
  EXPECT_EQ(field(call("GET", "/v4/networking/firewalls/9/rules"), "inbound_policy"), "DROP");
  const std::string node = "/v4/nodebalancers/1/configs/2/nodes/3";
  EXPECT_EQ(call("PUT", node, R"({"mode": "reject"})").status, 200);
  EXPECT_EQ(field(call("GET", node), "mode"), "reject");
  EXPECT_TRUE(no_violations(cloud().log()));
}

TEST_F(LinodeCloud, AResetTakesBackWhatWasPublishedAndLetsPublicationGoOn) {
  const std::string name = "extra.farshore.test";
  ASSERT_EQ(call("POST", "/v4/domains/33/records",
                 R"({"type": "A", "name": "extra", "target": "203.0.113.7", "ttl_sec": 30})")
                .status,
            200);
  ASSERT_TRUE(wait_until([&] { return address_of(world_->name_server, name) == "203.0.113.7"; }));
  cloud().pause_publication(true);
  cloud().reset();
  EXPECT_EQ(address_of(world_->name_server, name), "");
  EXPECT_EQ(published(), "192.0.2.10");
}

TEST_F(LinodeCloud, TheLogHoldsNoToken) {
  call("PUT", kRecord, R"({"target": "198.51.100.20"})");
  for (const CloudCall& one : cloud().log()) {
    EXPECT_EQ((one.method + one.path + one.query + one.body).find("token-of-the-cloud"), std::string::npos);
  }
  EXPECT_FALSE(cloud().log().empty());
}

}  // namespace
}  // namespace farshore::test
