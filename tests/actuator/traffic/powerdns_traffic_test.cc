#include "actuator/traffic/powerdns_traffic.h"

#include <gtest/gtest.h>

#include "common/json/json_value.h"
#include "tests/actuator/traffic/contract_suite.h"
#include "tests/actuator/traffic/fault_table.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_dns_resolver.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/support/powerdns_server.h"

namespace farshore {
namespace {

TrafficConfig make_config(const std::string& api_url, const std::string& nameserver,
                          const std::string& key_file) {
  TrafficConfig config;
  config.name = "orders.farshore.test";
  config.type = "A";
  config.ttl = 1s;
  config.timeout = 5s;
  config.targets = {{TrafficWorld::kRegionA, TrafficWorld::kTargetA},
                    {TrafficWorld::kRegionB, TrafficWorld::kTargetB}};
  config.nameservers = {nameserver};
  config.provider.kind = "powerdns";
  config.provider.line = 30;
  config.provider.text = {{"zone", "farshore.test"},
                          {"api_url", api_url},
                          {"server_id", "localhost"},
                          {"api_key_file", key_file}};
  return config;
}

test::PowerDnsOptions one_record() {
  test::PowerDnsOptions options;
  options.records = {{"orders", "A", "1", TrafficWorld::kTargetA}};
  return options;
}

class PowerDnsWorld final : public TrafficWorld {
 public:
  PowerDnsWorld() : server_(one_record()) {
    test::write_file(key_file(), server_.options().api_key + "\n");
    traffic_ =
        make_traffic_switch(make_config(server_.api_url(), server_.nameserver(), key_file()), deps()).value();
  }
  TrafficSwitch& traffic() override { return *traffic_; }
  test::PowerDnsFixture& server() { return server_; }
  std::string key_file() const { return server_.folder() + "/key"; }
  TrafficDeps deps() { return {*http_, commands_, *dns_, system_clock(), "shop"}; }
  uint32_t serial() {
    const auto answer =
        dns_->ask(server_.nameserver(), "farshore.test", "SOA", system_clock().boot_now() + 20s);
    std::istringstream soa(answer.value().answers.at(0).data);
    std::string primary, person;
    uint32_t serial = 0;
    soa >> primary >> person >> serial;
    return serial;
  }

 private:
  test::PowerDnsFixture server_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
  std::unique_ptr<DnsResolver> dns_ = make_dns_resolver(system_clock());
  FakeCommandRunner commands_;
  std::unique_ptr<TrafficSwitch> traffic_;
};

INSTANTIATE_TEST_SUITE_P(PowerDns, TrafficContract, ::testing::Values(+[]() -> std::unique_ptr<TrafficWorld> {
                           return std::make_unique<PowerDnsWorld>();
                         }));

BootTime soon() { return system_clock().boot_now() + 20s; }

TEST(PowerDnsTraffic, AValueThatIsAlreadyThereLeavesTheSerialAlone) {
  PowerDnsWorld world;
  ASSERT_TRUE(world.traffic().point_to(TrafficWorld::kRegionA, 7, soon()));  // writes the token
  const uint32_t before = world.serial();
  ASSERT_TRUE(world.traffic().point_to(TrafficWorld::kRegionA, 7, soon()));
  EXPECT_EQ(world.serial(), before);
  ASSERT_TRUE(world.traffic().point_to(TrafficWorld::kRegionB, 7, soon()));
  EXPECT_GT(world.serial(), before) << "secondaries must notice a change";
}

TEST(PowerDnsTraffic, AWriterOfAnOlderEpochIsRefusedAndNothingMoves) {
  PowerDnsWorld world;
  ASSERT_TRUE(world.traffic().point_to(TrafficWorld::kRegionB, 8, soon()));
  const Status stale = world.traffic().point_to(TrafficWorld::kRegionA, 7, soon());
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, ErrorCode::kConflict);
  EXPECT_EQ(world.traffic().current(soon()).value(), TrafficWorld::kTargetB);
  EXPECT_TRUE(world.traffic().faults(soon()).value().empty());
}

TEST(PowerDnsTraffic, ASecondRecordAndATtlThatIsNotTheConfiguredOneAreFaults) {
  test::PowerDnsOptions options = one_record();
  options.records = {{"orders", "A", "600", TrafficWorld::kTargetA}, {"orders", "A", "600", "203.0.113.9"}};
  test::PowerDnsFixture server(options);
  test::TempDir folder;
  test::write_file(folder.file("key"), server.options().api_key + "\n");
  const auto http = make_curl_client();
  const auto dns = make_dns_resolver(system_clock());
  FakeCommandRunner commands;
  const auto traffic =
      make_traffic_switch(make_config(server.api_url(), server.nameserver(), folder.file("key")),
                          {*http, commands, *dns, system_clock(), "shop"})
          .value();
  const auto faults = traffic->faults(soon()).value();
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_NE(faults[0].find("2 places at once"), std::string::npos) << faults[0];
  EXPECT_EQ(faults[1], "its TTL is 600 s, configured are 1 s");
}

TEST(PowerDnsTraffic, ARotatedKeyNeedsNoRestartAndAWrongOneIsPermission) {
  PowerDnsWorld world;
  test::write_file(world.key_file(), "stolen\n");
  const Status denied = world.traffic().point_to(TrafficWorld::kRegionB, 7, soon());
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::kPermission);
  EXPECT_EQ(denied.error().message.find("stolen"), std::string::npos);
  test::write_file(world.key_file(), "labkey\n");
  EXPECT_TRUE(world.traffic().point_to(TrafficWorld::kRegionB, 7, soon()));
}

