#include "common/topology/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/common/topology/topology_example.h"

namespace farshore {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Topology, TheDesignsExampleIsRead) {
  const Result<Topology> topology = parse_topology(kExample, "f.yml");
  ASSERT_TRUE(topology) << topology.error().message;
  EXPECT_EQ(topology->source, "f.yml");
  EXPECT_EQ(topology->vantages.quorum.of(topology->vantages.names.size()), 2);
  EXPECT_EQ(topology->actuators, std::vector<std::string>{"10.3.0.2:10188"});
  const ClusterConfig* shop = topology->find_cluster("shop");
  ASSERT_NE(shop, nullptr);
  EXPECT_EQ(topology->find_cluster("nosuch"), nullptr);
  ASSERT_NE(shop->find_server("shop-eu"), nullptr);
  EXPECT_EQ(shop->find_server("shop-eu")->priority, 10);
  EXPECT_EQ(shop->find_server("shop-us")->admin->user, "farshore_actuator");
  EXPECT_EQ(shop->failover.mode, FailoverMode::kAutomatic);
  EXPECT_EQ(shop->failover.max_data_loss.bytes, 16 << 20);
  EXPECT_EQ(shop->fences[0].provider.lists.at("proof").back(), "us");
  EXPECT_EQ(shop->fences[1].provider.line, 37);
  EXPECT_EQ(shop->traffic[0].provider.text.at("server_id"), "localhost");
  EXPECT_EQ(shop->traffic[0].targets.at("eu-west"), "198.51.100.20");
  EXPECT_EQ(shop->traffic[0].ttl, 30s);
}

TEST(Topology, ApproveIsTheModeWhenNoneIsSaid) {
  const auto topology = parse_topology(with("mode: automatic, ", ""), "f.yml");
  ASSERT_TRUE(topology) << topology.error().message;
  EXPECT_EQ(topology->clusters[0].failover.mode, FailoverMode::kApprove);
}

TEST(Topology, TheHeartbeatIsOffUnlessItIsNamed) {
  const auto off = parse_topology(kExample, "f.yml");
  ASSERT_TRUE(off) << off.error().message;
  EXPECT_EQ(off->observe.heartbeat, std::nullopt);
  EXPECT_THAT(print_topology(*off), Not(HasSubstr("heartbeat")));
  const auto on = parse_topology(with("timeout: 1s}", "timeout: 1s, heartbeat: 5s}"), "f.yml");
  ASSERT_TRUE(on) << on.error().message;
  EXPECT_EQ(on->observe.heartbeat, 5s);
}

const std::string kHooked =
    kExample +
    "    hooks:\n"                                                                              // 48
    "      - {name: env, act: [/usr/local/bin/env, a b], check: [/usr/local/bin/env, same]}\n"  // 49
    "      - {name: play, act: [/usr/local/bin/play], timeout: 2m, retries: 0}\n";              // 50

TEST(Topology, HooksAreReadInTheirOrder) {
  const Result<Topology> topology = parse_topology(kHooked, "f.yml");
  ASSERT_TRUE(topology) << topology.error().message;
  const std::vector<HookConfig>& hooks = topology->clusters[0].hooks;
  ASSERT_EQ(hooks.size(), 2U);
  EXPECT_EQ(hooks[0].name, "env");
  EXPECT_EQ(hooks[0].act, (std::vector<std::string>{"/usr/local/bin/env", "a b"}));
  EXPECT_EQ(hooks[0].check, (std::vector<std::string>{"/usr/local/bin/env", "same"}));
  EXPECT_EQ(hooks[0].timeout, 30s);
  EXPECT_EQ(hooks[0].retries, 2);
  EXPECT_TRUE(hooks[1].check.empty());
  EXPECT_EQ(hooks[1].timeout, 2min);
  EXPECT_EQ(hooks[1].retries, 0);
  const Result<Topology> again = parse_topology(print_topology(*topology), "f.yml");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->clusters[0].hooks[0].check, hooks[0].check);
  EXPECT_EQ(again->clusters[0].hooks[1].timeout, 2min);
  EXPECT_EQ(print_topology(*again), print_topology(*topology));
}

