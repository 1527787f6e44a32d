// Values of an answer as text for people: missing and null are empty, so that an older or newer actuator is
// shown as far as it is understood.
#pragma once

#include <string>
#include <vector>

#include "common/json/json_value.h"

namespace farshore {

std::string text_of(const JsonValue& object, std::string_view key);  // strings, numbers, booleans
bool flag_of(const JsonValue& object, std::string_view key);
// "2026-11-22 17:13:48Z"; empty when there is none.
std::string time_of(const JsonValue& object, std::string_view key);
// "12.3 s"; empty when there is none.
std::string seconds_of(const JsonValue& object, std::string_view key);
std::vector<JsonValue> items_of(const JsonValue& object, std::string_view key);

}  // namespace farshore
