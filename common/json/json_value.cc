#include "common/json/json_value.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cmath>

#include "common/base/utf8.h"

namespace farshore {
namespace {

// Iterative: a body of a million brackets must not use up the stack. Not kParseFullPrecisionFlag: with it
// RapidJSON 1.1 reads "0e99" as 6.5e296. Without it a fraction may be wrong in its last two of 53 bits.
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

const rapidjson::Value& node_of(const void* node) { return *static_cast<const rapidjson::Value*>(node); }

std::string_view text_of(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

std::string_view type_name(const rapidjson::Value& value) {
  switch (value.GetType()) {
    case rapidjson::kNullType:
      return "null";
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return "a boolean";
    case rapidjson::kObjectType:
      return "an object";
    case rapidjson::kArrayType:
      return "an array";
    case rapidjson::kStringType:
      return "a string";
    case rapidjson::kNumberType:
      return "a number";
  }
  return "unknown";
}

std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string describe(const std::string& path) { return path.empty() ? "the document" : path; }

// The first key that an object names twice, if any.
std::optional<std::string> duplicate_key(const rapidjson::Value& object) {
  std::vector<std::string_view> keys;
  keys.reserve(object.MemberCount());
  for (const auto& member : object.GetObject()) keys.push_back(text_of(member.name));
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice == keys.end()) return std::nullopt;
  return std::string(*twice);
}

// Walks with its own stack, for the reason given at kFlags. Strings are looked at again: an escaped half of a
// surrogate pair is well-formed text to RapidJSON when it is the second half.
Status check_shape(const rapidjson::Value& root) {
  std::vector<std::pair<const rapidjson::Value*, size_t>> open{{&root, 1}};
  while (!open.empty()) {
    const auto [value, depth] = open.back();
    open.pop_back();
    if (value->IsString() && !is_valid_utf8(text_of(*value)))
      return fail(ErrorCode::kInvalidArgument, "JSON holds a string that is no UTF-8");
    if (value->IsDouble() && !std::isfinite(value->GetDouble()))
      return fail(ErrorCode::kInvalidArgument, "JSON holds a number that is too large");
    if (!value->IsObject() && !value->IsArray()) continue;
    if (depth > kJsonMaxDepth)
      return fail(ErrorCode::kInvalidArgument, "JSON is nested more than {} deep", kJsonMaxDepth);
    if (value->IsArray()) {
      for (const auto& item : value->GetArray()) open.emplace_back(&item, depth + 1);
      continue;
    }
    if (const auto key = duplicate_key(*value))
      return fail(ErrorCode::kInvalidArgument, "JSON names the key '{:.60}' twice in one object", *key);
    for (const auto& member : value->GetObject()) {
      if (!is_valid_utf8(text_of(member.name)))
        return fail(ErrorCode::kInvalidArgument, "JSON names a key that is no UTF-8");
      open.emplace_back(&member.value, depth + 1);
    }
  }
  return {};
}

template <typename T>
Result<T> read(const Result<JsonValue>& value, Result<T> (JsonValue::*as)() const) {
  if (!value) return tl::unexpected<Error>(value.error());
  return ((*value).*as)();
}

}  // namespace

struct JsonValue::Document {
  rapidjson::Document json;
};

Result<JsonValue> parse_json(std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes)
    return fail(ErrorCode::kInvalidArgument, "JSON of {} bytes is over the limit of {}", text.size(),
                max_bytes);
  // RapidJSON takes a NUL byte for the end and would accept whatever follows it.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument, "not JSON at byte {}: a NUL byte", nul);
  // It also passes over each byte of a byte order mark by itself, in front of any text.
  if (!text.empty() && kByteOrderMark.find(text.front()) != std::string_view::npos &&
      !text.starts_with(kByteOrderMark))
    return fail(ErrorCode::kInvalidArgument, "not JSON at byte 0: no UTF-8");
  auto document = std::make_shared<JsonValue::Document>();
  document->json.Parse<kFlags>(text.data(), text.size());
  if (document->json.HasParseError())
    return fail(ErrorCode::kInvalidArgument, "not JSON at byte {}: {}", document->json.GetErrorOffset(),
                rapidjson::GetParseError_En(document->json.GetParseError()));
  if (const Status shape = check_shape(document->json); !shape) return tl::unexpected<Error>(shape.error());
  const rapidjson::Value* root = &document->json;
  return JsonValue(std::move(document), root, "");
}

