// What no fake of Route 53 says on demand, and the words that it is told; tests/contract has the rest.
#include "actuator/traffic/route53_traffic.h"

#include <gtest/gtest.h>

#include "common/xml/xml_element.h"
#include "tests/actuator/traffic/fault_table.h"
#include "tests/actuator/traffic/scripted_traffic.h"

namespace farshore {
namespace {

constexpr const char* kName = "orders.farshore.test.";
constexpr const char* kTokenName = "farshore-epoch.orders.farshore.test.";

std::string set_xml(const std::string& name, const std::string& type, const std::string& value, int ttl = 60,
                    const std::string& more = "") {
  return fmt::format(
      "<ResourceRecordSet><Name>{}</Name><Type>{}</Type>{}<TTL>{}</"
      "TTL><ResourceRecords><ResourceRecord><Value>{}"
      "</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>",
      name, type, more, ttl, xml_escape(value));
}

std::string listing(const std::string& sets, const std::string& end = "<IsTruncated>false</IsTruncated>") {
  return R"(<?xml version="1.0"?><ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">)"
         "<ResourceRecordSets>" +
         sets + "</ResourceRecordSets>" + end + "<MaxItems>100</MaxItems></ListResourceRecordSetsResponse>";
}

std::string record(const std::string& value, int ttl = 60) { return set_xml(kName, "A", value, ttl); }
std::string token(int epoch) { return set_xml(kTokenName, "TXT", fmt::format("\"epoch={}\"", epoch)); }

std::string change(const std::string& status) {
  return "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>" + status +
         "</Status><SubmittedAt>2026-11-22T00:00:00Z</SubmittedAt></ChangeInfo></"
         "ChangeResourceRecordSetsResponse>";
}

TrafficConfig route53_config(const TemporaryFolder& folder) {
  TrafficConfig config;
  config.name = "orders.farshore.test";
  config.type = "A";
  config.ttl = 60s;
  config.timeout = 5s;
  config.targets = {{TrafficWorld::kRegionA, TrafficWorld::kTargetA},
                    {TrafficWorld::kRegionB, TrafficWorld::kTargetB}};
  config.nameservers = {"127.0.0.1:1"};
  config.provider.kind = "route53";
  config.provider.line = 30;
  config.provider.text = {
      {"zone", "farshore.test"},
      {"zone_id", "Z1"},
      {"api_url", "http://127.0.0.1:1"},
      {"credentials_file",
       folder.write("aws", "[default]\naws_access_key_id = AKID\naws_secret_access_key = t0ken\n")},
      {"epoch_token", "on"}};
  return config;
}

class Route53 : public ScriptedTraffic {
 protected:
  Route53() { config_ = route53_config(folder_); }
};

TEST_F(Route53, RecordAndTokenAreComparedAndReplacedInOneBatch) {
  http_.answer(200, listing(record(TrafficWorld::kTargetA, 300) + token(6)));
  http_.answer(200, change("PENDING"));
  http_.answer(200, change("PENDING"));
  http_.answer(200, change("INSYNC"));
  http_.answer(200, listing(record(TrafficWorld::kTargetB) + token(7)));
  ASSERT_TRUE(move(7));
  EXPECT_EQ(sent(), (std::vector<std::string>{
                        "GET /2013-04-01/hostedzone/Z1/rrset?maxitems=100&name=orders.farshore.test.",
                        "POST /2013-04-01/hostedzone/Z1/rrset/", "GET /2013-04-01/change/C1",
                        "GET /2013-04-01/change/C1",
                        "GET /2013-04-01/hostedzone/Z1/rrset?maxitems=100&name=orders.farshore.test."}));
  const HttpRequest post = http_.requests().at(1);
  ASSERT_TRUE(post.sigv4);
  EXPECT_EQ(post.sigv4->key_id, "AKID");
  const auto body = parse_xml(post.body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->name, "ChangeResourceRecordSetsRequest");
  std::vector<std::string> changes;
  for (const XmlElement& each : body->child("ChangeBatch")->child("Changes")->children) {
    const XmlElement* set = each.child("ResourceRecordSet");
    changes.push_back(fmt::format("{} {} {} {} {}", each.text_of("Action"), set->text_of("Name"),
                                  set->text_of("Type"), set->text_of("TTL"),
                                  set->child("ResourceRecords")->children.at(0).text_of("Value")));
  }
  EXPECT_EQ(changes,
            (std::vector<std::string>{"DELETE orders.farshore.test. A 300 192.0.2.10",
                                      "DELETE farshore-epoch.orders.farshore.test. TXT 60 \"epoch=6\"",
                                      "CREATE orders.farshore.test. A 60 198.51.100.20",
                                      "CREATE farshore-epoch.orders.farshore.test. TXT 60 \"epoch=7\""}));
  EXPECT_EQ(traffic().receipt().change, "C1");
  EXPECT_EQ(traffic().receipt().cached_for, 300s);
}

TEST_F(Route53, AChangeThatStaysPendingIsNeitherUndoneNorRepeatedAndLeavesTimeToLook) {
  http_.answer(200, listing(record(TrafficWorld::kTargetA) + token(6)));
  http_.answer(200, change("PENDING"));
  for (int i = 0; i < 8; ++i) http_.answer(200, change("PENDING"));
  http_.answer(200, listing(record(TrafficWorld::kTargetB) + token(7)));
  const BootTime begin = clock_.boot_now();
  // 250 + 500 + 1000 ms, then every 2 s: the eighth look is 11.75 s after the change.
  ASSERT_TRUE(traffic().point_to(TrafficWorld::kRegionB, 7, begin + 14s));
  EXPECT_LE(clock_.boot_now(), begin + 12500ms);
  const auto lines = sent();
  EXPECT_EQ(std::ranges::count_if(lines, [](const auto& line) { return line.starts_with("POST"); }), 1);
}

// The batch was applied and its answer was lost: the second one is refused, but nothing is lost.
TEST_F(Route53, AnInvalidBatchIsReadAgainBeforeItIsCalledLost) {
  http_.answer(200, listing(record(TrafficWorld::kTargetA) + token(6)));
  http_.answer(
      400,
      "<InvalidChangeBatch><Messages><Message>it was not found</Message></Messages></InvalidChangeBatch>");
  http_.answer(200, listing(record(TrafficWorld::kTargetB) + token(7)));
  EXPECT_TRUE(move(7));
  EXPECT_EQ(http_.requests().size(), 3u);
}

TEST_F(Route53, AnOlderEpochThatLostTheBatchStops) {
  http_.answer(200, listing(record(TrafficWorld::kTargetA) + token(6)));
  http_.answer(
      400,
      "<InvalidChangeBatch><Messages><Message>it was not found</Message></Messages></InvalidChangeBatch>");
  http_.answer(200, listing(record(TrafficWorld::kTargetA) + token(8)));
  const Status moved = move(7);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kConflict);
}

