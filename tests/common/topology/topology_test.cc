#include "common/topology/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "common/topology/provider_kinds.h"

namespace farshore {
namespace {

using testing::HasSubstr;
using testing::Not;

// The example of the design, with a fence kind that exists; the numbers are line numbers.
const std::string kExample =
    /* 1*/
    "vantages: {names: [us-east, eu-west, eu-central], quorum: majority}\n"
    /* 2*/
    "prometheus:\n"
    /* 3*/
    "  servers:\n"
    /* 4*/
    "    - {region: us-east, url: \"http://10.1.0.3:9090\"}\n"
    /* 5*/
    "    - {region: eu-west, url: \"http://10.2.0.3:9090\"}\n"
    /* 6*/
    "    - {region: eu-central, url: \"http://10.3.0.3:9090\"}\n"
    /* 7*/
    "alertmanagers:\n"
    /* 8*/
    "  - {region: us-east, url: \"http://10.1.0.4:9093\"}\n"
    /* 9*/
    "  - {region: eu-west, url: \"http://10.2.0.4:9093\"}\n"
    /*10*/
    "exporters:\n"
    /*11*/
    "  - {vantage: us-east, address: \"10.1.0.2:10187\"}\n"
    /*12*/
    "  - {vantage: eu-west, address: \"10.2.0.2:10187\"}\n"
    /*13*/
    "  - {vantage: eu-central, address: \"10.3.0.2:10187\"}\n"
    /*14*/
    "actuators: [{address: \"10.3.0.2:10188\"}]\n"
    /*15*/
    "observe: {interval: 1s, timeout: 1s}\n"
    /*16*/
    "detect: {scrape_interval: 1s, for: 3s}\n"
    /*17*/
    "clusters:\n"
    /*18*/
    "  - name: shop\n"
    /*19*/
    "    servers:\n"
    /*20*/
    "      - name: shop-us\n"
    /*21*/
    "        region: us-east\n"
    /*22*/
    "        conninfo: \"host=10.1.0.5 dbname=postgres user=farshore_monitor "
    "passfile=/etc/farshore/pgpass\"\n"
    /*23*/
    "        admin: {user: farshore_actuator, passfile: /etc/farshore/actuator.pgpass}\n"
    /*24*/
    "      - name: shop-eu\n"
    /*25*/
    "        region: eu-west\n"
    /*26*/
    "        conninfo: \"host=10.2.0.5 dbname=postgres user=farshore_monitor "
    "passfile=/etc/farshore/pgpass\"\n"
    /*27*/
    "        admin: {user: farshore_actuator, passfile: /etc/farshore/actuator.pgpass}\n"
    /*28*/
    "        priority: 10\n"
    /*29*/
    "    applications:\n"
    /*30*/
    "      - {name: shop-api, region: us-east, health_url: \"http://10.1.0.10:8080/healthz\"}\n"
    /*31*/
    "      - {name: shop-api, region: eu-west, health_url: \"http://10.2.0.10:8080/healthz\"}\n"
    /*32*/
    "    files:\n"
    /*33*/
    "      - {name: uploads, region: eu-west, marker: /srv/uploads/.last-sync}\n"
    /*34*/
    "    failover: {mode: automatic, max_data_loss: {bytes: 16MiB, time: 10s}, cooldown: 1h}\n"
    /*35*/
    "    fence:\n"
    /*36*/
    "      - {kind: command, server: shop-us, act: [/usr/local/bin/off, us], proof: [/usr/local/bin/is-off, "
    "us]}\n"
    /*37*/
    "      - {kind: command, server: shop-eu, act: [/usr/local/bin/off, eu], proof: [/usr/local/bin/is-off, "
    "eu]}\n"
    /*38*/
    "    traffic:\n"
    /*39*/
    "      - kind: powerdns\n"
    /*40*/
    "        name: orders.example.com\n"
    /*41*/
    "        type: A\n"
    /*42*/
    "        zone: example.com\n"
    /*43*/
    "        api_url: http://10.3.0.6:8081\n"
    /*44*/
    "        api_key_file: /etc/farshore/powerdns.key\n"
    /*45*/
    "        ttl: 30s\n"
    /*46*/
    "        targets: {us-east: 192.0.2.10, eu-west: 198.51.100.20}\n"
    /*47*/ "        nameservers: [\"10.3.0.6:53\", \"ns2.example.com:53\"]\n";

// The example with one piece of text replaced.
std::string with(const std::string& from, const std::string& to, std::string text = kExample) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string names_of(const std::vector<ProviderKind>& kinds) {
  std::string names;
  for (const ProviderKind& kind : kinds) names += (names.empty() ? "" : ", ") + kind.kind;
  return names;
}

std::string faults_of(const std::string& text) {
  const Result<Topology> topology = parse_topology(text, "f.yml");
  return topology ? std::string() : topology.error().message;
}

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

const std::string kFenceOfUs =
    "{kind: command, server: shop-us, act: [/usr/local/bin/off, us], proof: [/usr/local/bin/is-off, us]}";
const std::string kSshFence =
    "{kind: ssh, server: shop-us, address: \"10.1.0.5:22\", user: root, identity_file: /k, known_hosts_file: "
    "/h, "
    "data_directory: /var/lib/postgresql/15/main, unit: postgresql@15-main.service}";
const std::string kNotify =
    "notify:\n"
    "  - {kind: alertmanager}\n"
    "  - {kind: grafana, url: \"https://grafana.example/g\", token_file: /t, timeout: 3s}\n"
    "  - {kind: webhook, url: \"http://10.3.0.9:8080/farshore?x=1\"}\n";

TEST(Topology, OutcomesAreToldToWhomItNames) {
  const auto topology = parse_topology(kExample + kNotify, "f.yml");
  ASSERT_TRUE(topology) << topology.error().message;
  ASSERT_EQ(topology->notify.size(), 3u);
  EXPECT_EQ(topology->notify[0].provider.kind, "alertmanager");
  EXPECT_EQ(topology->notify[0].timeout, 5s);
  EXPECT_EQ(topology->notify[1].timeout, 3s);
  EXPECT_EQ(topology->notify[2].provider.text.at("url"), "http://10.3.0.9:8080/farshore?x=1");
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

struct Case {
  std::string from, to, fault;
  friend void PrintTo(const Case& each, std::ostream* out) { *out << each.from << " -> " << each.to; }
};

class TopologyFault : public testing::TestWithParam<Case> {};

TEST_P(TopologyFault, IsNamedWithItsPlaceAndRemedy) {
  EXPECT_EQ(faults_of(with(GetParam().from, GetParam().to)), "f.yml:" + GetParam().fault);
}

INSTANTIATE_TEST_SUITE_P(
    SingleValues, TopologyFault,
    testing::Values(
        Case{"region: us-east\n        conn", "regoin: us-east\n        conn",
             "20:9: missing key 'region' in server; add 'region:'\n"
             "f.yml:21:9: unknown key 'regoin' in server; did you mean 'region'?"},
        Case{"for: 3s", "for: 3s, for: 4s",
             "16:40: duplicate key 'for'; it is already set on line 16; keep one"},
        Case{"interval: 1s, timeout", "interval: 1, timeout",
             "15:21: '1' of 'interval' is no duration; write a whole number with a unit, such as 500ms, 10s, "
             "1m30s or 1h"},
        Case{"16MiB", "16M",
             "34:56: '16M' of 'bytes' is no size; write a whole number with a unit, such as 16MiB or 100kB"},
        Case{"priority: 10", "priority: high",
             "28:19: 'high' of 'priority' is out of range; write a whole number from 0 to 1000"},
        Case{"name: shop\n", "name: sh op\n",
             "18:11: 'sh op' is no name; use 1 to 63 letters, digits, '_', '.' and '-'"},
        Case{"mode: automatic", "mode: automatik",
             "34:22: unknown mode 'automatik'; did you mean 'automatic'?"},
        Case{"actuators: [{address: \"10.3.0.2:10188\"}]", "actuators: []",
             "14:12: 'actuators' in topology is an empty list; it needs at least one item"},
        Case{"\"10.3.0.2:10188\"", "10.3.0.2",
             "14:23: '10.3.0.2' of 'address' is no address; write it as host:port"},
        Case{"http://10.3.0.3:9090", "http://10.3.0.3:9090/graph",
             "6:33: 'http://10.3.0.3:9090/graph' of 'url' is no base URL; write it as http://host:port with "
             "nothing after the port"},
        Case{"dbname=postgres user", "password=x user",
             "22:19: conninfo of server 'shop-us' is refused; holds a password; put it into a file and name "
             "it "
             "with passfile="},
        Case{"quorum: majority}", "quorum: most}",
             "1:59: 'most' of 'quorum' is neither 'majority' nor a number; write 'majority' or a whole "
             "number of "
             "at least 1"}));

INSTANTIATE_TEST_SUITE_P(
    Providers, TopologyFault,
    testing::Values(
        Case{"kind: command, server: shop-us, act", "kind: ipmi_power, plug: 1, server: shop-us, act",
             "36:16: unknown kind 'ipmi_power' of fence; known kinds: " + names_of(fence_kinds())},
        Case{"kind: powerdns", "kind: power_dns",
             "39:15: unknown kind 'power_dns' of traffic; known kinds: " + names_of(traffic_kinds())},
        Case{"api_key_file: /etc/farshore/powerdns.key", "api_key: x",
             "39:9: missing key 'api_key_file' in traffic; add 'api_key_file:'\n"
             "f.yml:44:9: unknown key 'api_key' in traffic; did you mean 'api_key_file'?"},
        Case{"api_key_file: /etc", "api_key_file: etc", "44:23: 'api_key_file' must be an absolute path"},
        Case{"act: [/usr/local/bin/off, us]", "act: [off, us]",
             "36:47: 'act' must begin with an absolute path; commands run without a shell and without a "
             "search "
             "path"},
        Case{kFenceOfUs, with("user: root", "user: -oX", kSshFence),
             "36:68: '-oX' of 'user' is refused; write 1 to 32 of a-z, 0-9, '_' and '-', a letter or '_' "
             "first"},
        Case{kFenceOfUs, with("10.1.0.5:22", "10.1.0.5", kSshFence),
             "36:47: '10.1.0.5' of 'address' is no address; write it as host:port"},
        Case{kFenceOfUs, with("/main", "/../main", kSshFence),
             "36:131: '/var/lib/postgresql/15/../main' of 'data_directory' is refused; write an absolute "
             "path of "
             "letters, digits and /._+@- without '..' and without a '/' at its end"},
        Case{", proof: [/usr/local/bin/is-off, us]", "", "36:9: missing key 'proof' in fence; add 'proof:'"},
        Case{"192.0.2.10", "192.0.2.1000",
             "46:28: target '192.0.2.1000' of us-east does not fit a record of type 'A'; A takes an IPv4 "
             "address, "
             "AAAA an IPv6 address, CNAME a host name"},
        Case{"type: A", "type: MX", "41:15: unknown record type 'MX'; known types: A, AAAA, CNAME"},
        Case{"name: orders.example.com", "name: orders",
             "40:15: 'orders' does not lie in zone 'example.com'; write the record's full name"},
        Case{"\"10.3.0.6:53\"", "10.3.0.6",
             "47:23: '10.3.0.6' of 'nameservers' is no address; write it as host:port"}));

constexpr const char* kPowerDns =
    "      - kind: powerdns\n        name: orders.example.com\n        type: A\n        zone: example.com\n"
    "        api_url: http://10.3.0.6:8081\n        api_key_file: /etc/farshore/powerdns.key\n";

TEST(Topology, ADnsRecordMayLeaveItsNameServersToBeFound) {
  const auto topology =
      parse_topology(with("        nameservers: [\"10.3.0.6:53\", \"ns2.example.com:53\"]\n", ""), "f.yml");
  ASSERT_TRUE(topology) << topology.error().message;
  EXPECT_TRUE(topology->clusters.at(0).traffic.at(0).nameservers.empty());
  EXPECT_EQ(print_topology(*topology).find("nameservers"), std::string::npos);
}

TEST(Topology, AnUpdateGoesToAnAddress) {
  const std::string update =
      "      - kind: rfc2136\n        name: orders.example.com\n        type: A\n        zone: example.com\n"
      "        server: \"10.3.0.6:53\"\n        key_file: /etc/farshore/orders.key\n";
  const auto topology = parse_topology(with(kPowerDns, update), "f.yml");
  ASSERT_TRUE(topology) << topology.error().message;
  EXPECT_EQ(topology->clusters.at(0).traffic.at(0).provider.text.at("epoch_token"), "on");
  const auto bare = parse_topology(
      with("10.3.0.6:53\"\n        key", "10.3.0.6\"\n        key", with(kPowerDns, update)), "f.yml");
  ASSERT_FALSE(bare);
  EXPECT_NE(bare.error().message.find("'10.3.0.6' of 'server' is no address"), std::string::npos)
      << bare.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Together, TopologyFault,
    testing::Values(
        Case{"name: shop-eu", "name: shop-us",
             "24:15: server 'shop-us' is there twice; server names are unique in the whole file\n"
             "f.yml:37:33: fence of unknown server 'shop-eu'; did you mean 'shop-us'?"},
        Case{"host=10.2.0.5", "host=10.1.0.5",
             "26:19: PostgreSQL address '10.1.0.5:5432' is there twice; two entries for one server would be "
             "taken "
             "for two servers"},
        Case{"vantage: eu-central", "vantage: eu-centrl",
             "1:38: vantage 'eu-central' has no exporter; it could never vote; add it under exporters\n"
             "f.yml:13:15: region 'eu-centrl' is no vantage; did you mean 'eu-central'?"},
        Case{"      - {kind: command, server: shop-eu, act: [/usr/local/bin/off, eu], proof: "
             "[/usr/local/bin/is-off, eu]}\n",
             "",
             "24:9: server 'shop-eu' has no fence, and the mode is automatic; add one under fence, or choose "
             "mode: "
             "approve"},
        Case{"        admin: {user: farshore_actuator, passfile: /etc/farshore/actuator.pgpass}\n", "",
             "20:9: server 'shop-us' has no admin role, and the mode is automatic; add admin: {user, "
             "passfile}, or "
             "it can be neither cut nor promoted"},
        Case{", eu-west: 198.51.100.20", "",
             "46:18: traffic 'orders.example.com' has no target for region 'eu-west'; every region with a "
             "server "
             "needs one"},
        Case{"198.51.100.20}", "198.51.100.20, eu-central: 192.0.2.1}",
             "46:76: target for region 'eu-central', where cluster 'shop' has no server; its regions: "
             "us-east, "
             "eu-west"},
        Case{"    - {region: eu-central, url: \"http://10.3.0.3:9090\"}\n", "",
             "3:3: 2 prometheus servers leave the majority open; add a witness, or say how many must agree: "
             "quorum: 1"},
        Case{"quorum: majority}", "quorum: 3}",
             "1:59: quorum 3 of 3 vantages cannot be reached when eu-west is lost; add a witness in another "
             "region "
             "or lower the quorum"},
        Case{"quorum: majority}", "quorum: 4}",
             "1:59: quorum 4 of 3 vantages can never be reached; write a number from 1 to 3, or majority"},
        Case{"{region: eu-west, url: \"http://10.2.0.4:9093\"}",
             "{region: us-east, url: \"http://10.2.0.4:9093\"}",
             "8:3: every alertmanager is lost with region us-east; add one in another region"},
        Case{"scrape_interval: 1s", "scrape_interval: 4s",
             "16:27: 'scrape_interval' is over 2s; a vantage's sample counts for 3s only\n"
             "f.yml:16:36: 'for' is 3s, less than 4s; one missed look must not be a lost region; several "
             "scrapes make "
             "a judgement"},
        Case{"for: 3s", "for: 3s, scrape_timeout: 2s",
             "16:56: 'scrape_timeout' is over 'scrape_interval'; Prometheus would refuse it"},
        Case{"timeout: 1s}", "timeout: 3s}",
             "15:10: interval and timeout together are over 3s; a vantage's sample counts for 3s only"},
        Case{"timeout: 1s}", "timeout: 1s, heartbeat: 500ms}",
             "15:49: 'heartbeat' is 500ms, less than 1s; every beat uses up a transaction number"},
        Case{"timeout: 1s}", "timeout: 1s, heartbeat: 2m}",
             "15:49: 'heartbeat' is over 1m; the age of what a standby replayed is no finer"},
        Case{"cooldown: 1h", "evidence_window: 1s",
             "34:92: 'evidence_window' is 1s, less than 3s; life seen within it forbids a promotion, and "
             "samples "
             "are up to 3s old"},
        Case{"ttl: 30s", "ttl: 1500ms",
             "45:14: 'ttl' is no whole number of seconds; DNS knows nothing finer"}));

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