TEST(Topology, FaultsOfHooksAreNamed) {
  const auto faults = [](const std::string& from, const std::string& to) {
    return faults_of(with(from, to, kHooked));
  };
  EXPECT_THAT(faults("name: play", "name: env"), HasSubstr("f.yml:50:16: hook 'shop/env' is there twice"));
  EXPECT_THAT(faults("act: [/usr/local/bin/play]", "act: [play]"),
              HasSubstr("'act' must begin with an absolute path"));
  EXPECT_THAT(faults("same]", "same], cheque: [/bin/true]"), HasSubstr("unknown key 'cheque' in hook"));
  EXPECT_THAT(faults("timeout: 2m", "timeout: 20m"), HasSubstr("'timeout' is over 10m"));
  EXPECT_THAT(faults("timeout: 2m", "timeout: 2ms"), HasSubstr("'timeout' is 2ms, less than 100ms"));
  EXPECT_THAT(faults("retries: 0", "retries: 11"), HasSubstr("write a whole number from 0 to 10"));
  std::string many;
  for (size_t i = 0; i < kMostHooks; ++i) many += fmt::format("      - {{name: h{}, act: [/bin/true]}}\n", i);
  EXPECT_THAT(faults_of(kHooked + many), HasSubstr("18 hooks, more than 16"));
}

const std::string kNotify =
    "notify:\n"
    "  - {kind: alertmanager}\n"
    "  - {kind: grafana, url: \"https://grafana.example/g\", token_file: /t, timeout: 3s}\n"
    "  - {kind: webhook, url: \"http://10.3.0.9:8080/farshore?x=1\", ca_file: /ca, proxy: "
    "\"http://p:3128\"}\n"
    "  - {kind: webhook, url_file: /etc/farshore/hook.url}\n";

TEST(Topology, OutcomesAreToldToWhomItNames) {
  const auto topology = parse_topology(kExample + kNotify, "f.yml");
  ASSERT_TRUE(topology) << topology.error().message;
  ASSERT_EQ(topology->notify.size(), 4u);
  EXPECT_EQ(topology->notify[0].provider.kind, "alertmanager");
  EXPECT_EQ(topology->notify[0].timeout, 5s);
  EXPECT_EQ(topology->notify[1].timeout, 3s);
  EXPECT_EQ(topology->notify[2].provider.text.at("url"), "http://10.3.0.9:8080/farshore?x=1");
  EXPECT_EQ(topology->notify[2].provider.text.at("ca_file"), "/ca");
  EXPECT_EQ(topology->notify[2].provider.text.at("proxy"), "http://p:3128");
  EXPECT_EQ(topology->notify[3].provider.text.at("url_file"), "/etc/farshore/hook.url");
}

TEST(Topology, ReceiversOfOutcomesAreChecked) {
  const auto fault = [](const std::string& item) {
    return faults_of(kExample + "notify:\n  - {kind: alertmanager}\n  - " + item + "\n");
  };
  EXPECT_THAT(fault("{kind: slack}"), HasSubstr("known kinds: alertmanager, grafana, webhook"));
  EXPECT_THAT(fault("{kind: grafana, url: \"http://g:3000\"}"), HasSubstr("missing key 'token_file'"));
  EXPECT_THAT(fault("{kind: webhook, url: \"http://a:b@c/\"}"), HasSubstr("no user or password"));
  EXPECT_THAT(fault("{kind: webhook, url: \"http://c/\", timeout: 1m}"), HasSubstr("is over 30s"));
  EXPECT_THAT(fault("{kind: alertmanager}"), HasSubstr("is there twice"));
  EXPECT_THAT(fault("{kind: webhook}"), HasSubstr("a webhook needs 'url' or 'url_file', and not both"));
  EXPECT_THAT(fault("{kind: webhook, url: \"http://c/\", url_file: /u}"), HasSubstr("and not both"));
  EXPECT_THAT(fault("{kind: webhook, url_file: u}"), HasSubstr("must be an absolute path"));
  const std::string hook = "{kind: webhook, url: \"http://c/T00SECRET\"}";
  EXPECT_THAT(fault(hook + "\n  - " + hook), AllOf(HasSubstr("is there twice"), Not(HasSubstr("T00SECRET"))));
  EXPECT_THAT(fault("{kind: webhook, url: \"http://c:x/T00SECRET\"}"),
              AllOf(HasSubstr("write it as http://host:port/path"), Not(HasSubstr("T00SECRET"))));
}

