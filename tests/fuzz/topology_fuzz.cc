// A topology file is refused with places, or it is one that prints as a file of the same meaning.
#include "common/topology/topology.h"
#include "tests/fuzz/config_claims.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace farshore;
  using fuzz::require;
  const std::string text(fuzz::text_of(data, size));
  const auto topology = parse_topology(text, "farshore.yml");
  if (!topology) {
    fuzz::require_places(topology.error(), "farshore.yml", text);
    return 0;
  }
  require(!topology->clusters.empty(), "an accepted topology has a cluster");
  const int quorum = topology->vantages.quorum.of(topology->vantages.names.size());
  require(quorum >= 1 && static_cast<size_t>(quorum) <= topology->vantages.names.size(),
          "the quorum can be reached");
  for (const auto& cluster : topology->clusters)
    for (const auto& server : cluster.servers)
      require(cluster.find_server(server.name) == &server, "names of servers tell them apart", server.name);
  const std::string printed = print_topology(*topology);
  const auto again = parse_topology(printed, "printed.yml");
  require(again.has_value(), "what is printed can be read",
          again ? "" : again.error().message + "\n" + printed);
  require(print_topology(*again) == printed, "what is read again means the same", printed);
  return 0;
}
