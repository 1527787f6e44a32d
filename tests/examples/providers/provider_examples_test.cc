// Every fragment of examples/providers is read as part of a topology, and made into what it configures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "actuator/fence/registry.h"
#include "actuator/traffic/registry.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_dns_resolver.h"
#include "tests/fakes/fake_http_client.h"

namespace farshore {
namespace {

constexpr const char* kTopology = R"(vantages: {names: [us-east, eu-west, eu-central], quorum: majority}
prometheus: {servers: [{region: eu-central, url: "http://10.3.0.2:9090"}], quorum: 1}
alertmanagers: [{region: eu-central, url: "http://10.3.0.2:9093"}]
exporters: [{vantage: us-east, address: "10.1.0.2:10187"}, {vantage: eu-west, address: "10.2.0.2:10187"},
            {vantage: eu-central, address: "10.3.0.2:10187"}]
actuators: [{address: "10.3.0.2:10188"}]
clusters:
  - name: shop
    servers:
      - {name: shop-us, region: us-east, conninfo: "host=10.1.0.5 dbname=postgres user=farshore_monitor"}
      - {name: shop-eu, region: eu-west, conninfo: "host=10.2.0.5 dbname=postgres user=farshore_monitor"}
)";

std::vector<std::filesystem::path> examples() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(FARSHORE_SOURCE_DIR "/examples/providers"))
    if (entry.path().extension() == ".yml") found.push_back(entry.path());
  return found;
}

Topology topology_with(const std::filesystem::path& path) {
  std::string text = kTopology;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) text += "    " + line + "\n";
  return parse_topology(text, path.filename()).value();
}

TEST(ProviderExamples, EachIsAcceptedAndMadeAndShowsItsKind) {
  FakeHttpClient http;
  FakeCommandRunner commands;
  FakeDnsResolver dns;
  FakeClock clock;
  for (const std::filesystem::path& path : examples()) {
    const Topology topology = topology_with(path);
    std::vector<std::string> kinds;
    for (const FenceConfig& fence : topology.clusters.at(0).fences) {
      const auto made = make_fence(fence, {http, commands, clock, "shop", "us-east"});
      EXPECT_TRUE(made) << path << ": " << made.error().message;
      kinds.push_back(fence.provider.kind);
    }
    for (const TrafficConfig& traffic : topology.clusters.at(0).traffic) {
      const auto made = make_traffic_switch(traffic, {http, commands, dns, clock, "shop"});
      EXPECT_TRUE(made) << path << ": " << made.error().message;
      kinds.push_back(traffic.provider.kind);
    }
    EXPECT_THAT(kinds, ::testing::Contains(path.stem().string())) << path;
    EXPECT_EQ(print_topology(parse_topology(print_topology(topology), "printed").value()),
              print_topology(topology))
        << path;
  }
  EXPECT_TRUE(http.requests().empty()) << "nothing is asked when a provider is made";
}

}  // namespace
}  // namespace farshore
