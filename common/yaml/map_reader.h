// Reads one YAML mapping into typed values and collects every fault on the way: missing and unknown keys,
// wrong types, values without a unit. The known keys are the ones that were asked for, so a reader cannot
// forget to list one. Usage:
//
//   MapReader reader(node, "server", faults);
//   reader.name("name", Need::kRequired, server.name);
//   reader.integer("priority", Need::kOptional, 0, 1000, server.priority);
//   reader.finish();  // unknown keys
//
// Each read returns true when `out` was set; otherwise `out` keeps what it had, its default. Not
// thread-safe; the node and the faults must outlive the reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/yaml/yaml_node.h"

namespace farshore {

enum class Need { kOptional, kRequired };

class MapReader {
 public:
  // `what` names the thing in messages. A node that is no mapping is a fault, and then every read is silent.
  MapReader(const YamlNode& node, std::string what, std::vector<ConfigFault>& faults);

  bool text(const std::string& key, Need need, std::string& out);
  // Letters, digits, '_', '.', '-'; 1 to 63 of them: fit for labels, paths and file names.
  bool name(const std::string& key, Need need, std::string& out);
  bool duration(const std::string& key, Need need, nanoseconds& out);
  bool bytes(const std::string& key, Need need, int64_t& out);
  bool integer(const std::string& key, Need need, int minimum, int maximum, int& out);
  bool text_list(const std::string& key, Need need, std::vector<std::string>& out);

  // Nothing when absent or of another kind. A list must not be empty.
  const YamlNode* list(const std::string& key, Need need);
  const YamlNode* map(const std::string& key, Need need);
  const YamlNode* any(const std::string& key, Need need);

  // A fault at the key's value, or at the mapping when there is no such key.
  void fault(const std::string& key, std::string message, std::string remedy);
  bool has(std::string_view key) const { return node_.find(key) != nullptr; }
  const std::string& what() const { return what_; }

  void finish();

 private:
  const YamlNode* of_kind(const std::string& key, Need need, YamlNode::Kind kind);

  const YamlNode& node_;
  std::string what_;
  std::vector<ConfigFault>& faults_;
  std::vector<std::string> known_;
  bool is_map_;
};

bool is_name(std::string_view text);
// The text of a list's items, with a fault for each that is no text or empty.
std::vector<std::string> read_texts(const YamlNode& list, const std::string& what,
                                    std::vector<ConfigFault>& faults);

}  // namespace farshore
