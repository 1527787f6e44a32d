// What no fake server of Cloudflare says on demand; tests/contract has the rest.
#include "actuator/traffic/cloudflare_dns_traffic.h"

#include <gtest/gtest.h>

#include "tests/actuator/traffic/fault_table.h"
#include "tests/actuator/traffic/scripted_traffic.h"

namespace farshore {
namespace {

constexpr const char* kZone = "023e105f4ecef8ad9ca31a8372d0c353";
constexpr const char* kRecord = "372e67954025e0ba6aaa6d586b9e0b59";
constexpr const char* kOther = "372e67954025e0ba6aaa6d586b9e0b60";
constexpr const char* kToken = "372e67954025e0ba6aaa6d586b9e0b61";

TrafficConfig cloudflare_config(const std::string& token_file) {
  TrafficConfig config;
  config.name = "orders.farshore.test";
  config.type = "A";
  config.ttl = 60s;
  config.timeout = 5s;
  config.targets = {{TrafficWorld::kRegionA, TrafficWorld::kTargetA},
                    {TrafficWorld::kRegionB, TrafficWorld::kTargetB}};
  config.nameservers = {"127.0.0.1:1"};
  config.provider.kind = "cloudflare_dns";
  config.provider.line = 30;
  config.provider.text = {{"zone", "farshore.test"},
                          {"zone_id", kZone},
                          {"api_url", "http://127.0.0.1:1"},
                          {"token_file", token_file},
                          {"epoch_token", "off"}};
  return config;
}

struct Shape {
  std::string id = kRecord, type = "A", content = TrafficWorld::kTargetA;
  int ttl = 60;
  bool proxied = false;
  std::string name = "orders.farshore.test";
};

std::string envelope(const std::string& result) {
  return R"({"success":true,"errors":[],"messages":[],"result":)" + result + "}";
}

std::string listing(const std::vector<Shape>& shapes) {
  std::vector<std::string> texts;
  for (const Shape& each : shapes)
    texts.push_back(fmt::format(
        R"({{"id":"{}","type":"{}","name":"{}","content":"{}","ttl":{},"proxiable":true,"proxied":{}}})",
        each.id, each.type, each.name, each.content, each.ttl, each.proxied));
  return envelope("[" + fmt::format("{}", fmt::join(texts, ",")) + "]");
}

class CloudflareDns : public ScriptedTraffic {
 protected:
  CloudflareDns() { config_ = cloudflare_config(folder_.write("token", "t0ken\n")); }
  static Shape pointing_at_b() { return {.content = TrafficWorld::kTargetB}; }
  static Shape token(int epoch) {
    return {kToken, "TXT", fmt::format(R"(\"epoch={}\")", epoch),
            60,     false, "farshore-epoch.orders.farshore.test"};
  }
};

TEST_F(CloudflareDns, TheRecordIsPatchedInPlaceAndReadBack) {
  http_.answer(200, listing({Shape{}}));
  http_.answer(200, envelope("{}"));
  http_.answer(200, listing({pointing_at_b()}));
  ASSERT_TRUE(move());
  const std::string records = fmt::format("/client/v4/zones/{}/dns_records", kZone);
  EXPECT_EQ(sent(), (std::vector<std::string>{"GET " + records + "?name=orders.farshore.test&per_page=100",
                                              "PATCH " + records + "/" + kRecord,
                                              "GET " + records + "?name=orders.farshore.test&per_page=100"}));
  const HttpRequest patch = http_.requests().at(1);
  EXPECT_EQ(patch.body, R"({"type":"A","name":"orders.farshore.test","content":"198.51.100.20","ttl":60,)"
                        R"("proxied":false})");
  EXPECT_EQ(patch.headers.at("Authorization"), "Bearer t0ken");
}

TEST_F(CloudflareDns, TheTokenIsWrittenBeforeTheRecordAndAnOlderEpochFindsIt) {
  config_.provider.text["epoch_token"] = "on";
  http_.answer(200, listing({Shape{}}));
  http_.answer(200, listing({token(6)}));
  http_.answer(200, envelope("{}"));
  http_.answer(200, envelope("{}"));
  http_.answer(200, listing({pointing_at_b()}));
  http_.answer(200, listing({token(7)}));
  ASSERT_TRUE(move(7));
  const auto requests = http_.requests();
  ASSERT_EQ(requests.size(), 6u);
  EXPECT_TRUE(requests[2].url.ends_with(kToken));
  EXPECT_EQ(requests[2].body, R"({"type":"TXT","name":"farshore-epoch.orders.farshore.test",)"
                              R"("content":"\"epoch=7\"","ttl":60})");
  EXPECT_TRUE(requests[3].url.ends_with(kRecord));

  const Status older = traffic().point_to(TrafficWorld::kRegionA, 6, soon());
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, ErrorCode::kConflict);
}

