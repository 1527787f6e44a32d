#include "common/dns/nameserver_search.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fakes/fake_clock.h"
#include "tests/support/powerdns_server.h"

namespace farshore {
namespace {

using Servers = std::vector<std::string>;

TEST(ResolvConf, NamesAtMostThreeResolversAndElseThisHost) {
  EXPECT_EQ(dns::read_resolv_conf("# a comment\nsearch example.com\nnameserver 192.0.2.53\n"
                                  "options timeout:1\n nameserver\t2001:db8::53 # second\n",
                                  53),
            (Servers{"192.0.2.53:53", "[2001:db8::53]:53"}));
  EXPECT_EQ(dns::read_resolv_conf("", 53), Servers{"127.0.0.1:53"});
  EXPECT_EQ(dns::read_resolv_conf("nameserver a\nnameserver b\nnameserver c\nnameserver d\n", 1).size(), 3u);
}

class NameserverSearchTest : public ::testing::Test {
 protected:
  NameserverSearchTest() { test::write_file(server_.file("resolv.conf"), "nameserver 127.0.0.1\n"); }
  ResolverSettings settings() const {
    const auto port = static_cast<uint16_t>(server_.dns_port());
    return {server_.file("resolv.conf"), port, 5353};
  }
  static test::PowerDnsOptions options() {
    test::PowerDnsOptions made;
    made.records = {{"@", "NS", "60", "ns2.example.net."},
                    {"orders.eu", "A", "60", "192.0.2.10"},
                    {"alias", "CNAME", "60", "farshore.test."}};
    return made;
  }
  static BootTime soon() { return system_clock().boot_now() + 20s; }
  test::PowerDnsFixture server_{options()};
};

TEST_F(NameserverSearchTest, FindsTheZoneThatTheNameLiesIn) {
  const auto resolver = make_dns_resolver_with(settings(), system_clock());
  const Servers both{"ns1.farshore.test:5353", "ns2.example.net:5353"};
  const auto deep = resolver->nameservers_of("Orders.EU.farshore.test", soon());
  ASSERT_TRUE(deep) << deep.error().message;
  EXPECT_EQ(*deep, both);
  EXPECT_EQ(resolver->nameservers_of("farshore.test.", soon()).value(), both);
  EXPECT_EQ(resolver->nameservers_of("alias.farshore.test", soon()).value(), both);
}

TEST_F(NameserverSearchTest, WhatCannotBeFoundIsToldApart) {
  const auto resolver = make_dns_resolver_with(settings(), system_clock());
  const auto refused = resolver->nameservers_of("orders.example.com", soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find("REFUSED"), std::string::npos) << refused.error().message;
  EXPECT_EQ(resolver->nameservers_of("", soon()).error().code, ErrorCode::kInvalidArgument);
  server_.freeze();
  const BootTime begin = system_clock().boot_now();
  const auto silent = resolver->nameservers_of("orders.farshore.test", begin + 200ms);
  server_.resume();
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, ErrorCode::kTimeout) << silent.error().message;
}

// Takes every question and answers none, as the resolver of a lost region does.
class SilentResolver {
 public:
  SilentResolver(const std::string& address, uint16_t port) : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = inet_addr(address.c_str());
    bound_ = ::bind(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~SilentResolver() { ::close(socket_); }
  SilentResolver(const SilentResolver&) = delete;
  SilentResolver& operator=(const SilentResolver&) = delete;
  bool is_bound() const { return bound_; }
  int questions() const {
    int count = 0;
    for (char text[512]; ::recv(socket_, text, sizeof text, MSG_DONTWAIT) > 0;) ++count;
    return count;
  }

 private:
  const int socket_;
  bool bound_ = false;
};

TEST_F(NameserverSearchTest, ASilentResolverLeavesTheNextOneItsTimeAndIsNotAskedAgainForTheParents) {
  const SilentResolver silent("127.0.0.2", static_cast<uint16_t>(server_.dns_port()));
  ASSERT_TRUE(silent.is_bound());
  test::write_file(server_.file("resolv.conf"), "nameserver 127.0.0.2\nnameserver 127.0.0.1\n");
  const auto resolver = make_dns_resolver_with(settings(), system_clock());
  const BootTime begin = system_clock().boot_now();
  // Three names lie between it and its zone; a look-up has a second (actuator/traffic/nameserver_view.cc).
  const auto found = resolver->nameservers_of("orders.eu.farshore.test", begin + 1s);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->size(), 2u);
  EXPECT_GE(system_clock().boot_now() - begin, 400ms) << "the first one has its share of the time";
  EXPECT_GT(silent.questions(), 0);
}

TEST_F(NameserverSearchTest, WhatIsKnownIsGivenAtOnceAndMendedInTheBackground) {
  FakeClock clock;
  dns::NameserverSearch search(clock, {}, settings());
  const auto found = search.find("orders.eu.farshore.test", clock.boot_now() + 20s);
  ASSERT_TRUE(found) << found.error().message;
  server_.stop();
  clock.advance(dns::NameserverSearch::kFreshFor + 1s);
  EXPECT_EQ(search.find("orders.eu.farshore.test", clock.boot_now()).value(), *found) << "dead resolvers";
}

}  // namespace
}  // namespace farshore
