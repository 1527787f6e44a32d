// What no fake server of Linode says on demand; tests/contract has the rest.
#include "actuator/traffic/linode_dns_traffic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/actuator/traffic/contract_suite.h"
#include "tests/actuator/traffic/fault_table.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_dns_resolver.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kUrl = "http://127.0.0.1:1";
constexpr const char* kDomain =
    R"({"id":33,"domain":"Farshore.test","type":"master","status":"active","ttl_sec":0})";
constexpr const char* kRecords = "/v4/domains/33/records";

TrafficConfig linode_config(const std::string& token_file) {
  TrafficConfig config;
  config.name = "orders.farshore.test";
  config.type = "A";
  config.ttl = 30s;
  config.timeout = 5s;
  config.targets = {{TrafficWorld::kRegionA, TrafficWorld::kTargetA},
                    {TrafficWorld::kRegionB, TrafficWorld::kTargetB}};
  config.nameservers = {"127.0.0.1:1"};
  config.provider.kind = "linode_dns";
  config.provider.line = 30;
  config.provider.text = {
      {"domain_id", "33"}, {"api_url", kUrl}, {"token_file", token_file}, {"epoch_token", "off"}};
  return config;
}

struct Shape {
  int id = 44;
  std::string name = "orders", type = "A", target = TrafficWorld::kTargetA;
  int ttl = 30;
};

std::string record(const Shape& shape) {
  return fmt::format(R"({{"id":{},"name":"{}","type":"{}","target":"{}","ttl_sec":{},"priority":0}})",
                     shape.id, shape.name, shape.type, shape.target, shape.ttl);
}

std::string page(const std::vector<Shape>& shapes, int page = 1, int pages = 1) {
  std::vector<std::string> texts;
  for (const Shape& each : shapes) texts.push_back(record(each));
  return fmt::format(R"({{"data":[{}],"page":{},"pages":{},"results":{}}})", fmt::join(texts, ","), page,
                     pages, texts.size());
}

Shape at_b() { return {.target = TrafficWorld::kTargetB}; }
Shape token(int epoch, int id = 55) {
  return {id, "farshore-epoch.orders", "TXT", fmt::format("epoch={}", epoch), 30};
}

class LinodeDns : public ::testing::Test {
 protected:
  LinodeDns() : config_(linode_config(folder_.write("token", "t0ken\n"))) {}

  TrafficSwitch& traffic() {
    if (!traffic_) traffic_ = make_traffic_switch(config_, {*http_, commands_, dns_, clock_, "shop"}).value();
    return *traffic_;
  }
  Error refused() { return make_traffic_switch(config_, {*http_, commands_, dns_, clock_, "shop"}).error(); }
  void anew() {
    traffic_.reset();
    http_ = std::make_unique<FakeHttpClient>();
  }
  Status move(int64_t epoch = 7) { return traffic().point_to(TrafficWorld::kRegionB, epoch, soon()); }
  BootTime soon() { return clock_.boot_now() + 20s; }
  std::vector<std::string> sent() {
    std::vector<std::string> lines;
    for (const HttpRequest& request : http_->requests())
      lines.push_back(request.method + " " + request.url.substr(std::string(kUrl).size()));
    return lines;
  }

  TemporaryFolder folder_;
  TrafficConfig config_;
  FakeClock clock_;
  std::unique_ptr<FakeHttpClient> http_ = std::make_unique<FakeHttpClient>();
  FakeCommandRunner commands_;
  FakeDnsResolver dns_;
  std::unique_ptr<TrafficSwitch> traffic_;
};

const std::string kList = fmt::format("GET {}?page=1&page_size=500", kRecords);

TEST_F(LinodeDns, TheRecordIsChangedInPlaceAndReadBack) {
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}}));
  http_->answer(200, record(at_b()));
  http_->answer(200, page({at_b()}));
  ASSERT_TRUE(move());
  EXPECT_THAT(sent(), ElementsAre("GET /v4/domains/33", kList, fmt::format("PUT {}/44", kRecords), kList));
  EXPECT_EQ(http_->requests()[1].headers.at("X-Filter"), R"({"name":"orders"})");
  EXPECT_EQ(http_->requests()[2].body, R"({"target":"198.51.100.20","ttl_sec":30})");
  EXPECT_EQ(http_->requests()[2].headers.at("Authorization"), "Bearer t0ken");
  EXPECT_EQ(traffic().receipt().cached_for, 30s);
}

