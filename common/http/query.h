// What follows the question mark of a path, as keys with values. Nothing is decoded: a value that needs "%"
// or
// "+" is none of ours. Pure.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace farshore {

using QueryKeys = std::vector<std::pair<std::string_view, std::string_view>>;

// In the order of the text, which must outlive them. kInvalidArgument when a key is there twice.
Result<QueryKeys> split_query(std::string_view text);

}  // namespace farshore
