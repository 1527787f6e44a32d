#include "common/yaml/yaml_node.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <sstream>

namespace farshore {
namespace {

constexpr size_t kMaxText = size_t{1} << 20;
constexpr int kMaxNodes = 100'000;  // an alias of an alias of an alias grows without bound
constexpr int kMaxDepth = 32;

class Converter {
 public:
  explicit Converter(std::vector<ConfigFault>& faults) : faults_(faults) {}

  YamlNode convert(const YAML::Node& from, int depth) {
    YamlNode node;
    node.line = from.Mark().line + 1;
    node.column = from.Mark().column + 1;
    if (++nodes_ > kMaxNodes || depth > kMaxDepth) {
      if (!overflowed_) add(node.line, node.column, "too large or too deeply nested", "");
      overflowed_ = true;
      return node;
    }
    if (from.IsScalar()) {
      node.kind = YamlNode::Kind::kScalar;
      node.scalar = from.Scalar();
    } else if (from.IsSequence()) {
      node.kind = YamlNode::Kind::kList;
      for (const auto& item : from) {
        node.items.push_back(convert(item, depth + 1));
        if (overflowed_) break;
      }
    } else if (from.IsMap()) {
      node.kind = YamlNode::Kind::kMap;
      for (const auto& pair : from) {
        convert_entry(pair.first, pair.second, node, depth);
        if (overflowed_) break;
      }
    }
    return node;
  }

 private:
  void convert_entry(const YAML::Node& key, const YAML::Node& value, YamlNode& into, int depth) {
    const int line = key.Mark().line + 1;
    const int column = key.Mark().column + 1;
    if (!key.IsScalar()) {
      add(line, column, "a key must be text", "");
      return;
    }
    if (const YamlEntry* first = into.find(key.Scalar())) {
      add(line, column, fmt::format("duplicate key '{}'", key.Scalar()),
          fmt::format("it is already set on line {}; keep one", first->line));
      return;
    }
    YamlEntry entry{key.Scalar(), line, column, convert(value, depth + 1)};
    if (entry.value.kind == YamlNode::Kind::kNull) {
      entry.value.line = line;  // a missing value is marked at the next token, which may be lines away
      entry.value.column = column;
    }
    into.entries.push_back(std::move(entry));
  }

  void add(int line, int column, std::string message, std::string remedy) {
    faults_.push_back({line, column, std::move(message), std::move(remedy)});
  }

  std::vector<ConfigFault>& faults_;
  int nodes_ = 0;
  bool overflowed_ = false;
};

// Where each document begins; nothing else of it.
class DocumentStarts : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { last = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

  YAML::Mark last;
};

// What YAML::Load leaves unread. Not by YAML::LoadAll: a comma where a document could begin is a document to
// it, without end (yaml-cpp 0.7).
void check_one_document(const std::string& text, std::vector<ConfigFault>& faults) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  if (!parser.HandleNextDocument(starts) || !parser.HandleNextDocument(starts)) return;
  const auto at = static_cast<size_t>(starts.last.pos);
  if (at < text.size() && text.compare(at, 3, "---") == 0) {
    faults.push_back({starts.last.line + 1, starts.last.column + 1, "a second document in the file",
                      "remove the '---' line"});
  } else {
    faults.push_back({starts.last.line + 1, starts.last.column + 1,
                      "not YAML: the document ends before this place",
                      "check the indentation, quotes and brackets here and before"});
  }
}

}  // namespace

const YamlEntry* YamlNode::find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

std::string_view describe(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "text";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a mapping";
  }
  return "unknown";
}

std::optional<YamlNode> parse_yaml(const std::string& text, std::vector<ConfigFault>& faults) {
  if (text.size() > kMaxText) {
    faults.push_back({0, 0, "larger than 1 MiB", ""});
    return std::nullopt;
  }
  try {
    check_one_document(text, faults);
    const YAML::Node document = YAML::Load(text);
    if (document.Mark().is_null())  // there is none
      return YamlNode{.line = 1, .column = 1, .scalar = {}, .items = {}, .entries = {}};
    return Converter(faults).convert(document, 0);
  } catch (const YAML::Exception& error) {
    faults.push_back({error.mark.line + 1, error.mark.column + 1, "not YAML: " + error.msg,
                      "check the indentation, quotes and brackets just before this place"});
  } catch (const std::exception& error) {
    faults.push_back({0, 0, fmt::format("not YAML: {}", error.what()), ""});
  }
  return std::nullopt;
}

const YamlNode& deepest_node(const YamlNode& root, std::string_view path) {
  const YamlNode* node = &root;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    const std::string_view part = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (node->kind == YamlNode::Kind::kList) {
      size_t index = 0;
      const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
      if (error != std::errc() || index >= node->items.size()) break;
      node = &node->items[index];
    } else {
      const YamlEntry* entry = node->find(part);
      if (entry == nullptr) break;
      node = &entry->value;
    }
  }
  return *node;
}

}  // namespace farshore