TEST_F(LinodeDns, ADomainWithoutANumberIsLookedUpOnceByItsExactName) {
  config_.provider.text.erase("domain_id");
  config_.provider.text["domain"] = "farshore.test.";
  http_->answer(200, fmt::format(R"({{"data":[{{"id":7,"domain":"not.farshore.test","type":"master",)"
                                 R"("status":"active"}},{}],"page":1,"pages":1,"results":2}})",
                                 kDomain));
  http_->answer(200, page({at_b()}));
  EXPECT_EQ(traffic().current(soon()).value(), TrafficWorld::kTargetB);
  EXPECT_EQ(traffic().current(soon()).value(), TrafficWorld::kTargetB);
  EXPECT_THAT(sent(), ElementsAre("GET /v4/domains?page=1&page_size=500", kList, kList));
  EXPECT_EQ(http_->requests()[0].headers.at("X-Filter"), R"({"domain":"farshore.test"})");
}

TEST_F(LinodeDns, TheDomainsOwnNameIsTheEmptyOneAndRecordsOnLaterPagesAreFound) {
  config_.name = "farshore.test";
  http_->answer(200, kDomain);
  http_->answer(200, page({{.id = 1, .name = "www"}}, 1, 2));
  http_->answer(200, page({{.id = 2, .name = "", .target = TrafficWorld::kTargetB}}, 2, 2));
  EXPECT_EQ(traffic().current(soon()).value(), TrafficWorld::kTargetB);
  EXPECT_FALSE(http_->requests()[1].headers.contains("X-Filter"));
  EXPECT_THAT(sent()[2], HasSubstr("page=2"));
}

TEST_F(LinodeDns, TheTokenIsWrittenFirstAndAnOlderEpochFindsIt) {
  config_.provider.text["epoch_token"] = "on";
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}, token(6)}));
  http_->answer(200, page({Shape{}, token(6)}));
  http_->answer(200, record(token(7)));
  http_->answer(200, record(at_b()));
  http_->answer(200, page({at_b(), token(7)}));
  ASSERT_TRUE(move(7));
  const auto requests = http_->requests();
  EXPECT_EQ(requests[1].headers.at("X-Filter"),
            R"({"+or":[{"name":"orders"},{"name":"farshore-epoch.orders"}]})");
  EXPECT_EQ(requests[3].body, R"({"target":"epoch=7","ttl_sec":30})");
  EXPECT_TRUE(requests[3].url.ends_with("/55"));
  EXPECT_TRUE(requests[4].url.ends_with("/44"));
  const Status older = traffic().point_to(TrafficWorld::kRegionA, 6, soon());
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, ErrorCode::kConflict);
}

TEST_F(LinodeDns, ATokenWhoseCreationWasNotAnsweredIsLookedForAndNotMadeASecondTime) {
  config_.provider.text["epoch_token"] = "on";
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}}));
  http_->answer(200, page({Shape{}}));
  http_->answer(fail(ErrorCode::kUnknown, "no answer"));  // POST
  http_->answer(200, page({Shape{}}));                    // an object that was just made may not be seen yet
  http_->answer(200, page({Shape{}, token(7)}));
  http_->answer(200, record(at_b()));
  http_->answer(200, page({at_b(), token(7)}));
  ASSERT_TRUE(move(7));
  EXPECT_EQ(std::ranges::count(sent(), fmt::format("POST {}", kRecords)), 1);
  EXPECT_EQ(http_->requests()[3].body,
            R"({"type":"TXT","name":"farshore-epoch.orders","target":"epoch=7","ttl_sec":30})");
}

// Holds a record and whatever tokens it was told to make; the first POST fails as it is told.
class MakesTokens final : public HttpClient {
 public:
  explicit MakesTokens(HttpFault fault) : fault_(std::move(fault)) {}
  Result<HttpResponse> send(const HttpRequest& request) override {
    if (request.method == "POST") {
      const bool fails = ++posts == 1;
      if (!fails || fault_.acted) tokens_.push_back(token(7, 55 + posts));
      return fails ? fault_.answer : HttpResponse{200, {}, record(tokens_.back())};
    }
    if (request.method == "PUT") {
      own_ = at_b();
      return HttpResponse{200, {}, record(own_)};
    }
    if (request.url.find("/records") == std::string::npos) return HttpResponse{200, {}, kDomain};
    std::vector<Shape> all = tokens_;
    all.push_back(own_);
    return HttpResponse{200, {}, page(all)};
  }
  size_t tokens() const { return tokens_.size(); }
  const std::string& target() const { return own_.target; }

  int posts = 0;

 private:
  const HttpFault fault_;
  Shape own_;
  std::vector<Shape> tokens_;
};

