#include "common/dns/resolver.h"

#include <gtest/gtest.h>

#include "common/dns/host_lookup.h"
#include "common/dns/message.h"
#include "tests/support/powerdns_server.h"

namespace farshore {
namespace {

using test::PowerDnsFixture;

class DnsResolverTest : public ::testing::Test {
 protected:
  static PowerDnsFixture& server() {
    static PowerDnsFixture fixture = [] {
      test::PowerDnsOptions options;
      options.records = {{"orders", "A", "7", "192.0.2.10"},
                         {"alias", "CNAME", "30", "orders.farshore.test."}};
      std::vector<std::string> big{"big", "A", "5"};
      for (int i = 1; i <= 100; ++i) big.push_back("192.0.2." + std::to_string(i));
      options.records.push_back(big);
      return PowerDnsFixture(options);
    }();
    return fixture;
  }
  Result<DnsAnswer> ask(const std::string& name, const std::string& type = "A", nanoseconds within = 20s) {
    return resolver_->ask(server().nameserver(), name, type, system_clock().boot_now() + within);
  }
  std::unique_ptr<DnsResolver> resolver_ = make_dns_resolver(system_clock());
};

TEST_F(DnsResolverTest, TellsTheAddressItsTtlAndThatTheServerHasTheSayOverIt) {
  const auto answer = ask("Orders.farshore.test");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->rcode, 0);
  EXPECT_TRUE(answer->authoritative);
  ASSERT_EQ(answer->answers.size(), 1u);
  EXPECT_EQ(answer->answers[0].name, "orders.farshore.test.");
  EXPECT_EQ(answer->answers[0].type, "A");
  EXPECT_EQ(answer->answers[0].data, "192.0.2.10");
  EXPECT_EQ(answer->answers[0].ttl_seconds, 7u);
}

TEST_F(DnsResolverTest, AMissingNameIsAnAnswer) {
  const auto answer = ask("nothing.farshore.test");
  ASSERT_TRUE(answer);
  EXPECT_EQ(rcode_name(answer->rcode), "NXDOMAIN");
  EXPECT_TRUE(answer->answers.empty());
}

TEST_F(DnsResolverTest, AForeignZoneIsRefusedWithoutTheAuthoritativeBit) {
  const auto answer = ask("example.com");
  ASSERT_TRUE(answer);
  EXPECT_EQ(rcode_name(answer->rcode), "REFUSED");
  EXPECT_FALSE(answer->authoritative);
}

TEST_F(DnsResolverTest, AnAnswerTooLargeForADatagramComesWholeOverTcp) {
  const auto answer = ask("big.farshore.test");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->answers.size(), 100u);
}

TEST_F(DnsResolverTest, ACnameIsToldAsSuch) {
  const auto answer = ask("alias.farshore.test", "CNAME");
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->answers.size(), 1u);
  EXPECT_EQ(answer->answers[0].data, "orders.farshore.test.");
}

TEST_F(DnsResolverTest, AFrozenServerCostsTheDeadlineAndNoMore) {
  server().freeze();
  const BootTime begin = system_clock().boot_now();
  const auto answer = ask("orders.farshore.test", "A", 300ms);
  const nanoseconds took = system_clock().boot_now() - begin;
  server().resume();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kTimeout);
  EXPECT_GE(took, 300ms);
}

TEST_F(DnsResolverTest, AClosedPortIsUnavailableAtOnce) {
  const std::string nowhere = "127.0.0.1:" + std::to_string(test::free_port());
  const auto answer = resolver_->ask(nowhere, "orders.farshore.test", "A", system_clock().boot_now() + 1h);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(answer.error().message.find(nowhere), std::string::npos);
}

TEST_F(DnsResolverTest, ANameServerMayBeGivenByName) {
  const std::string nameserver = "localhost" + server().nameserver().substr(std::string("127.0.0.1").size());
  const auto answer =
      resolver_->ask(nameserver, "orders.farshore.test", "A", system_clock().boot_now() + 20s);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->answers.at(0).data, "192.0.2.10");
}

TEST_F(DnsResolverTest, BadInputIsToldFromBadLuck) {
  const BootTime soon = system_clock().boot_now() + 1s;
  EXPECT_EQ(ask("").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ask("orders.farshore.test", "NOSUCHTYPE").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ask("orders.farshore.test", "TYPE4294967295").error().code, ErrorCode::kInvalidArgument);
  for (const char* nameserver : {"", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", ":53", "127.0.0.1:53x"})
    EXPECT_EQ(resolver_->ask(nameserver, "a.test", "A", soon).error().code, ErrorCode::kInvalidArgument)
        << nameserver;
}

TEST(DnsMessage, OnlyAReplyToThisVeryQuestionCounts) {
  const auto query = dns::make_query("orders.farshore.test", "A").value();
  const auto other = dns::make_query("evil.farshore.test", "A").value();
  EXPECT_FALSE(dns::read_reply(query, query.wire)) << "a question is no reply";
  dns::Bytes reply = query.wire;
  reply[2] |= 0x80;  // QR
  EXPECT_TRUE(dns::read_reply(query, reply));
  dns::Bytes wrong_id = reply;
  wrong_id[0] ^= 1;
  EXPECT_FALSE(dns::read_reply(query, wrong_id));
  dns::Bytes wrong_name = other.wire;
  wrong_name[0] = reply[0];
  wrong_name[1] = reply[1];
  wrong_name[2] |= 0x80;
  EXPECT_FALSE(dns::read_reply(query, wrong_name));
  EXPECT_FALSE(dns::read_reply(query, {1, 2, 3}));
}

TEST(DnsHostPort, ReadsAllThreeForms) {
  EXPECT_EQ(dns::split_host_port("[2001:db8::1]:53")->host, "2001:db8::1");
  EXPECT_EQ(dns::split_host_port("ns1.example.com:5353")->port, "5353");
}

}  // namespace
}  // namespace farshore
