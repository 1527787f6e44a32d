#include "actuator/fence/linode_firewall_fence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json/json_value.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/http_faults.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;

constexpr const char* kUrl = "http://127.0.0.1:1";
constexpr const char* kOwnRules =
    R"("inbound":[{"label":"postgres","action":"ACCEPT","protocol":"TCP","ports":"5432","description":null,)"
    R"("addresses":{"ipv4":["10.0.0.0/8"]}}],"inbound_policy":"DROP","outbound":[],"outbound_policy":"ACCEPT")";

// Firewalls of Linode 1111 and what they guard; takes the rules that are put.
class FirewallApi final : public HttpClient {
 public:
  Result<HttpResponse> send(const HttpRequest& request) override {
    const std::string path = request.url.substr(std::string(kUrl).size());
    if (fault && (request.method == "PUT") == fault_is_of_put) return fault->answer;
    if (request.method == "PUT") {
      puts.push_back(path + " " + request.body);
      if (!deaf) rules = request.body.substr(1, request.body.size() - 2);
      return HttpResponse{200, {}, "{" + rules + "}"};
    }
    if (path == "/v4/linode/instances/1111")
      return HttpResponse{
          200, {}, R"({"id":1111,"label":"db-us","status":"running","watchdog_enabled":true})"};
    if (path.starts_with("/v4/linode/instances/1111/firewalls")) return list(firewalls());
    return list(devices);
  }

  std::string rules = kOwnRules, status = "enabled", more;
  std::string devices = R"({"id":91,"entity":{"id":1111,"type":"linode"}})";
  std::vector<std::string> puts;
  bool deaf = false, fault_is_of_put = false;
  std::optional<HttpFault> fault;

 private:
  std::string firewalls() const {
    return fmt::format(R"({{"id":9,"status":"{}","rules":{{{},"version":1,"fingerprint":"a"}}}}{})", status,
                       rules, more);
  }
  static HttpResponse list(const std::string& items) {
    return {200, {}, fmt::format(R"({{"data":[{}],"page":1,"pages":1,"results":1}})", items)};
  }
};

class LinodeFirewall : public ::testing::Test {
 protected:
  LinodeFirewall() {
    config_.server = "shop-us";
    config_.provider.kind = "linode_firewall";
    config_.provider.line = 12;
    config_.provider.text = {
        {"linode_id", "1111"}, {"api_url", kUrl}, {"token_file", folder_.write("token", "t0ken\n")}};
  }
  Fence& fence() {
    if (!fence_) fence_ = make_fence(config_, {api_, commands_, clock_, "shop", "us-east"}).value();
    return *fence_;
  }
  FenceProof proof() { return fence().proof(soon()); }
  BootTime soon() { return clock_.boot_now() + 30s; }

  TemporaryFolder folder_;
  FenceConfig config_;
  FakeClock clock_;
  FirewallApi api_;
  FakeCommandRunner commands_;
  std::unique_ptr<Fence> fence_;
};

TEST_F(LinodeFirewall, ClosedItIsNoProofByItselfBecauseOpenSessionsMayGoOn) {
  EXPECT_EQ(proof().state, FenceState::kNotIsolated);
  ASSERT_TRUE(fence().isolate(soon()));
  const FenceProof closed = proof();
  EXPECT_EQ(closed.state, FenceState::kUnknown);
  EXPECT_EQ(closed.grade, "firewall, open sessions unknown");
  EXPECT_THAT(closed.evidence, HasSubstr("whether sessions that were open go on is unknown"));
}

TEST_F(LinodeFirewall, TheWordOfSomebodyWhoMeasuredMakesItAProofAndStandsInItsGrade) {
  config_.provider.text["open_sessions"] = "cut";
  EXPECT_EQ(proof().state, FenceState::kNotIsolated);
  ASSERT_TRUE(fence().isolate(soon()));
  EXPECT_EQ(proof().state, FenceState::kIsolated);
  EXPECT_EQ(proof().grade, "firewall, open sessions cut by the configuration's word");
}

