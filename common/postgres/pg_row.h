// One row of a result in text format.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace farshore {

using PgRow = std::vector<std::optional<std::string>>;  // absent = NULL

}  // namespace farshore
