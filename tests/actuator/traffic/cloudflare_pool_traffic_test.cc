#include "actuator/traffic/cloudflare_pool_traffic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json/json_value.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_dns_resolver.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/http_faults.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

constexpr const char* kOldPool = "0000000000000000000000000000000a";
constexpr const char* kNewPool = "0000000000000000000000000000000b";
constexpr const char* kOld = "192.0.2.10";
constexpr const char* kNew = "198.51.100.20";

// Two pools with one origin each; fails as it is told and counts how many pools took clients at once.
class Balancer final : public HttpClient {
 public:
  Result<HttpResponse> send(const HttpRequest& request) override {
    const std::string id = request.url.substr(request.url.rfind('/') + 1);
    if (request.method == "GET") return HttpResponse{200, {}, envelope(id)};
    ++changes;
    const bool fails = fault && changes == fails_at;
    if (!fails || fault->acted) enabled[id] = parse_json(request.body)->get_bool("enabled").value();
    most_enabled = std::max(most_enabled, int{enabled[kOldPool]} + int{enabled[kNewPool]});
    if (fails) return fault->answer;
    return HttpResponse{200, {}, envelope(id)};
  }

  std::map<std::string, bool> enabled = {{kOldPool, true}, {kNewPool, false}};
  std::optional<HttpFault> fault;
  int fails_at = 1;  // the first change is 1
  int changes = 0, most_enabled = 1;

 private:
  std::string envelope(const std::string& id) const {
    return fmt::format(R"({{"success":true,"errors":[],"messages":[],"result":{{"id":"{}","enabled":{},)"
                       R"("origins":[{{"name":"a","address":"{}","enabled":true}}]}}}})",
                       id, enabled.at(id), id == kOldPool ? kOld : kNew);
  }
};

TrafficConfig make_config(const std::string& token_file) {
  TrafficConfig config;
  config.name = "shop-pools";
  config.timeout = 5s;
  config.targets = {{"us-east", kOld}, {"eu-west", kNew}};
  config.provider.kind = "cloudflare_pool";
  config.provider.line = 30;
  config.provider.text = {{"account_id", "0000000000000000000000000000000f"},
                          {"api_url", "http://127.0.0.1:1"},
                          {"token_file", token_file}};
  config.provider.maps["pools"] = {{"us-east", kOldPool}, {"eu-west", kNewPool}};
  return config;
}

TEST(CloudflarePoolFaults, NoFaultOfAnyChangeEnablesTwoPoolsAtOnce) {
  const TemporaryFolder folder;
  const TrafficConfig config = make_config(folder.write("token", "t0ken\n"));
  FakeCommandRunner commands;
  FakeDnsResolver dns;
  FakeClock clock;
  for (const HttpFault& fault : http_faults()) {
    for (int at = 1; at <= 2; ++at) {
      Balancer balancer;
      balancer.fault = fault;
      balancer.fails_at = at;
      const auto traffic = make_traffic_switch(config, {balancer, commands, dns, clock, "shop"}).value();
      const Status moved = traffic->point_to("eu-west", 7, clock.boot_now() + 20s);
      EXPECT_EQ(balancer.most_enabled, 1) << fault.name << " at " << at;
      // What trying again cannot mend is said at once, and the row of the failover points again by itself.
      const bool final = fault.name == "Status401" || fault.name == "Status403" ||
                         fault.name == "Status404" || fault.name == "Status409";
      EXPECT_EQ(moved.has_value(), !final) << fault.name << " at " << at;
      if (moved) {
        EXPECT_EQ(traffic->current(clock.boot_now() + 20s).value(), kNew) << fault.name << " at " << at;
      } else {
        EXPECT_EQ(moved.error().message.find("t0ken"), std::string::npos);
      }
    }
  }
}

TEST(CloudflarePoolFaults, NoFaultOfALookIsTakenForAnAnswer) {
  const TemporaryFolder folder;
  FakeCommandRunner commands;
  FakeDnsResolver dns;
  FakeClock clock;
  for (const HttpFault& fault : http_faults()) {
    FakeHttpClient http;
    for (int i = 0; i < 40; ++i) http.answer(fault.answer);
    const auto traffic = make_traffic_switch(make_config(folder.write("token", "t0ken\n")),
                                             {http, commands, dns, clock, "shop"})
                             .value();
    EXPECT_FALSE(traffic->current(clock.boot_now() + 20s)) << fault.name;
  }
}

}  // namespace
}  // namespace farshore
