#include "common/http/query.h"

#include <algorithm>

namespace farshore {

Result<QueryKeys> split_query(std::string_view text) {
  QueryKeys keys;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const std::string_view key = part.substr(0, part.find('='));
    if (std::ranges::find(keys, key, &QueryKeys::value_type::first) != keys.end())
      return fail(ErrorCode::kInvalidArgument, "'{}' is there twice", key);
    keys.emplace_back(key, part.substr(std::min(key.size() + 1, part.size())));
  }
  return keys;
}

}  // namespace farshore