TEST(Topology, PrintedWithItsDefaultsItIsReadBackTheSame) {
  const std::string command_traffic =
      kExample +
      "      - {kind: command, name: balancer, act: [/bin/move, \"a \\\"b\\\"\"], "
      "read: [/bin/current], targets: {us-east: x, eu-west: 'y: z'}}\n";
  const std::string beating = with("timeout: 1s}", "timeout: 1s, heartbeat: 5s}");
  const std::string more = with("cooldown: 1h", "cooldown: 1h, max_exposure: 90s", command_traffic);
  for (const std::string& text : {kExample, beating, more, kExample + kNotify, with(kFenceOfUs, kSshFence)}) {
    const Result<Topology> first = parse_topology(text, "f.yml");
    ASSERT_TRUE(first) << first.error().message;
    const std::string printed = print_topology(*first);
    const Result<Topology> second = parse_topology(printed, "f.yml");
    ASSERT_TRUE(second) << second.error().message << "\n" << printed;
    EXPECT_EQ(print_topology(*second), printed);
    for (const char* key :
         {"evidence_window: 3s", "confirm_for: 15s", "server_id: localhost", "timeout: 5s"}) {
      EXPECT_THAT(printed, HasSubstr(key));
    }
    EXPECT_EQ(second->clusters[0].fences[0].provider.lists, first->clusters[0].fences[0].provider.lists);
    EXPECT_EQ(second->clusters[0].fences[0].provider.text, first->clusters[0].fences[0].provider.text);
    EXPECT_EQ(second->notify.size(), first->notify.size());
    EXPECT_EQ(second->clusters[0].traffic.back().targets, first->clusters[0].traffic.back().targets);
    EXPECT_EQ(second->clusters[0].failover.max_exposure, first->clusters[0].failover.max_exposure);
    EXPECT_EQ(second->clusters[0].servers[1].conninfo, first->clusters[0].servers[1].conninfo);
  }
}

std::string two_vantages(const std::string& quorum) {
  std::string text =
      with("[us-east, eu-west, eu-central], quorum: majority", "[us-east, eu-west], quorum: " + quorum);
  text = with("  - {vantage: eu-central, address: \"10.3.0.2:10187\"}\n", "", text);
  text = with("    - {region: eu-central, url: \"http://10.3.0.3:9090\"}\n", "  quorum: 1\n", text);
  return text;
}

TEST(Topology, TwoVantagesMustSayThatOneIsEnough) {
  EXPECT_EQ(
      faults_of(two_vantages("majority")),
      "f.yml:1:47: 2 vantages leave the majority open; add a witness, or say how many must agree: quorum: 1");
  EXPECT_EQ(faults_of(two_vantages("1")), "");
}

TEST(Topology, AFirewallReplacesNoFenceUnlessSomebodyMeasuredWhatItCuts) {
  const std::string act =
      "{kind: command, server: shop-eu, act: [/usr/local/bin/off, eu], proof: [/usr/local/bin/is-off, eu]}";
  const std::string firewall = "{kind: linode_firewall, server: shop-eu, linode_id: 2, token_file: /token";
  EXPECT_THAT(faults_of(with(act, firewall + "}")),
              HasSubstr("server 'shop-eu' has no fence that is a proof, and the mode is automatic"));
  EXPECT_EQ(faults_of(with(act, firewall + ", open_sessions: cut}")), "");
}

