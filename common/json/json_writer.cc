#include "common/json/json_writer.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <variant>

#include "common/base/utf8.h"

namespace farshore {
namespace {

using Compact = rapidjson::Writer<rapidjson::StringBuffer>;
using Pretty = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

rapidjson::SizeType size_of(std::string_view text) { return static_cast<rapidjson::SizeType>(text.size()); }

}  // namespace

struct JsonWriter::Impl {
  explicit Impl(JsonStyle style) {
    if (style == JsonStyle::kPretty)
      writer.emplace<Pretty>(buffer).SetIndent(' ', 2);
    else
      writer.emplace<Compact>(buffer);
  }

  template <typename Action>
  void with(Action&& action) {
    if (auto* pretty = std::get_if<Pretty>(&writer))
      action(*pretty);
    else
      action(std::get<Compact>(writer));
  }

  rapidjson::StringBuffer buffer;
  std::variant<std::monostate, Compact, Pretty> writer;
};

JsonWriter::JsonWriter(JsonStyle style) : impl_(std::make_unique<Impl>(style)) {}
JsonWriter::~JsonWriter() = default;
JsonWriter::JsonWriter(JsonWriter&&) noexcept = default;
JsonWriter& JsonWriter::operator=(JsonWriter&&) noexcept = default;

JsonWriter& JsonWriter::begin_object() {
  impl_->with([](auto& writer) { writer.StartObject(); });
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  impl_->with([](auto& writer) { writer.EndObject(); });
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  impl_->with([](auto& writer) { writer.StartArray(); });
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  impl_->with([](auto& writer) { writer.EndArray(); });
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  const std::string safe = to_valid_utf8(name);
  impl_->with([&](auto& writer) { writer.Key(safe.data(), size_of(safe), true); });
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  const std::string safe = to_valid_utf8(text);
  impl_->with([&](auto& writer) { writer.String(safe.data(), size_of(safe), true); });
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  impl_->with([number](auto& writer) { writer.Double(number); });
  return *this;
}

JsonWriter& JsonWriter::boolean(bool truth) {
  impl_->with([truth](auto& writer) { writer.Bool(truth); });
  return *this;
}

JsonWriter& JsonWriter::integer(int64_t number) {
  impl_->with([number](auto& writer) { writer.Int64(number); });
  return *this;
}

JsonWriter& JsonWriter::unsigned_integer(uint64_t number) {
  impl_->with([number](auto& writer) { writer.Uint64(number); });
  return *this;
}

JsonWriter& JsonWriter::null() {
  impl_->with([](auto& writer) { writer.Null(); });
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  impl_->with([json](auto& writer) { writer.RawValue(json.data(), json.size(), rapidjson::kObjectType); });
  return *this;
}

std::string JsonWriter::str() const { return {impl_->buffer.GetString(), impl_->buffer.GetSize()}; }

}  // namespace farshore
