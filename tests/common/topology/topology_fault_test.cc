// Every fault of a topology file is named with its place and its remedy.
#include <gtest/gtest.h>

#include <ostream>

#include "tests/common/topology/topology_example.h"

namespace farshore {
namespace {

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
        Case{"http://10.3.0.3:9090", "http://me:S3CRET@10.3.0.3:9090",
             "6:33: what stands there of 'url' is no base URL; write it as http://host:port with "
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

}  // namespace
}  // namespace farshore