TEST_F(Route53, ALostAnswerIsLookedAtBeforeAnythingIsSentAgain) {
  http_.answer(200, listing(record(TrafficWorld::kTargetA) + token(6)));
  http_.answer(fail(ErrorCode::kUnknown, "reset"));
  http_.answer(200, listing(record(TrafficWorld::kTargetB) + token(7)));
  EXPECT_TRUE(move(7));
  EXPECT_EQ(http_.requests().size(), 3u);
}

TEST_F(Route53, ATokenBehindTheFirstPageIsAskedFor) {
  const std::string truncated =
      "<IsTruncated>true</IsTruncated><NextRecordName>a.orders.farshore.test.</NextRecordName>";
  http_.answer(200, listing(record(TrafficWorld::kTargetB), truncated));
  http_.answer(200, listing(token(7)));
  ASSERT_TRUE(move(7));
  EXPECT_EQ(
      sent().at(1),
      "GET /2013-04-01/hostedzone/Z1/rrset?maxitems=1&name=farshore-epoch.orders.farshore.test.&type=TXT");
}

TEST_F(Route53, AnAliasOrAPolicyIsTroubleAndIsNotTouched) {
  for (const std::string& set :
       {"<ResourceRecordSet><Name>" + std::string(kName) +
            "</Name><Type>A</Type><AliasTarget><DNSName>x.</DNSName></AliasTarget></ResourceRecordSet>",
        set_xml(kName, "A", TrafficWorld::kTargetB, 60,
                "<SetIdentifier>s</SetIdentifier><Weight>1</Weight>")}) {
    FakeHttpClient http;
    http.answer(200, listing(set + token(7)));
    const auto traffic = make_traffic_switch(config_, {http, commands_, dns_, clock_, "shop"}).value();
    const Status moved = traffic->point_to(TrafficWorld::kRegionB, 7, soon());
    ASSERT_FALSE(moved);
    EXPECT_NE(moved.error().message.find("simple"), std::string::npos) << moved.error().message;
    for (const HttpRequest& request : http.requests()) EXPECT_EQ(request.method, "GET");
  }
}

