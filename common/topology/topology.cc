#include "common/topology/topology.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "common/topology/topology_reader.h"
#include "common/yaml/yaml_node.h"

namespace farshore {

const ServerConfig* ClusterConfig::find_server(std::string_view server) const {
  for (const ServerConfig& candidate : servers) {
    if (candidate.name == server) return &candidate;
  }
  return nullptr;
}

const ClusterConfig* Topology::find_cluster(std::string_view cluster) const {
  for (const ClusterConfig& candidate : clusters) {
    if (candidate.name == cluster) return &candidate;
  }
  return nullptr;
}

Result<Topology> parse_topology(const std::string& text, const std::string& source_name) {
  std::vector<ConfigFault> faults;
  Topology topology;
  if (const std::optional<YamlNode> root = parse_yaml(text, faults)) {
    topology = read_topology(*root, faults);
    if (root->kind == YamlNode::Kind::kMap) check_topology(topology, *root, faults);
  }
  if (!faults.empty()) {
    return tl::unexpected(Error{ErrorCode::kInvalidArgument, format_faults(source_name, faults)});
  }
  topology.source = source_name;
  return topology;
}

Result<Topology> load_topology(const std::string& path) {
  constexpr size_t kMaxFile = size_t{1} << 20;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return fail(ErrorCode::kNotFound, "cannot open {}: {}", path, std::strerror(errno));
  std::string text(kMaxFile + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return fail(ErrorCode::kUnavailable, "cannot read {}: {}", path, std::strerror(errno));
  }
  return parse_topology(text, path);
}

}  // namespace farshore
