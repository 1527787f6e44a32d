// The real server behind the same check: no cloud stands in for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/cloud.h"
#include "tests/contract/tests/caller.h"

namespace farshore::test {
namespace {

constexpr const char* kZone = "/api/v1/servers/localhost/zones/farshore.test.";

std::string replace_with(const std::string& address, const std::string& name = "orders.farshore.test.") {
  return R"({"rrsets": [{"name": ")" + name + R"(", "type": "A", "ttl": 30, "changetype": "REPLACE",
             "records": [{"content": ")" +
         address + R"(", "disabled": false}]}]})";
}

TEST(PowerDnsThroughPrism, AGoodCallPassesABadOneIsSeenAndAFaultReachesTheClient) {
  if (const std::string why = contract_missing(); !why.empty()) GTEST_SKIP() << why;
  PowerDnsFixture server;
  Checked checked("powerdns.yaml", server.api_url());
  Caller caller({"X-API-Key", server.options().api_key});
  EXPECT_FALSE(no_violations(checked.log())) << "nothing was called yet";
  EXPECT_EQ(caller.call("PATCH", checked.url() + kZone, replace_with("192.0.2.10")).status, 204);
  EXPECT_EQ(address_of(server, "orders.farshore.test"), "192.0.2.10");
  EXPECT_EQ(Caller({"X-API-Key", "another"}).call("GET", checked.url() + kZone).status, 401);
  checked.fault({.method = "GET", .kind = "html", .with = R"("status": 502)"});
  EXPECT_EQ(caller.call("GET", checked.url() + kZone).status, 502);
  EXPECT_TRUE(no_violations(checked.log()));

  checked.reset();
  EXPECT_EQ(caller.call("PATCH", checked.url() + kZone, R"({"rrset": []})").status, 422);
  EXPECT_FALSE(no_violations(checked.log()));

  // A server that is gone looks like one, and not like an answer that somebody else made up.
  checked.reset();
  server.stop();
  EXPECT_FALSE(caller.send("GET", checked.url() + kZone));
  EXPECT_TRUE(no_violations(checked.log()));
}

}  // namespace
}  // namespace farshore::test