TEST_F(LinodeFirewall, ItsOwnRulesComeFirstTheOthersStayAndReleaseBringsBackWhatWas) {
  ASSERT_TRUE(fence().isolate(soon()));
  ASSERT_TRUE(fence().isolate(soon()));
  ASSERT_EQ(api_.puts.size(), 1u) << "it is closed already";
  EXPECT_TRUE(api_.puts[0].starts_with("/v4/networking/firewalls/9/rules {"));
  const auto put = parse_json(api_.puts[0].substr(api_.puts[0].find('{'))).value();
  EXPECT_EQ(put.get_array("inbound")->size(), 5u);
  EXPECT_EQ(put.get_array("outbound")->size(), 4u);
  EXPECT_EQ(put.get_array("inbound")->back().get_string("label").value(), "postgres");
  EXPECT_EQ(put.get_string("inbound_policy").value(), "DROP");
  ASSERT_TRUE(fence().release(soon()));
  EXPECT_THAT(api_.puts[1],
              HasSubstr(R"({"inbound":[{"label":"postgres","action":"ACCEPT","protocol":"TCP",)"
                        R"("ports":"5432","addresses":{"ipv4":["10.0.0.0/8"]}}],)"
                        R"("inbound_policy":"DROP","outbound":[],"outbound_policy":"ACCEPT"})"));
}

TEST_F(LinodeFirewall, AYesThatDidNothingIsSaid) {
  api_.deaf = true;
  EXPECT_THAT(fence().isolate(soon()).error().message, HasSubstr("its rules are others"));
  EXPECT_EQ(proof().state, FenceState::kNotIsolated);
}

TEST_F(LinodeFirewall, ARuleBeforeOursOpensItAgain) {
  config_.provider.text["open_sessions"] = "cut";
  ASSERT_TRUE(fence().isolate(soon()));
  api_.rules.replace(
      api_.rules.find("\"inbound\":["), 11,
      R"("inbound":[{"label":"late","action":"ACCEPT","protocol":"TCP","addresses":{"ipv4":["0.0.0.0/0"]}},)");
  EXPECT_EQ(proof().state, FenceState::kNotIsolated);
}

TEST_F(LinodeFirewall, NothingIsDoneToAFirewallThatGuardsOthersAsWell) {
  api_.devices += R"(,{"id":92,"entity":{"id":2222,"type":"linode"}})";
  EXPECT_THAT(fence().isolate(soon()).error().message, HasSubstr("firewall 9 guards linode 2222 as well"));
  EXPECT_TRUE(api_.puts.empty());
}

TEST_F(LinodeFirewall, ADisabledFirewallNoneOrTwoAreUnknown) {
  api_.status = "disabled";
  EXPECT_EQ(proof().state, FenceState::kUnknown);
  EXPECT_FALSE(fence().isolate(soon()));
  api_.status = "enabled";
  api_.more = fmt::format(R"(,{{"id":10,"status":"enabled","rules":{{{}}}}})", kOwnRules);
  EXPECT_EQ(proof().state, FenceState::kUnknown);
  EXPECT_FALSE(fence().isolate(soon()));
  EXPECT_TRUE(api_.puts.empty());
}

TEST_F(LinodeFirewall, EveryFaultOfALookIsUnknownAndNoFaultOfAChangeIsTakenForAYes) {
  config_.provider.text["open_sessions"] = "cut";
  for (const HttpFault& fault : http_faults()) {
    api_.fault = fault;
    api_.fault_is_of_put = false;
    EXPECT_EQ(proof().state, FenceState::kUnknown) << fault.name;
    api_.fault_is_of_put = true;
    EXPECT_FALSE(fence().isolate(soon())) << fault.name;
    EXPECT_EQ(proof().state, FenceState::kNotIsolated) << fault.name;
  }
}

TEST_F(LinodeFirewall, OpenSessionsAreUnknownOrCutAndNothingElse) {
  config_.provider.text["open_sessions"] = "yes";
  EXPECT_EQ(make_fence(config_, {api_, commands_, clock_}).error().message,
            "line 12: 'open_sessions' of the linode_firewall fence of shop-us is unknown or cut");
}

}  // namespace
}  // namespace farshore
