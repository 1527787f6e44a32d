// Builds a JSON text. Text that is no UTF-8 is repaired (U+FFFD), numbers that JSON cannot hold become null,
// so the result is always valid JSON once every object and array is closed. One thread at a time.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace farshore {

enum class JsonStyle { kCompact, kPretty };

class JsonWriter {
 public:
  explicit JsonWriter(JsonStyle style = JsonStyle::kCompact);
  ~JsonWriter();
  JsonWriter(JsonWriter&&) noexcept;
  JsonWriter& operator=(JsonWriter&&) noexcept;

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(double number);
  template <std::same_as<bool> T>
  JsonWriter& value(T truth) {
    return boolean(truth);
  }
  template <std::signed_integral T>
  JsonWriter& value(T number) {
    return integer(number);
  }
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  JsonWriter& value(T number) {
    return unsigned_integer(number);
  }
  JsonWriter& null();
  // A text that is already JSON (one value); the caller vouches for it.
  JsonWriter& raw(std::string_view json);

  // Usage: writer.field("cluster", name).field("epoch", epoch)
  template <typename T>
  JsonWriter& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }
  JsonWriter& null_field(std::string_view name) { return key(name).null(); }
  // An object or array as a member: writer.object("run") ... end_object()
  JsonWriter& object(std::string_view name) { return key(name).begin_object(); }
  JsonWriter& array(std::string_view name) { return key(name).begin_array(); }

  // What was written so far.
  std::string str() const;

 private:
  JsonWriter& boolean(bool truth);
  JsonWriter& integer(int64_t number);
  JsonWriter& unsigned_integer(uint64_t number);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace farshore
