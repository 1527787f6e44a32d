#include "exporter/watch/dns_answer.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

using Regions = std::set<std::string>;

TrafficConfig record() {
  TrafficConfig config;
  config.name = "orders.example.com";
  config.type = "A";
  config.targets = {{"us-east", "192.0.2.10"}, {"eu-west", "198.51.100.20"}};
  return config;
}

DnsAnswer answer(const std::vector<std::string>& addresses) {
  DnsAnswer result;
  result.authoritative = true;
  uint32_t ttl = 60;
  for (const std::string& address : addresses)
    result.answers.push_back({"orders.example.com.", "A", ttl--, address});
  return result;
}

TEST(DnsAnswer, AnAddressIsMappedToTheRegionWhoseTargetItIs) {
  const DnsFinding finding = judge_answer(record(), answer({"192.0.2.10"}));
  EXPECT_EQ(finding.failure, DnsFailure::kNone);
  EXPECT_EQ(finding.regions, Regions{"us-east"});
  EXPECT_EQ(finding.only_regions, Regions{"us-east"});
  EXPECT_FALSE(finding.other);
  EXPECT_EQ(finding.ttl_seconds, 60u);
}

TEST(DnsAnswer, TwoAddressesPointAtNoRegionAlone) {
  const DnsFinding both = judge_answer(record(), answer({"192.0.2.10", "198.51.100.20"}));
  EXPECT_EQ(both.regions, (Regions{"us-east", "eu-west"}));
  EXPECT_EQ(both.only_regions, Regions{});
  EXPECT_EQ(both.ttl_seconds, 59u) << "the lowest";
  const DnsFinding stray = judge_answer(record(), answer({"192.0.2.10", "203.0.113.9"}));
  EXPECT_EQ(stray.regions, Regions{"us-east"});
  EXPECT_EQ(stray.only_regions, Regions{});
  EXPECT_TRUE(stray.other);
}

TEST(DnsAnswer, HowManyValuesThereAreIsCounted) {
  EXPECT_EQ(judge_answer(record(), answer({"192.0.2.10"})).values, 1u);
  EXPECT_EQ(judge_answer(record(), answer({"192.0.2.10", "192.0.2.10", "203.0.113.9"})).values, 2u);
}

TEST(DnsAnswer, ACnameInTheWayIsSeenWithAndWithoutAnAddressBehindIt) {
  EXPECT_FALSE(judge_answer(record(), answer({"192.0.2.10"})).alias);
  DnsAnswer alias = answer({});
  alias.answers = {{"orders.example.com.", "CNAME", 60, "elsewhere.example.net."}};
  EXPECT_TRUE(judge_answer(record(), alias).alias);
  EXPECT_EQ(judge_answer(record(), alias).failure, DnsFailure::kNoData);
  alias.answers.push_back({"elsewhere.example.net.", "A", 60, "192.0.2.10"});
  EXPECT_TRUE(judge_answer(record(), alias).alias);
  TrafficConfig cname = record();
  cname.type = "CNAME";
  EXPECT_FALSE(judge_answer(cname, alias).alias) << "it is the record itself";
}

TEST(DnsAnswer, AnAddressOfNobodyIsOther) {
  const DnsFinding finding = judge_answer(record(), answer({"203.0.113.9"}));
  EXPECT_EQ(finding.failure, DnsFailure::kNone);
  EXPECT_EQ(finding.regions, Regions{});
  EXPECT_TRUE(finding.other);
}

TEST(DnsAnswer, OneTargetOfTwoRegionsPointsAtBoth) {
  TrafficConfig config = record();
  config.targets["eu-west"] = "192.0.2.10";
  EXPECT_EQ(judge_answer(config, answer({"192.0.2.10"})).only_regions, (Regions{"us-east", "eu-west"}));
}

TEST(DnsAnswer, NamesAreComparedAsNames) {
  TrafficConfig config = record();
  config.type = "CNAME";
  config.targets = {{"us-east", "US.example.com"}, {"eu-west", "eu.example.com"}};
  DnsAnswer cname;
  cname.authoritative = true;
  cname.answers = {{"orders.example.com.", "CNAME", 30, "us.example.com."}};
  EXPECT_EQ(judge_answer(config, cname).only_regions, Regions{"us-east"});
}

TEST(DnsAnswer, WhatIsNoAnswerWithTheRecordHasItsClassAndNothingElse) {
  const auto rcode = [](int code, bool authoritative = true) {
    DnsAnswer result;
    result.rcode = code;
    result.authoritative = authoritative;
    return result;
  };
  DnsAnswer other_type = answer({});
  other_type.answers = {{"orders.example.com.", "TXT", 30, "x"}};
  DnsAnswer lame = answer({"192.0.2.10"});
  lame.authoritative = false;
  const std::vector<std::pair<DnsAnswer, const char*>> cases = {
      {rcode(2), "servfail"},      {rcode(3), "nxdomain"},  {rcode(3, false), "not_authoritative"},
      {rcode(4), "other"},         {rcode(5), "refused"},   {rcode(5, false), "refused"},
      {lame, "not_authoritative"}, {other_type, "no_data"}, {rcode(0), "no_data"}};
  for (const auto& [given, word] : cases) {
    const DnsFinding finding = judge_answer(record(), given);
    EXPECT_EQ(to_string(finding.failure), word);
    EXPECT_TRUE(finding.replied) << word;
    EXPECT_EQ(finding.ttl_seconds, std::nullopt) << word;
    EXPECT_TRUE(finding.regions.empty() && finding.only_regions.empty() && !finding.other) << word;
  }
}

TEST(DnsAnswer, SilenceIsToldFromAServerThatIsNotThere) {
  const DnsFinding silent = judge_answer(record(), fail(ErrorCode::kTimeout, "no answer in time"));
  EXPECT_EQ(to_string(silent.failure), "timeout");
  EXPECT_FALSE(silent.replied);
  EXPECT_EQ(to_string(judge_answer(record(), fail(ErrorCode::kUnavailable, "x")).failure), "unreachable");
  const DnsFinding unknown = nameserver_unknown({ErrorCode::kNotFound, "nobody to ask"});
  EXPECT_EQ(to_string(unknown.failure), "nameserver_unknown");
  EXPECT_EQ(unknown.failure_text, "nobody to ask");
  EXPECT_FALSE(unknown.replied);
}

}  // namespace
}  // namespace farshore
