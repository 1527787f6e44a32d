// Durations and sizes: what is taken prints as a text of the same value, and is never negative.
#include "common/yaml/units.h"

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace farshore;
  using fuzz::require;
  const std::string_view text = fuzz::text_of(data, size);
  if (const auto duration = parse_duration(text)) {
    require(duration->count() >= 0, "no duration is negative", text);
    const std::string printed = format_duration(*duration);
    require(parse_duration(printed) == *duration, "a printed duration reads back", printed);
  } else {
    require(duration.error().code == ErrorCode::kInvalidArgument, "a wrong duration is an invalid argument");
  }
  if (const auto bytes = parse_bytes(text)) {
    require(*bytes >= 0, "no size is negative", text);
    const std::string printed = format_bytes(*bytes);
    require(parse_bytes(printed) == *bytes, "a printed size reads back", printed);
    require(!parse_duration(text) || text.empty(), "no text is both a size and a duration", text);
  }
  return 0;
}