TEST_F(Route53, TheZoneIsLookedUpByNameAndAPrivateOneIsNotTaken) {
  config_.provider.text.erase("zone_id");
  const auto zone = [](const std::string& id, const std::string& name, bool is_private) {
    return fmt::format(
        "<HostedZone><Id>/hostedzone/{}</Id><Name>{}</Name><Config><PrivateZone>{}</PrivateZone></Config></"
        "HostedZone>",
        id, name, is_private);
  };
  http_.answer(200, "<ListHostedZonesByNameResponse><HostedZones>" + zone("Z8", "farshore.test.", true) +
                        zone("Z9", "farshore.test.", false) + zone("Z7", "other.test.", false) +
                        "</HostedZones></ListHostedZonesByNameResponse>");
  http_.answer(200, listing(record(TrafficWorld::kTargetA)));
  EXPECT_EQ(traffic().current(soon()).value(), TrafficWorld::kTargetA);
  EXPECT_EQ(sent(), (std::vector<std::string>{
                        "GET /2013-04-01/hostedzonesbyname?dnsname=farshore.test.&maxitems=100",
                        "GET /2013-04-01/hostedzone/Z9/rrset?maxitems=100&name=orders.farshore.test."}));
}

TEST_F(Route53, ARecordThatIsNotThereIsMadeAndNothingIsDeleted) {
  config_.provider.text["epoch_token"] = "off";
  http_.answer(200, listing(set_xml("other.farshore.test.", "A", "192.0.2.1")));
  http_.answer(200, change("INSYNC"));
  http_.answer(200, listing(record(TrafficWorld::kTargetB)));
  ASSERT_TRUE(move());
  const std::string body = http_.requests().at(1).body;
  EXPECT_EQ(body.find("DELETE"), std::string::npos);
  EXPECT_EQ(body.find("epoch"), std::string::npos);
}

TEST_F(Route53, GarbageInPlaceOfAListingIsUnavailable) {
  for (const std::string& body :
       {std::string(), std::string("<html></html>"), std::string("{}"), listing("<ResourceRecordSet/>"),
        listing(set_xml(kName, "", "x")), std::string("<ListResourceRecordSetsResponse/>")}) {
    FakeHttpClient http;
    http.answer(200, body);
    const auto traffic = make_traffic_switch(config_, {http, commands_, dns_, clock_, "shop"}).value();
    EXPECT_EQ(traffic->current(soon()).error().code, ErrorCode::kUnavailable) << body;
  }
}

TEST_F(Route53, AProxysSuccessIsNotBelieved) {
  http_.answer(200, listing(record(TrafficWorld::kTargetA) + token(6)));
  http_.answer(200, "<html>Welcome</html>");
  http_.answer(200, listing(record(TrafficWorld::kTargetA) + token(6)));
  http_.answer(400, "<ErrorResponse><Error><Code>InvalidInput</Code></Error></ErrorResponse>");
  EXPECT_EQ(move(7).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Route53, CredentialsThatAreNotThereAreSaidBeforeAnythingIsSent) {
  config_.provider.text["profile"] = "other";
  const auto current = traffic().current(soon());
  ASSERT_FALSE(current);
  EXPECT_EQ(current.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(current.error().message.find("t0ken"), std::string::npos);
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(Route53, AMissingFieldIsRefusedWithItsLine) {
  for (const auto& [key, value] : std::map<std::string, std::string>{
           {"zone", ""}, {"credentials_file", ""}, {"zone_id", "/hostedzone/Z1"}}) {
    TrafficConfig config = config_;
    config.provider.text[key] = value;
    const auto made = make_traffic_switch(config, {http_, commands_, dns_, clock_, "shop"});
    ASSERT_FALSE(made) << key;
    EXPECT_NE(made.error().message.find("line 30"), std::string::npos);
  }
}

TEST_F(Route53, NameServersThatAreNotConfiguredAreLookedUp) {
  config_.nameservers.clear();
  dns_.nameservers(std::vector<std::string>{"ns-1.awsdns-00.com:53"});
  dns_.answer("ns-1.awsdns-00.com:53", {0, true, {{kName, "A", 60, TrafficWorld::kTargetB}}});
  EXPECT_TRUE(traffic().observed(soon())->all_answer_only(TrafficWorld::kTargetB));
  EXPECT_EQ(traffic().settles_within(), 60s);
}

TEST_F(Route53, AChangeThatIsRefusedIsNamedByItsRequest) {
  http_.answer(200, listing(record(TrafficWorld::kTargetA) + token(6)));
  http_.answer(HttpResponse{403, {{"x-amzn-requestid", "8f2a"}}, ""});
  EXPECT_EQ(move().error().code, ErrorCode::kPermission);
  EXPECT_EQ(traffic().receipt().change, "8f2a");
}

class Route53AtFaults final : public ProviderAnswers {
 public:
  TrafficConfig config() override {
    TrafficConfig config = route53_config(folder_);
    config.provider.text["epoch_token"] = "off";
    return config;
  }
  std::string holding(const std::string& target) override { return listing(record(target)); }
  std::string accepted(const std::string&) override { return change("INSYNC"); }

 private:
  TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Route53, FaultTable, fault_rows(+[]() -> std::unique_ptr<ProviderAnswers> {
                           return std::make_unique<Route53AtFaults>();
                         }),
                         fault_name);

}  // namespace
}  // namespace farshore
