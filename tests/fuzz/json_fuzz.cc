// JSON of strangers: accepted only when well formed, and what is read prints as JSON of the same value. And
// the writer: whatever it is told, the result is JSON.
#include <cmath>

#include "common/base/utf8.h"
#include "common/json/json_value.h"
#include "common/json/json_writer.h"
#include "tests/fuzz/fuzz.h"

namespace farshore::fuzz {
namespace {

// Every value is of exactly one type, and each way of reading it agrees.
void walk(const JsonValue& value, size_t depth) {
  require(depth <= kJsonMaxDepth, "nothing is nested deeper than promised");
  const int types = int{value.is_object()} + int{value.is_array()} + int{value.is_string()} +
                    int{value.is_number()} + int{value.is_bool()} + int{value.is_null()};
  require(types == 1, "a value has one type");
  require(value.as_string().has_value() == value.is_string(), "only a string is a string");
  require(value.as_bool().has_value() == value.is_bool(), "only a boolean is a boolean");
  require(value.as_double().has_value() == value.is_number(), "only a number is a number");
  require(!value.as_int() || value.is_number(), "an integer is a number");
  require(value.get("a").has_value() == value.find("a").has_value() || value.get("a")->is_null(),
          "find gives what get gives, except null");
  if (value.is_number()) require(std::isfinite(*value.as_double()), "a number is finite");
  if (value.is_string()) require(is_valid_utf8(*value.as_string()), "a string is well-formed");
  for (const auto& item : value.items()) walk(item, depth + 1);
  for (const auto& [key, member] : value.members()) {
    require(value.get(key).has_value(), "a member is found by its name", key);
    walk(member, depth + 1);
  }
}

// Printing and reading may cost a fraction its last bits, and nothing else anything.
bool same(const JsonValue& a, const JsonValue& b) {
  const auto x = a.members(), y = b.members();
  const auto i = a.items(), j = b.items();
  if (x.size() != y.size() || i.size() != j.size()) return false;
  for (size_t n = 0; n < x.size(); ++n)
    if (x[n].first != y[n].first || !same(x[n].second, y[n].second)) return false;
  for (size_t n = 0; n < i.size(); ++n)
    if (!same(i[n], j[n])) return false;
  if (!x.empty() || !i.empty() || a.as_int() || !a.is_number())
    return !x.empty() || !i.empty() || a.to_json() == b.to_json();
  const double left = *a.as_double();
  return b.is_number() && std::abs(left - *b.as_double()) <= 1e-14 * std::abs(left);
}

void check_writer(std::string_view text) {
  JsonWriter writer;
  writer.begin_object().field("text", text).key(text).begin_array();
  writer.value(static_cast<int64_t>(text.size())).null().end_array().end_object();
  // The key may be "text" too; the value is then the one thing that a strict reader must refuse.
  const auto read = parse_json(writer.str(), size_t{16} << 20);
  if (to_valid_utf8(text) == "text") {
    require(!read, "a key that stands twice is refused");
    return;
  }
  require(read.has_value(), "what the writer writes is JSON", writer.str());
  const auto field = read->get_string("text");
  require(field && *field == to_valid_utf8(text), "a text comes back, repaired where it was no UTF-8");
}

}  // namespace
}  // namespace farshore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace farshore;
  using fuzz::require;
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::check_writer(text);
  const auto value = parse_json(text);
  if (!value) {
    require(value.error().code == ErrorCode::kInvalidArgument, "what is no JSON is an invalid argument");
    return 0;
  }
  require(is_valid_utf8(text), "accepted JSON is well-formed UTF-8");
  fuzz::walk(*value, 0);
  const std::string printed = value->to_json();
  const auto again = parse_json(printed, size_t{16} << 20);
  require(again.has_value(), "printed JSON reads back", printed);
  require(fuzz::same(*value, *again), "and means the same", printed);
  return 0;
}
