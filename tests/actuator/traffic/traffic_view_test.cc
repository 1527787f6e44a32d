#include <gtest/gtest.h>

#include "actuator/traffic/nameserver_view.h"
#include "actuator/traffic/registry.h"
#include "common/topology/provider_kinds.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_dns_resolver.h"

namespace farshore {
namespace {

TEST(TrafficView, HoldsWhenEveryAnsweringServerGivesOnlyTheTarget) {
  TrafficView view;
  EXPECT_FALSE(view.all_answer_only("192.0.2.1")) << "nobody answers";
  view.answers = {{"ns1", {}, "no answer in time"}};
  EXPECT_FALSE(view.all_answer_only("192.0.2.1"));
  view.answers.push_back({"ns2", {"192.0.2.1"}, ""});
  EXPECT_TRUE(view.all_answer_only("192.0.2.1"));
  view.answers.push_back({"ns3", {"192.0.2.9"}, ""});
  EXPECT_FALSE(view.all_answer_only("192.0.2.1")) << "one still gives the old address";
  view.answers[2].addresses = {"192.0.2.1", "192.0.2.9"};
  EXPECT_FALSE(view.all_answer_only("192.0.2.1")) << "round robin to the dead region";
  view.answers[2].addresses.clear();
  EXPECT_FALSE(view.all_answer_only("192.0.2.1")) << "one says there is no such name";
}

TEST(TrafficRegistry, EveryKindOfTheTopologyCanBeMade) {
  std::vector<std::string> known;
  for (const ProviderKind& kind : traffic_kinds()) known.push_back(kind.kind);
  EXPECT_EQ(registered_traffic_kinds(), known);
}

TEST(NameserverView, OnlyAnAuthoritativeAnswerCounts) {
  FakeDnsResolver dns;
  TrafficConfig config;
  config.name = "orders.farshore.test";
  config.type = "A";
  config.nameservers = {"good", "cache", "broken", "silent", "empty"};
  const DnsRecord alias{"orders.farshore.test.", "CNAME", 1, "x.farshore.test."};
  const DnsRecord address{"x.farshore.test.", "A", 1, "192.0.2.1"};
  dns.answer("good", {0, true, {alias, address}});
  dns.answer("cache", {0, false, {address}});
  dns.answer("broken", {2, true, {}});
  dns.answer("empty", {3, true, {}});
  const auto view = ask_nameservers(dns, system_clock(), config, system_clock().boot_now() + 20s);
  ASSERT_TRUE(view);
  ASSERT_EQ(view->answers.size(), 5u);
  EXPECT_EQ(view->answers[0].addresses, std::vector<std::string>{"192.0.2.1"});
  EXPECT_NE(view->answers[1].failure.find("authority"), std::string::npos);
  EXPECT_EQ(view->answers[2].failure, "answers SERVFAIL");
  EXPECT_EQ(view->answers[3].failure, "no answer in time");
  EXPECT_TRUE(view->answers[4].failure.empty()) << "that there is no such name is an answer";
}

TEST(NameserverView, NameServersThatAreNotConfiguredAreLookedUpWithinASecond) {
  FakeClock clock;
  FakeDnsResolver dns;
  TrafficConfig config;
  config.name = "orders.farshore.test";
  config.type = "A";
  const auto unknown = ask_nameservers(dns, clock, config, clock.boot_now() + 10s);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("nameservers"), std::string::npos) << unknown.error().message;
  EXPECT_LE(dns.latest_deadline(), clock.boot_now() + 1s);
  dns.nameservers(std::vector<std::string>{"ns1.example.com:53", "ns2.example.com:53"});
  for (const char* nameserver : {"ns1.example.com:53", "ns2.example.com:53"})
    dns.answer(nameserver, {0, true, {{"orders.farshore.test.", "A", 1, "192.0.2.1"}}});
  const auto view = ask_nameservers(dns, clock, config, clock.boot_now() + 10s);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->answers.size(), 2u);
  EXPECT_TRUE(view->all_answer_only("192.0.2.1"));
}

TEST(NameserverView, ASilentServerCostsASecondAndNotTheWholeDeadline) {
  FakeClock clock;
  FakeDnsResolver dns;
  TrafficConfig config;
  config.name = "orders.farshore.test";
  config.type = "A";
  config.nameservers = {"silent", "good"};
  dns.answer("good", {0, true, {{"orders.farshore.test.", "A", 1, "192.0.2.1"}}});
  const auto view = ask_nameservers(dns, clock, config, clock.boot_now() + 10s);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->all_answer_only("192.0.2.1"));
  EXPECT_LE(dns.latest_deadline(), clock.boot_now() + 1s);
  ASSERT_TRUE(ask_nameservers(dns, clock, config, clock.boot_now() + 100ms)) << "nor more than it was given";
}

}  // namespace
}  // namespace farshore