TEST(PowerDnsTraffic, AFrozenServerCostsTheDeadlineAndLeavesItUnanswered) {
  PowerDnsWorld world;
  world.server().freeze();
  const BootTime deadline = system_clock().boot_now() + 300ms;
  const Status moved = world.traffic().point_to(TrafficWorld::kRegionB, 7, deadline);
  const auto view = world.traffic().observed(system_clock().boot_now() + 300ms);
  world.server().resume();
  ASSERT_FALSE(moved);
  EXPECT_TRUE(moved.error().retryable());
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->answers.at(0).failure.empty());
  EXPECT_FALSE(view->all_answer_only(TrafficWorld::kTargetA));
}

TEST(PowerDnsTraffic, AnUnknownZoneIsNotFound) {
  PowerDnsWorld world;
  TrafficConfig config = make_config(world.server().api_url(), world.server().nameserver(), world.key_file());
  config.provider.text["zone"] = "other.test";
  const auto traffic = make_traffic_switch(config, world.deps()).value();
  EXPECT_EQ(traffic->point_to(TrafficWorld::kRegionB, 7, soon()).error().code, ErrorCode::kNotFound);
}

// What the real server cannot be made to say on demand.
class ScriptedPowerDns : public ::testing::Test {
 protected:
  ScriptedPowerDns() { test::write_file(folder_.file("key"), "k\n"); }
  static std::string zone(const std::string& content, int ttl = 1, bool disabled = false) {
    return fmt::format(
        R"({{"name":"farshore.test.","rrsets":[{{"name":"orders.farshore.test.","type":"A","ttl":{},)"
        R"("records":[{{"content":"{}","disabled":{}}}]}}]}})",
        ttl, content, disabled);
  }
  BootTime soon() { return clock_.boot_now() + 20s; }
  Status move() { return traffic_->point_to(TrafficWorld::kRegionB, 7, soon()); }
  // Without a token there is one question a look.
  std::unique_ptr<TrafficSwitch> make(HttpClient& http, const std::string& token = "off") {
    TrafficConfig config = make_config("http://127.0.0.1:1", "127.0.0.1:1", folder_.file("key"));
    config.provider.text["epoch_token"] = token;
    return make_traffic_switch(config, {http, commands_, dns_, clock_, "shop"}).value();
  }

  test::TempDir folder_;
  FakeHttpClient http_;
  FakeCommandRunner commands_;
  FakeDnsResolver dns_;
  FakeClock clock_;
  std::unique_ptr<TrafficSwitch> traffic_ = make(http_);
};

TEST_F(ScriptedPowerDns, EveryStatusSaysWhetherTryingAgainCanHelp) {
  const std::map<int, ErrorCode> meanings{
      {400, ErrorCode::kInvalidArgument}, {401, ErrorCode::kPermission},  {403, ErrorCode::kPermission},
      {404, ErrorCode::kNotFound},        {409, ErrorCode::kConflict},    {422, ErrorCode::kInvalidArgument},
      {429, ErrorCode::kUnavailable},     {500, ErrorCode::kUnavailable}, {502, ErrorCode::kUnavailable},
      {302, ErrorCode::kUnavailable}};
  for (const auto& [status, code] : meanings) {
    FakeHttpClient http;
    http.answer(status, "<html>Bad Gateway</html>");
    const auto traffic = make(http);
    const auto current = traffic->current(soon());
    ASSERT_FALSE(current);
    EXPECT_EQ(current.error().code, code) << status;
    EXPECT_EQ(current.error().message.find("html"), std::string::npos) << "no page in a message";
  }
}

TEST_F(ScriptedPowerDns, ALockedDatabaseIsTriedAgain) {
  http_.answer(200, zone(TrafficWorld::kTargetA));
  http_.answer(500, "Internal Server Error");
  http_.answer(200, zone(TrafficWorld::kTargetA));
  http_.answer(204);
  http_.answer(200, zone(TrafficWorld::kTargetB));
  EXPECT_TRUE(move());
  EXPECT_EQ(http_.requests().size(), 5u);
}

TEST_F(ScriptedPowerDns, AWriteWhoseAnswerWasLostIsLookedAtBeforeItIsRepeated) {
  http_.answer(200, zone(TrafficWorld::kTargetA));
  http_.answer(fail(ErrorCode::kUnknown, "reset"));
  http_.answer(200, zone(TrafficWorld::kTargetB));
  EXPECT_TRUE(move());
  ASSERT_EQ(http_.requests().size(), 3u);
  EXPECT_EQ(http_.requests()[1].method, "PATCH");
  EXPECT_EQ(http_.requests()[2].method, "GET");
}

