// Durations and sizes as people write them in configuration: always a whole number with a unit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

// "500ms", "1s", "1m30s", "1h": units ns, us, ms, s, m, h, d, larger before smaller. Errors:
// kInvalidArgument with a message that says how to write it.
Result<nanoseconds> parse_duration(std::string_view text);
// The shortest text that parse_duration reads back: 90s is "90s", 3600s is "1h".
std::string format_duration(nanoseconds duration);

// "16MiB", "100kB", "0B": units B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024).
Result<int64_t> parse_bytes(std::string_view text);
std::string format_bytes(int64_t bytes);

}  // namespace farshore
