// Reading JSON that somebody else wrote: bounded, strict, and every error says where.
//
//   auto body = parse_json(text, 1 << 20);
//   auto labels = body->get_object("commonLabels");  // error: "commonLabels: missing"
//
// Strict: one value and nothing after it, well-formed UTF-8, no key twice in one object, nesting at most 64
// deep, parsed without recursion. A JsonValue is a cheap handle that keeps its document alive; reading is
// thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace farshore {

inline constexpr size_t kJsonMaxDepth = 64;
inline constexpr size_t kJsonDefaultMaxBytes = 1 << 20;

class JsonValue {
 public:
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;
  bool is_number() const;
  bool is_bool() const;
  bool is_null() const;

  // The value as a type; kInvalidArgument with the path when it is another (no conversions; 1.0 is no
  // integer).
  Result<std::string> as_string() const;
  Result<int64_t> as_int() const;
  Result<double> as_double() const;
  Result<bool> as_bool() const;

  // A member. Absent: kNotFound. This is no object: kInvalidArgument.
  Result<JsonValue> get(std::string_view key) const;
  Result<std::string> get_string(std::string_view key) const;
  Result<int64_t> get_int(std::string_view key) const;
  Result<double> get_double(std::string_view key) const;
  Result<bool> get_bool(std::string_view key) const;
  // Array and object members; anything else under that key is an error.
  Result<std::vector<JsonValue>> get_array(std::string_view key) const;
  Result<JsonValue> get_object(std::string_view key) const;

  // A member that may be absent or null (nullopt); of another type it is still an error.
  std::optional<JsonValue> find(std::string_view key) const;
  Result<std::optional<std::string>> find_string(std::string_view key) const;
  Result<std::optional<int64_t>> find_int(std::string_view key) const;

  // Elements of an array, members of an object in the order of the text; empty for everything else.
  std::vector<JsonValue> items() const;
  std::vector<std::pair<std::string, JsonValue>> members() const;

  // Where it is: "alerts[0].labels.cluster"; "" for the whole.
  const std::string& path() const { return path_; }
  // The value as compact JSON again.
  std::string to_json() const;

 private:
  friend Result<JsonValue> parse_json(std::string_view text, size_t max_bytes);
  struct Document;
  JsonValue(std::shared_ptr<const Document> document, const void* node, std::string path)
      : document_(std::move(document)), node_(node), path_(std::move(path)) {}
  JsonValue child(const void* node, std::string path) const { return {document_, node, std::move(path)}; }
  tl::unexpected<Error> wrong_type(std::string_view expected) const;

  std::shared_ptr<const Document> document_;
  const void* node_;  // a rapidjson::Value of document_
  std::string path_;
};

// kInvalidArgument with the byte offset when it is no JSON, too large, too deep or names a key twice.
Result<JsonValue> parse_json(std::string_view text, size_t max_bytes = kJsonDefaultMaxBytes);

}  // namespace farshore