bool JsonValue::is_object() const { return node_of(node_).IsObject(); }
bool JsonValue::is_array() const { return node_of(node_).IsArray(); }
bool JsonValue::is_string() const { return node_of(node_).IsString(); }
bool JsonValue::is_number() const { return node_of(node_).IsNumber(); }
bool JsonValue::is_bool() const { return node_of(node_).IsBool(); }
bool JsonValue::is_null() const { return node_of(node_).IsNull(); }

tl::unexpected<Error> JsonValue::wrong_type(std::string_view expected) const {
  return fail(ErrorCode::kInvalidArgument, "{:.200}: expected {}, found {}", describe(path_), expected,
              type_name(node_of(node_)));
}

Result<std::string> JsonValue::as_string() const {
  if (!is_string()) return wrong_type("a string");
  return std::string(text_of(node_of(node_)));
}

Result<int64_t> JsonValue::as_int() const {
  if (!node_of(node_).IsInt64()) return wrong_type("an integer of 64 bits");
  return node_of(node_).GetInt64();
}

Result<double> JsonValue::as_double() const {
  if (!is_number()) return wrong_type("a number");
  return node_of(node_).GetDouble();
}

Result<bool> JsonValue::as_bool() const {
  if (!is_bool()) return wrong_type("a boolean");
  return node_of(node_).GetBool();
}

Result<JsonValue> JsonValue::get(std::string_view key) const {
  if (!is_object()) return wrong_type("an object");
  const rapidjson::Value name(rapidjson::StringRef(key.data(), key.size()));
  const auto member = node_of(node_).FindMember(name);
  if (member == node_of(node_).MemberEnd())
    return fail(ErrorCode::kNotFound, "{:.200}: missing", join(path_, key));
  return child(&member->value, join(path_, key));
}

Result<std::string> JsonValue::get_string(std::string_view key) const {
  return read(get(key), &JsonValue::as_string);
}
Result<int64_t> JsonValue::get_int(std::string_view key) const { return read(get(key), &JsonValue::as_int); }
Result<double> JsonValue::get_double(std::string_view key) const {
  return read(get(key), &JsonValue::as_double);
}
Result<bool> JsonValue::get_bool(std::string_view key) const { return read(get(key), &JsonValue::as_bool); }

Result<std::vector<JsonValue>> JsonValue::get_array(std::string_view key) const {
  const auto value = get(key);
  if (!value) return tl::unexpected<Error>(value.error());
  if (!value->is_array()) return value->wrong_type("an array");
  return value->items();
}

Result<JsonValue> JsonValue::get_object(std::string_view key) const {
  auto value = get(key);
  if (value && !value->is_object()) return value->wrong_type("an object");
  return value;
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  auto value = get(key);
  if (!value || value->is_null()) return std::nullopt;
  return *std::move(value);
}

Result<std::optional<std::string>> JsonValue::find_string(std::string_view key) const {
  const auto value = find(key);
  if (!value) return std::optional<std::string>();
  return value->as_string().map([](std::string text) { return std::optional(std::move(text)); });
}

Result<std::optional<int64_t>> JsonValue::find_int(std::string_view key) const {
  const auto value = find(key);
  if (!value) return std::optional<int64_t>();
  return value->as_int().map([](int64_t number) { return std::optional(number); });
}

std::vector<JsonValue> JsonValue::items() const {
  std::vector<JsonValue> items;
  if (!is_array()) return items;
  const auto array = node_of(node_).GetArray();
  items.reserve(array.Size());
  for (rapidjson::SizeType i = 0; i < array.Size(); ++i)
    items.push_back(child(&array[i], fmt::format("{}[{}]", path_, i)));
  return items;
}

std::vector<std::pair<std::string, JsonValue>> JsonValue::members() const {
  std::vector<std::pair<std::string, JsonValue>> members;
  if (!is_object()) return members;
  for (const auto& member : node_of(node_).GetObject()) {
    const std::string_view name = text_of(member.name);
    members.emplace_back(name, child(&member.value, join(path_, name)));
  }
  return members;
}

std::string JsonValue::to_json() const {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  node_of(node_).Accept(writer);  // recursion is bounded by kJsonMaxDepth
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace farshore