TEST_F(LinodeDns, WhateverBecomesOfItsCreationThereIsNeverASecondTokenAndTheRecordMoves) {
  config_.provider.text["epoch_token"] = "on";
  std::vector<HttpFault> faults = http_faults();
  faults.push_back({"Status400Page", HttpResponse{400, {{"content-type", "text/html"}}, "<html>"}, true});
  faults.push_back({"Status504", HttpResponse{504, {}, ""}, true});
  for (const HttpFault& fault : faults) {
    MakesTokens api(fault);
    const auto traffic = make_traffic_switch(config_, {api, commands_, dns_, clock_, "shop"}).value();
    const Status moved = traffic->point_to(TrafficWorld::kRegionB, 7, soon());
    EXPECT_TRUE(moved) << fault.name << ": " << moved.error().message;
    EXPECT_EQ(api.target(), TrafficWorld::kTargetB) << fault.name;
    EXPECT_LE(api.tokens(), 1u) << fault.name;
    if (fault.acted) {
      EXPECT_EQ(api.posts, 1) << fault.name;
    }
  }
}

TEST_F(LinodeDns, OfTwoTokensTheLargerEpochCountsAndBothAreWritten) {
  config_.provider.text["epoch_token"] = "on";
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}, token(6, 55), token(9, 56)}));
  EXPECT_EQ(move(8).error().code, ErrorCode::kConflict);
  anew();
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}, token(6, 55), token(9, 56)}));
  http_->answer(200, page({Shape{}, token(6, 55), token(9, 56)}));
  http_->answer(200, record(token(10)));
  http_->answer(200, record(token(10)));
  http_->answer(200, record(at_b()));
  http_->answer(200, page({at_b(), token(10, 55), token(10, 56)}));
  ASSERT_TRUE(move(10));
  EXPECT_THAT(sent(), ::testing::IsSupersetOf(
                          {fmt::format("PUT {}/55", kRecords), fmt::format("PUT {}/56", kRecords)}));
}

TEST_F(LinodeDns, ASecondRecordIsTakenAwayOnlyAfterTheFirstHoldsTheValue) {
  http_->answer(200, kDomain);
  http_->answer(200, page({{.id = 44}, {.id = 45, .target = "203.0.113.5"}}));
  http_->answer(200, record(at_b()));
  http_->answer(200, "{}");
  http_->answer(200, page({at_b()}));
  ASSERT_TRUE(move());
  EXPECT_THAT(sent(), ElementsAre("GET /v4/domains/33", kList, fmt::format("PUT {}/44", kRecords),
                                  fmt::format("DELETE {}/45", kRecords), kList));
}

TEST_F(LinodeDns, ANumberThatIsAnotherRecordsIsRefused) {
  config_.provider.text["record_id"] = "46";
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}}));
  const Status moved = move();
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(moved.error().message, HasSubstr("record 46 of domain 33 is not the A record"));
  EXPECT_THAT(sent(), ElementsAre("GET /v4/domains/33", kList));
}

TEST_F(LinodeDns, ARecordThatIsNotThereIsNotMade) {
  http_->answer(200, kDomain);
  http_->answer(200, page({}));
  const Status moved = move();
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(sent(), ElementsAre("GET /v4/domains/33", kList));
}

TEST_F(LinodeDns, ARoundedTtlIsAFaultAndKeepsNobodyFromTheNewValue) {
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}}));
  http_->answer(200, record({.target = TrafficWorld::kTargetB, .ttl = 300}));
  http_->answer(200, page({{.target = TrafficWorld::kTargetB, .ttl = 300}}));
  ASSERT_TRUE(move());
  EXPECT_THAT(traffic().faults(soon()).value(), ElementsAre("its TTL is 300 s, configured are 30 s"));
}

TEST_F(LinodeDns, ATtlOfZeroIsADayAndACnameOrADisabledDomainIsInTheWay) {
  http_->answer(200, R"({"id":33,"domain":"farshore.test","type":"master","status":"disabled"})");
  http_->answer(200, page({{.ttl = 0}}));
  EXPECT_THAT(traffic().faults(soon()).value(),
              ElementsAre("its TTL is 86400 s, configured are 30 s", HasSubstr("is disabled at Linode")));
  anew();
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}, {.id = 45, .type = "CNAME", .target = "elsewhere.test"}}));
  EXPECT_THAT(traffic().faults(soon()).value(),
              ElementsAre("a CNAME record to elsewhere.test is in the way"));
}

TEST_F(LinodeDns, ADomainThatIsEditedElsewhereOrIsAnotherOneIsRefused) {
  http_->answer(200, R"({"id":33,"domain":"farshore.test","type":"slave","status":"active"})");
  EXPECT_THAT(move().error().message, HasSubstr("is a slave domain"));
  anew();
  config_.provider.text["domain"] = "farshore.test";
  http_->answer(200, R"({"id":33,"domain":"other.test","type":"master","status":"active"})");
  EXPECT_THAT(move().error().message, HasSubstr("domain 33 is other.test and not farshore.test"));
}

