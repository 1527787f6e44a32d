// A YAML document as a plain tree with places. yaml-cpp stays in the one .cc: its exceptions end there, and
// what it passes over in silence (duplicate keys, several documents) becomes a fault.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/yaml/config_fault.h"

namespace farshore {

struct YamlEntry;

// Immutable once parsed; safe to read from any thread.
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  int line = 0;    // 1-based; of a null: its key's
  int column = 0;  // 1-based
  std::string scalar;
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // of a map, in the order of the file, without duplicates

  const YamlEntry* find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  int line = 0;
  int column = 0;
  YamlNode value;
};

// "text", "a list", "a mapping", "nothing": how a message names it.
std::string_view describe(YamlNode::Kind kind);

// Nothing when the text is no YAML at all (then one fault says where). Duplicate keys are faults and the
// first one is kept. Bounded: 1 MiB of text, 100,000 nodes after aliases are followed, depth 32.
std::optional<YamlNode> parse_yaml(const std::string& text, std::vector<ConfigFault>& faults);

// The node that a path like "clusters.0.servers.1.region" leads to, or the deepest one on the way that
// exists: a missing key has no place of its own, so its parent's is shown.
const YamlNode& deepest_node(const YamlNode& root, std::string_view path);

}  // namespace farshore