TEST_F(CloudflareDns, TheFirstTokenIsMade) {
  config_.provider.text["epoch_token"] = "on";
  http_.answer(200, listing({Shape{}}));
  http_.answer(200, listing({}));
  http_.answer(200, envelope("{}"));
  http_.answer(200, envelope("{}"));
  http_.answer(200, listing({pointing_at_b()}));
  http_.answer(200, listing({token(7)}));
  ASSERT_TRUE(move());
  EXPECT_EQ(sent().at(2), fmt::format("POST /client/v4/zones/{}/dns_records", kZone));
}

TEST_F(CloudflareDns, AProxiedRecordIsTroubleAndIsMendedByTheSwitch) {
  Shape proxied = pointing_at_b();
  proxied.proxied = true;
  http_.answer(200, listing({proxied}));
  const auto faults = traffic().faults(soon());
  ASSERT_TRUE(faults);
  ASSERT_EQ(faults->size(), 1u);
  EXPECT_NE(faults->front().find("proxied"), std::string::npos);

  // It points at B already, but clients get something else: it is written all the same.
  http_.answer(200, listing({proxied}));
  http_.answer(200, envelope("{}"));
  http_.answer(200, listing({pointing_at_b()}));
  EXPECT_TRUE(move());
  EXPECT_EQ(http_.requests().at(2).method, "PATCH");
}

TEST_F(CloudflareDns, ARecordThatStaysProxiedIsNoSuccess) {
  Shape proxied = pointing_at_b();
  proxied.proxied = true;
  for (int i = 0; i < 4; ++i) {
    http_.answer(200, listing({proxied}));
    http_.answer(200, envelope("{}"));
    http_.answer(200, listing({proxied}));
  }
  const Status moved = move();
  ASSERT_FALSE(moved);
  EXPECT_TRUE(moved.error().retryable());
  EXPECT_NE(moved.error().message.find("proxied"), std::string::npos);
}

TEST_F(CloudflareDns, AutomaticTtlIs300Seconds) {
  Shape automatic = pointing_at_b();
  automatic.ttl = 1;
  http_.answer(200, listing({automatic}));
  const auto faults = traffic().faults(soon());
  ASSERT_TRUE(faults);
  ASSERT_EQ(faults->size(), 1u);
  EXPECT_NE(faults->front().find("300 s"), std::string::npos);
}

TEST_F(CloudflareDns, ASecondValueGoesInTheSameTransaction) {
  http_.answer(200, listing({Shape{}, {.id = kOther, .content = "203.0.113.5"}}));
  http_.answer(200, envelope("{}"));
  http_.answer(200, listing({pointing_at_b()}));
  ASSERT_TRUE(move());
  EXPECT_EQ(sent().at(1), fmt::format("POST /client/v4/zones/{}/dns_records/batch", kZone));
  EXPECT_EQ(
      http_.requests().at(1).body,
      fmt::format(R"({{"deletes":[{{"id":"{}"}}],"patches":[{{"id":"{}","type":"A",)"
                  R"("name":"orders.farshore.test","content":"198.51.100.20","ttl":60,"proxied":false}}]}})",
                  kOther, kRecord));
}