TEST_F(LinodeDns, BusyAndAPageOfHtmlMayBeAskedAgainAndAnotherRefusalIsFinal) {
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}}));
  http_->answer(400, R"({"errors":[{"reason":"Linode busy."}]})");
  http_->answer(HttpResponse{400, {{"content-type", "text/html"}}, "<html>400 Bad Request</html>"});
  http_->answer(200, record(at_b()));
  http_->answer(200, page({at_b()}));
  ASSERT_TRUE(move());
  anew();
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}}));
  http_->answer(400, R"({"errors":[{"reason":"Must be a valid IPv4 address","field":"target"}]})");
  const Status moved = move();
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(moved.error().message, HasSubstr("Must be a valid IPv4 address (target)"));
  EXPECT_EQ(http_->requests().size(), 3u);
}

TEST_F(LinodeDns, OnlyItsOwnTtlStepsAndSomeWayToFindTheDomainAreTaken) {
  config_.ttl = 45s;
  EXPECT_THAT(refused().message, HasSubstr("line 30: traffic orders.farshore.test: Linode would round"));
  config_.ttl = 30s;
  config_.provider.text.erase("domain_id");
  EXPECT_THAT(refused().message, HasSubstr("needs 'domain_id' or 'domain'"));
  config_.provider.text["domain_id"] = "33";
  config_.provider.text.erase("token_file");
  EXPECT_THAT(refused().message, HasSubstr("needs 'token_file'"));
  config_.provider.text["token_file"] = "/token";
}

TEST_F(LinodeDns, NameServersThatAreNotConfiguredAreLookedUp) {
  config_.nameservers.clear();
  dns_.nameservers(std::vector<std::string>{"ns1.linode.com:53"});
  dns_.answer("ns1.linode.com:53", {0, true, {{"orders.farshore.test.", "A", 30, TrafficWorld::kTargetB}}});
  EXPECT_TRUE(traffic().observed(soon())->all_answer_only(TrafficWorld::kTargetB));
}

TEST_F(LinodeDns, ANewerTokenThatCameSinceTheFirstLookIsNotWrittenOver) {
  config_.provider.text["epoch_token"] = "on";
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}, token(6)}));
  http_->answer(200, page({Shape{}, token(8)}));
  const Status moved = move(7);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kConflict);
  EXPECT_EQ(std::ranges::count_if(sent(), [](const auto& line) { return line.starts_with("PUT"); }), 0);
}

TEST_F(LinodeDns, AnotherWriterThatCameSinceTheFirstLookIsReadAndJudgedFirst) {
  config_.provider.text["epoch_token"] = "on";
  const Shape elsewhere{.target = "203.0.113.9"};
  http_->answer(200, kDomain);
  http_->answer(200, page({Shape{}, token(5)}));
  http_->answer(200, page({elsewhere, token(6)}));  // before the token is written
  http_->answer(200, page({elsewhere, token(6)}));
  http_->answer(200, page({elsewhere, token(6)}));
  http_->answer(200, record(token(7)));
  http_->answer(200, record(at_b()));
  http_->answer(200, page({at_b(), token(7)}));
  ASSERT_TRUE(move(7));
  EXPECT_EQ(std::ranges::count_if(sent(), [](const auto& line) { return line.starts_with("PUT"); }), 2);
}

TEST_F(LinodeDns, ItSaysHowLongItMayTakeToPublish) { EXPECT_EQ(traffic().settles_within(), 90s); }

class LinodeAnswers final : public ProviderAnswers {
 public:
  TrafficConfig config() override { return linode_config(folder_.write("token", "t0ken\n")); }
  // One body for both looks: of the domain and of its records.
  std::string holding(const std::string& target) override {
    std::string both = page({{.target = target}});
    both.pop_back();
    return both + "," + std::string(kDomain).substr(1);
  }
  std::string accepted(const std::string& target) override { return record({.target = target}); }
  std::map<std::string, FaultOutcome> differs() override {
    // The record was made anew under another number, perhaps: it is looked at again.
    return {{"Status404", {{}, 2, ErrorCode::kNotFound}}};
  }

 private:
  TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(LinodeDns, FaultTable, fault_rows(+[]() -> std::unique_ptr<ProviderAnswers> {
                           return std::make_unique<LinodeAnswers>();
                         }),
                         fault_name);

}  // namespace
}  // namespace farshore
