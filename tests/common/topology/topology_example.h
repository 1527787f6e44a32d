// A whole topology as text, to be changed in one place and read: for the tests of the loader.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/topology/provider_kinds.h"
#include "common/topology/topology.h"

namespace farshore {

// The example of the design, with a fence kind that exists; the numbers are line numbers.
inline const std::string kExample =
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
inline std::string with(const std::string& from, const std::string& to, std::string text = kExample) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

inline std::string names_of(const std::vector<ProviderKind>& kinds) {
  std::string names;
  for (const ProviderKind& kind : kinds) names += (names.empty() ? "" : ", ") + kind.kind;
  return names;
}

inline std::string faults_of(const std::string& text) {
  const Result<Topology> topology = parse_topology(text, "f.yml");
  return topology ? std::string() : topology.error().message;
}

inline const std::string kFenceOfUs =
    "{kind: command, server: shop-us, act: [/usr/local/bin/off, us], proof: [/usr/local/bin/is-off, us]}";
inline const std::string kSshFence =
    "{kind: ssh, server: shop-us, address: \"10.1.0.5:22\", user: root, identity_file: /k, known_hosts_file: "
    "/h, "
    "data_directory: /var/lib/postgresql/15/main, unit: postgresql@15-main.service}";

}  // namespace farshore
