// How the columns of fact_parts.h are read: leniently, for a value that makes no sense is as good as hidden
// and must not cost the others. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "common/base/clock.h"
#include "common/postgres/fact_details.h"

namespace farshore {

// One column per part, in the order of `parts`. A column that is NULL has nothing to say; one that is no JSON
// counts as not read.
FactDetails decode_details(std::span<const std::optional<std::string>> columns, const FactParts& parts);

// Absent for what nanoseconds cannot hold: times before the year 1678 or after 2262.
std::optional<nanoseconds> from_microseconds(int64_t value);

}  // namespace farshore