TEST(Topology, AFirewallThatShutsOutTheOnlyProofIsRefused) {
  const std::string act =
      "{kind: command, server: shop-eu, act: [/usr/local/bin/off, eu], proof: [/usr/local/bin/is-off, eu]}";
  const std::string ssh =
      "{kind: ssh, server: shop-eu, address: \"10.2.0.5:22\", user: root, identity_file: /id, "
      "known_hosts_file: "
      "/known, data_directory: /data}";
  const std::string firewall = "{kind: linode_firewall, server: shop-eu, linode_id: 2, token_file: /token";
  const std::string power = "{kind: linode_power, server: shop-eu, linode_id: 2, token_file: /token}";
  const std::string both = ssh + "\n      - " + firewall;
  EXPECT_THAT(faults_of(with(act, both + "}")),
              HasSubstr("the firewall shuts out the ssh fence of 'shop-eu', which is its only proof"));
  EXPECT_EQ(faults_of(with(act, both + "}\n      - " + power)), "");
  EXPECT_EQ(faults_of(with(act, both + "}\n      - " + act)), "");
  EXPECT_EQ(faults_of(with(act, both + ", open_sessions: cut}")), "");
}

TEST(Topology, ANumberOfAProviderIsAWholeNumberFromOne) {
  const std::string act =
      "{kind: command, server: shop-eu, act: [/usr/local/bin/off, eu], proof: [/usr/local/bin/is-off, eu]}";
  for (const char* id : {"0", "-3", "1x", "99999999999999999999"})
    EXPECT_THAT(
        faults_of(with(
            act,
            fmt::format("{{kind: linode_power, server: shop-eu, linode_id: {}, token_file: /token}}", id))),
        HasSubstr("of 'linode_id' is no whole number from 1"));
}

TEST(Topology, AQuorumOfOneNeedsAFenceForEveryServerEvenWithApproval) {
  std::string text = with("mode: automatic", "mode: approve", two_vantages("1"));
  const size_t begin = text.find("    fence:\n");
  text.erase(begin, text.find("    traffic:\n") - begin);
  EXPECT_THAT(faults_of(text),
              HasSubstr("server 'shop-us' has no fence, and one vantage alone makes the quorum"));
  EXPECT_EQ(faults_of(with("mode: approve", "mode: off", text)), "");
}

TEST(Topology, ApproveGoesWithoutFenceWhenThereIsAWitness) {
  std::string text = with("mode: automatic", "mode: approve");
  const size_t begin = text.find("    fence:\n");
  text.erase(begin, text.find("    traffic:\n") - begin);
  EXPECT_EQ(faults_of(text), "");
}

TEST(Topology, AnEmptyFileSaysWhatIsMissing) {
  EXPECT_EQ(faults_of(""),
            "f.yml:1:1: topology must be a mapping, not nothing; write it as 'key: value' lines");
  for (const char* key : {"vantages", "prometheus", "alertmanagers", "exporters", "actuators", "clusters"}) {
    EXPECT_THAT(faults_of("observe: {}\n"), HasSubstr(std::string("missing key '") + key + "'"));
  }
}

TEST(Topology, AllFaultsAreFoundInOnePassInTheOrderOfTheFile) {
  const std::string faults =
      faults_of(with("for: 3s", "forr: 3s", with("type: A", "type: B", with("16MiB", "16"))));
  const size_t first = faults.find("f.yml:16:"), second = faults.find("f.yml:34:"),
               third = faults.find("f.yml:41:");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos);
}

TEST(Topology, AMissingFileIsNamed) {
  const Result<Topology> topology = load_topology("/nonexistent/farshore.yml");
  ASSERT_FALSE(topology);
  EXPECT_EQ(topology.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(topology.error().message, HasSubstr("/nonexistent/farshore.yml"));
}

TEST(Topology, AFolderInPlaceOfAFileIsAnErrorAndNotAnEmptyTopology) {
  const Result<Topology> topology = load_topology("/tmp");
  ASSERT_FALSE(topology);
  EXPECT_THAT(topology.error().message, Not(HasSubstr("missing key")));
}

}  // namespace
}  // namespace farshore
