// A DNS provider that breaks while traffic is moved, with the real PowerDNS behind it: the run goes forward
// and never back, says what it waits for, delays no other record, and finishes when the provider is back.
#include <charconv>

#include "tests/actuator/returns/faulty_proxy.h"
#include "tests/actuator/returns/fixture.h"
#include "tests/support/powerdns_server.h"

namespace farshore::test {
namespace {

using Mode = FaultyProxy::Mode;

constexpr const char* kPending =
    R"(farshore_traffic_switch_pending{cluster="shop",record="orders.farshore.test",type="A"})";
constexpr const char* kOtherTypePending =
    R"(farshore_traffic_switch_pending{cluster="shop",record="orders.farshore.test",type="AAAA"})";

int port_of(const std::string& url) {
  int port = 0;
  const size_t colon = url.rfind(':');
  std::from_chars(url.data() + colon + 1, url.data() + url.size(), port);
  return port;
}

// Built before the world, whose topology names it.
struct Provider {
  PowerDnsFixture dns{{.zone = "farshore.test",
                       .api_key = "labkey",
                       .records = {{"orders", "A", "30", "192.0.2.10"},
                                   {"orders", "AAAA", "30", "2001:db8::10"},
                                   {"api", "A", "30", "192.0.2.10"}},
                       .settings = {},
                       .update_key = {},
                       .wrapper = {}}};
  FaultyProxy proxy{port_of(dns.api_url())};
  TempDir secrets{"farshore-returns"};

  std::string record(const std::string& name, const std::string& type, const std::string& api_url) const {
    return fmt::format(
        R"({{kind: powerdns, name: {0}.farshore.test, type: {1}, zone: farshore.test, api_url: "{2}", )"
        R"(api_key_file: {3}, ttl: 30s, timeout: 1s, targets: {4}, nameservers: ["{5}"]}})",
        name, type, api_url, secrets.file("key"),
        type == "A" ? R"({us-east: 192.0.2.10, eu-west: 198.51.100.20})"
                    : R"({us-east: "2001:db8::10", eu-west: "2001:db8::20"})",
        dns.nameserver());
  }
  WholeOptions options() const {
    write_file(secrets.file("key"), "labkey\n", 0600);
    WholeOptions options;
    options.traffic = "[" + record("orders", "A", proxy.url()) + ", " +
                      record("orders", "AAAA", dns.api_url()) + ", " + record("api", "A", dns.api_url()) +
                      "]";
    return options;
  }
  std::string told(const std::string& name, const std::string& type = "A") const {
    const std::string at = dns.nameserver();
    return run_command({"dig", "+short", "+time=1", "+tries=2", "-p", at.substr(at.find(':') + 1),
                        "@127.0.0.1", name + ".farshore.test", type})
        .output;
  }
};

class TrafficTest : protected Provider, public ReturnsTest {
 protected:
  TrafficTest() : ReturnsTest(options()) {}
  void expect_that_it_waits() {
    EXPECT_TRUE(metric_is(kPending, "1", 30s)) << world.log();
    EXPECT_TRUE(wait_until([&] { return told("api") == "198.51.100.20\n"; })) << "the other record waits";
    EXPECT_TRUE(wait_until([&] { return told("orders", "AAAA") == "2001:db8::20\n"; }))
        << "the other type of the name waits";
    EXPECT_TRUE(metric_is(kOtherTypePending, "0"));
    EXPECT_TRUE(metric_is(kPending, "1")) << "the other type of the name has closed it";
    EXPECT_EQ(told("orders"), "192.0.2.10\n");
    const auto open = cluster().get_array("traffic_open");
    ASSERT_TRUE(open && open->size() == 1u);
    EXPECT_EQ(open->front().get_string("record").value_or(""), "orders.farshore.test A");
    EXPECT_FALSE(open->front().get_string("why").value_or("").empty());
  }
  void expect_that_it_finishes() {
    EXPECT_EQ(world.wait_for_run({"succeeded"}), "succeeded") << world.run_text();
    EXPECT_EQ(told("orders"), "198.51.100.20\n");
    EXPECT_TRUE(metric_is(kPending, "0"));
    expect_one_promotion();
  }
};

class BrokenProvider : public TrafficTest, public ::testing::WithParamInterface<Mode> {};

TEST_P(BrokenProvider, DelaysItsOwnRecordAndNoOtherUntilItIsBack) {
  proxy.set(GetParam());
  world.lose_primary();
  expect_that_it_waits();
  proxy.set(Mode::kPass);
  expect_that_it_finishes();
}

INSTANTIATE_TEST_SUITE_P(Providers, BrokenProvider,
                         testing::Values(Mode::kAnswers500, Mode::kNeverAnswers, Mode::kForgets),
                         [](const auto& mode) -> std::string {
                           if (mode.param == Mode::kAnswers500) return "Answers500";
                           return mode.param == Mode::kForgets ? "Forgets" : "NeverAnswers";
                         });

TEST_F(TrafficTest, ADeadProviderHoldsTheRunForwardAndWhatSomebodyChangesLaterIsPointedBack) {
  proxy.set(Mode::kRefuses);
  world.lose_primary();
  expect_that_it_waits();
  ASSERT_EQ(world.wait_for_run({"held", "succeeded", "refused"}), "held") << world.run_text();
  EXPECT_TRUE(world.newest_run()->get_bool("promoting").value_or(false));
  EXPECT_NE(reason().find("traffic does not point at eu-west everywhere yet"), std::string::npos) << reason();
  EXPECT_EQ(world.post("/api/v1/runs/" + world.run_id() + "/abandon", "{}").status, 409)
      << "it never goes back";
  proxy.set(Mode::kPass);
  expect_that_it_finishes();

  HttpRequest back{.method = "PATCH",
                   .url = dns.api_url() + "/api/v1/servers/localhost/zones/farshore.test.",
                   .headers = {{"X-API-Key", "labkey"}, {"Content-Type", "application/json"}},
                   .body =
                       R"({"rrsets":[{"name":"orders.farshore.test.","type":"A","ttl":30,)"
                       R"("changetype":"REPLACE","records":[{"content":"192.0.2.10","disabled":false}]}]})"};
  const auto changed = make_curl_client()->send(back);
  ASSERT_TRUE(changed && changed->status == 204);
  EXPECT_TRUE(wait_until([&] { return told("orders") == "198.51.100.20\n"; }, 20s)) << world.log();
  EXPECT_NE(world.log().find("orders.farshore.test A does not point at eu-west any more"), std::string::npos);
  expect_one_promotion();
}

}  // namespace
}  // namespace farshore::test
