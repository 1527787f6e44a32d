#include "common/yaml/map_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/yaml/units.h"

namespace farshore {

bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), allowed);
}

std::vector<std::string> read_texts(const YamlNode& list, const std::string& what,
                                    std::vector<ConfigFault>& faults) {
  std::vector<std::string> texts;
  for (const YamlNode& item : list.items) {
    if (item.kind != YamlNode::Kind::kScalar || item.scalar.empty()) {
      faults.push_back({item.line, item.column,
                        fmt::format("an item of {} must be text, not {}", what,
                                    item.kind == YamlNode::Kind::kScalar ? "empty" : describe(item.kind)),
                        ""});
    }
    texts.push_back(item.scalar);
  }
  return texts;
}

MapReader::MapReader(const YamlNode& node, std::string what, std::vector<ConfigFault>& faults)
    : node_(node), what_(std::move(what)), faults_(faults), is_map_(node.kind == YamlNode::Kind::kMap) {
  if (!is_map_) {
    faults_.push_back({node.line, node.column,
                       fmt::format("{} must be a mapping, not {}", what_, describe(node.kind)),
                       "write it as 'key: value' lines"});
  }
}

const YamlNode* MapReader::any(const std::string& key, Need need) {
  known_.push_back(key);
  if (!is_map_) return nullptr;
  const YamlEntry* entry = node_.find(key);
  if (entry == nullptr) {
    if (need == Need::kRequired) {
      fault(key, fmt::format("missing key '{}' in {}", key, what_), fmt::format("add '{}:'", key));
    }
    return nullptr;
  }
  return &entry->value;
}

const YamlNode* MapReader::of_kind(const std::string& key, Need need, YamlNode::Kind kind) {
  const YamlNode* value = any(key, need);
  if (value == nullptr || value->kind == kind) return value;
  fault(key, fmt::format("'{}' in {} must be {}, not {}", key, what_, describe(kind), describe(value->kind)),
        value->kind == YamlNode::Kind::kNull ? "give it a value or remove the key" : "");
  return nullptr;
}

const YamlNode* MapReader::map(const std::string& key, Need need) {
  return of_kind(key, need, YamlNode::Kind::kMap);
}

const YamlNode* MapReader::list(const std::string& key, Need need) {
  const YamlNode* value = of_kind(key, need, YamlNode::Kind::kList);
  if (value == nullptr || !value->items.empty()) return value;
  fault(key, fmt::format("'{}' in {} is an empty list", key, what_),
        need == Need::kRequired ? "it needs at least one item" : "remove the key or add an item");
  return nullptr;
}

bool MapReader::text(const std::string& key, Need need, std::string& out) {
  const YamlNode* value = of_kind(key, need, YamlNode::Kind::kScalar);
  if (value == nullptr) return false;
  if (value->scalar.empty()) {
    fault(key, fmt::format("'{}' in {} is empty", key, what_), "give it a value or remove the key");
    return false;
  }
  out = value->scalar;
  return true;
}

bool MapReader::name(const std::string& key, Need need, std::string& out) {
  std::string value;
  if (!text(key, need, value)) return false;
  if (!is_name(value)) {
    fault(key, fmt::format("'{}' is no name", value), "use 1 to 63 letters, digits, '_', '.' and '-'");
    return false;
  }
  out = std::move(value);
  return true;
}

bool MapReader::duration(const std::string& key, Need need, nanoseconds& out) {
  std::string value;
  if (!text(key, need, value)) return false;
  const Result<nanoseconds> parsed = parse_duration(value);
  if (!parsed) {
    fault(key, fmt::format("'{}' of '{}' is no duration", value, key), parsed.error().message);
    return false;
  }
  out = *parsed;
  return true;
}

bool MapReader::bytes(const std::string& key, Need need, int64_t& out) {
  std::string value;
  if (!text(key, need, value)) return false;
  const Result<int64_t> parsed = parse_bytes(value);
  if (!parsed) {
    fault(key, fmt::format("'{}' of '{}' is no size", value, key), parsed.error().message);
    return false;
  }
  out = *parsed;
  return true;
}

bool MapReader::integer(const std::string& key, Need need, int minimum, int maximum, int& out) {
  std::string value;
  if (!text(key, need, value)) return false;
  int parsed = 0;
  const char* end = value.data() + value.size();
  const auto [after, error] = std::from_chars(value.data(), end, parsed);
  if (error != std::errc() || after != end || parsed < minimum || parsed > maximum) {
    fault(key, fmt::format("'{}' of '{}' is out of range", value, key),
          fmt::format("write a whole number from {} to {}", minimum, maximum));
    return false;
  }
  out = parsed;
  return true;
}

bool MapReader::text_list(const std::string& key, Need need, std::vector<std::string>& out) {
  const YamlNode* value = list(key, need);
  if (value == nullptr) return false;
  out = read_texts(*value, fmt::format("'{}'", key), faults_);
  return true;
}

void MapReader::fault(const std::string& key, std::string message, std::string remedy) {
  const YamlEntry* entry = node_.find(key);
  const YamlNode& at = entry == nullptr ? node_ : entry->value;
  faults_.push_back({at.line, at.column, std::move(message), std::move(remedy)});
}

void MapReader::finish() {
  for (const YamlEntry& entry : node_.entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    faults_.push_back({entry.line, entry.column, fmt::format("unknown key '{}' in {}", entry.key, what_),
                       suggest(entry.key, known_, "known keys")});
  }
}

}  // namespace farshore