TEST_F(CloudflareDns, AConfiguredRecordIsTheOneThatIsKeptAndMustBeThere) {
  config_.provider.text["record_id"] = kOther;
  http_.answer(200, listing({Shape{}}));
  http_.answer(200, listing({Shape{}, {.id = kOther, .content = "203.0.113.5"}}));
  http_.answer(200, envelope("{}"));
  http_.answer(200, listing({{.id = kOther, .content = TrafficWorld::kTargetB}}));
  EXPECT_EQ(traffic().current(soon()).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(move());
  EXPECT_NE(http_.requests().at(2).body.find(fmt::format(R"("deletes":[{{"id":"{}"}}])", kRecord)),
            std::string::npos);
}

// A record that is made twice answers with two addresses: what became of the first attempt is looked at.
TEST_F(CloudflareDns, ACreationWhoseAnswerWasLostIsNotRepeatedBlindly) {
  http_.answer(200, listing({}));
  http_.answer(fail(ErrorCode::kUnknown, "reset"));
  http_.answer(200, listing({pointing_at_b()}));
  ASSERT_TRUE(move());
  ASSERT_EQ(http_.requests().size(), 3u);
  EXPECT_EQ(http_.requests()[1].method, "POST");
}

TEST_F(CloudflareDns, AnIdenticalRecordIsSuccessOnlyWhenItIsSeen) {
  const std::string identical =
      R"({"success":false,"errors":[{"code":81058,"message":"An identical record already exists."}],)"
      R"("messages":[],"result":null})";
  http_.answer(200, listing({}));
  http_.answer(400, identical);
  http_.answer(200, listing({pointing_at_b()}));
  EXPECT_TRUE(move());
  EXPECT_EQ(http_.requests().size(), 3u);
}

TEST_F(CloudflareDns, ARefusalWithStatus200IsNoSuccess) {
  http_.answer(200, listing({Shape{}}));
  http_.answer(
      200, R"({"success":false,"errors":[{"code":1004,"message":"DNS Validation Error"}],"result":null})");
  http_.answer(200, listing({Shape{}}));
  const Status moved = move();
  ASSERT_FALSE(moved);
}

TEST_F(CloudflareDns, TheZoneIsLookedUpOnceByItsName) {
  config_.provider.text.erase("zone_id");
  config_.provider.text["zone"] = "farshore.test.";
  http_.answer(200, envelope(fmt::format(R"([{{"id":"{}","name":"farshore.test"}}])", kZone)));
  http_.answer(200, listing({Shape{}}));
  EXPECT_EQ(traffic().current(soon()).value(), TrafficWorld::kTargetA);
  EXPECT_EQ(traffic().current(soon()).value(), TrafficWorld::kTargetA);
  EXPECT_EQ(sent().at(0), "GET /client/v4/zones?name=farshore.test&per_page=50");
  EXPECT_EQ(http_.requests().size(), 3u);
}

TEST_F(CloudflareDns, AZoneThatIsNotThereOrThereTwiceIsSaid) {
  config_.provider.text.erase("zone_id");
  http_.answer(200, envelope("[]"));
  http_.answer(200, envelope(fmt::format(
                        R"([{{"id":"{}","name":"farshore.test"}},{{"id":"{}","name":"farshore.test"}}])",
                        kZone, kOther)));
  EXPECT_EQ(traffic().current(soon()).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(traffic().current(soon()).error().code, ErrorCode::kConflict);
}

TEST_F(CloudflareDns, GarbageInPlaceOfRecordsIsUnavailable) {
  for (const std::string& result :
       {std::string("7"), std::string("[7]"), std::string("null"), std::string(R"({"id":1})"),
        std::string(R"([{"name":"orders.farshore.test","type":"A"}])"),
        std::string(
            R"([{"name":"orders.farshore.test","id":"../../x","type":"A","content":"x","ttl":60}])")}) {
    FakeHttpClient http;
    http.answer(200, envelope(result));
    const auto traffic = make_traffic_switch(config_, {http, commands_, dns_, clock_, "shop"}).value();
    EXPECT_EQ(traffic->current(soon()).error().code, ErrorCode::kUnavailable) << result;
  }
}

TEST_F(CloudflareDns, WhatCannotWorkOnTheDayIsRefusedWithItsLine) {
  const auto refused = [this](const std::string& key, const std::string& value, seconds ttl = 60s) {
    TrafficConfig config = config_;
    config.ttl = ttl;
    config.provider.text[key] = value;
    const auto made = make_traffic_switch(config, {http_, commands_, dns_, clock_, "shop"});
    return !made && made.error().code == ErrorCode::kInvalidArgument &&
           made.error().message.find("line 30") != std::string::npos;
  };
  EXPECT_FALSE(refused("zone", "farshore.test"));
  EXPECT_TRUE(refused("zone", ""));
  EXPECT_TRUE(refused("token_file", ""));
  EXPECT_TRUE(refused("zone_id", "33"));
  EXPECT_TRUE(refused("record_id", "../33"));
  EXPECT_TRUE(refused("enterprise", "off", 30s)) << "an ordinary zone takes no TTL below 60 s";
  EXPECT_FALSE(refused("enterprise", "on", 30s));
  EXPECT_TRUE(refused("enterprise", "on", 29s));
  EXPECT_TRUE(refused("enterprise", "off", 86401s));
}

TEST_F(CloudflareDns, NameServersThatAreNotConfiguredAreLookedUp) {
  config_.nameservers.clear();
  dns_.nameservers(std::vector<std::string>{"ada.ns.cloudflare.com:53"});
  dns_.answer("ada.ns.cloudflare.com:53",
              {0, true, {{"orders.farshore.test.", "A", 60, TrafficWorld::kTargetB}}});
  EXPECT_TRUE(traffic().observed(soon())->all_answer_only(TrafficWorld::kTargetB));
  EXPECT_EQ(traffic().settles_within(), 60s);
}

TEST_F(CloudflareDns, AChangeThatIsRefusedIsNamedForTheJournal) {
  http_.answer(200, listing({Shape{}}));
  http_.answer(HttpResponse{403, {{"cf-ray", "8f2a-AMS"}}, ""});
  EXPECT_EQ(move().error().code, ErrorCode::kPermission);
  EXPECT_EQ(traffic().receipt().change, "8f2a-AMS");
}

class CloudflareAnswersAtFaults final : public ProviderAnswers {
 public:
  TrafficConfig config() override { return cloudflare_config(folder_.write("token", "t0ken\n")); }
  std::string holding(const std::string& target) override { return listing({{.content = target}}); }
  std::string accepted(const std::string&) override { return envelope("{}"); }

 private:
  TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(CloudflareDns, FaultTable, fault_rows(+[]() -> std::unique_ptr<ProviderAnswers> {
                           return std::make_unique<CloudflareAnswersAtFaults>();
                         }),
                         fault_name);

}  // namespace
}  // namespace farshore
