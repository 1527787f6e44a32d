#include "actuator/ctl/json_text.h"

namespace farshore {

std::string text_of(const JsonValue& object, std::string_view key) {
  const auto value = object.find(key);
  if (!value) return "";
  return value->is_string() ? value->as_string().value_or("") : value->to_json();
}

bool flag_of(const JsonValue& object, std::string_view key) { return object.get_bool(key).value_or(false); }

std::string time_of(const JsonValue& object, std::string_view key) {
  std::string text = text_of(object, key);
  // "2026-11-22T17:13:48.970Z": milliseconds are for programs.
  if (text.size() < 20 || text[10] != 'T') return text;
  return text.substr(0, 10) + " " + text.substr(11, 8) + "Z";
}

std::string seconds_of(const JsonValue& object, std::string_view key) {
  const auto value = object.get_double(key);
  if (value) return fmt::format("{:.{}f} s", *value, *value < 10 ? 3 : 1);
  return "";
}

std::vector<JsonValue> items_of(const JsonValue& object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->items() : std::vector<JsonValue>{};
}

}  // namespace farshore