TEST_F(ScriptedPowerDns, AProxysSuccessIsNotBelieved) {
  http_.answer(200, zone(TrafficWorld::kTargetA));
  http_.answer(200, "<html>Welcome</html>");
  http_.answer(200, zone(TrafficWorld::kTargetA));
  const Status moved = move();
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kUnknown);
}

TEST_F(ScriptedPowerDns, GarbageInPlaceOfTheZoneIsUnavailable) {
  for (const char* body :
       {"", "<html></html>", "[]", "{}", R"({"rrsets":7})", R"({"rrsets":[{"name":7}]})"}) {
    FakeHttpClient http;
    http.answer(200, body);
    const auto traffic = make(http);
    EXPECT_EQ(traffic->current(soon()).error().code, ErrorCode::kUnavailable) << body;
  }
}

TEST_F(ScriptedPowerDns, ADisabledRecordOrAnOldTtlIsNotTheTarget) {
  http_.answer(200, zone(TrafficWorld::kTargetB, 3600));
  http_.answer(204);
  http_.answer(200, zone(TrafficWorld::kTargetB, 1));
  EXPECT_TRUE(move());
  EXPECT_EQ(http_.requests().at(1).method, "PATCH");

  FakeHttpClient disabled;
  disabled.answer(200, zone(TrafficWorld::kTargetB, 1, true));
  const auto traffic = make(disabled);
  EXPECT_EQ(traffic->current(soon()).error().code, ErrorCode::kNotFound);
}

TEST_F(ScriptedPowerDns, TheRequestIsWhatTheApiAsksFor) {
  http_.answer(200, zone(TrafficWorld::kTargetA));
  http_.answer(204);
  http_.answer(200, zone(TrafficWorld::kTargetB));
  ASSERT_TRUE(move());
  const HttpRequest get = http_.requests().at(0), patch = http_.requests().at(1);
  EXPECT_EQ(get.url,
            "http://127.0.0.1:1/api/v1/servers/localhost/zones/farshore.test."
            "?rrset_name=orders.farshore.test.");
  EXPECT_EQ(patch.url, "http://127.0.0.1:1/api/v1/servers/localhost/zones/farshore.test.");
  EXPECT_EQ(patch.headers.at("X-API-Key"), "k");
  EXPECT_EQ(patch.body,
            R"({"rrsets":[{"name":"orders.farshore.test.","type":"A","ttl":1,"changetype":"REPLACE",)"
            R"("records":[{"content":"198.51.100.20","disabled":false}]}]})");
}

TEST_F(ScriptedPowerDns, TheTokenIsWrittenWithTheRecord) {
  const std::string token =
      R"({"rrsets":[{"name":"farshore-epoch.orders.farshore.test.","type":"TXT","ttl":1,)"
      R"("records":[{"content":"\"epoch=7\"","disabled":false}]}]})";
  http_.answer(200, zone(TrafficWorld::kTargetA));
  http_.answer(200, R"({"rrsets":[]})");
  http_.answer(204);
  http_.answer(200, zone(TrafficWorld::kTargetB));
  http_.answer(200, token);
  ASSERT_TRUE(make(http_, "on")->point_to(TrafficWorld::kRegionB, 7, soon()));
  EXPECT_NE(
      http_.requests().at(2).body.find(
          R"("name":"farshore-epoch.orders.farshore.test.","type":"TXT","ttl":1,"changetype":"REPLACE",)"
          R"("records":[{"content":"\"epoch=7\"","disabled":false}])"),
      std::string::npos)
      << http_.requests().at(2).body;
}

TEST_F(ScriptedPowerDns, AMissingFieldIsRefusedWithItsLine) {
  TrafficConfig config = make_config("http://127.0.0.1:1", "127.0.0.1:1", "/k");
  config.provider.text.erase("zone");
  const auto made = make_traffic_switch(config, {http_, commands_, dns_, system_clock(), "shop"});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("line 30"), std::string::npos);
  config.provider.kind = "carrier_pigeon";
  EXPECT_FALSE(make_traffic_switch(config, {http_, commands_, dns_, system_clock(), "shop"}));
}

class PowerDnsAnswersAtFaults final : public ProviderAnswers {
 public:
  TrafficConfig config() override {
    const std::string key = folder_.file("key");
    test::write_file(key, "t0ken\n");
    TrafficConfig config = make_config("http://127.0.0.1:1", "127.0.0.1:1", key);
    config.provider.text["epoch_token"] = "off";
    return config;
  }
  std::string holding(const std::string& target) override {
    return R"({"rrsets":[{"name":"orders.farshore.test.","type":"A","ttl":1,"records":[{"content":")" +
           target + R"(","disabled":false}]}]})";
  }
  std::string accepted(const std::string&) override { return ""; }

 private:
  test::TempDir folder_;
};

INSTANTIATE_TEST_SUITE_P(PowerDns, FaultTable, fault_rows(+[]() -> std::unique_ptr<ProviderAnswers> {
                           return std::make_unique<PowerDnsAnswersAtFaults>();
                         }),
                         fault_name);

}  // namespace
}  // namespace farshore
