#include "exporter/health/health_query.h"

#include <charconv>
#include <limits>
#include <set>
#include <string>

namespace farshore {
namespace {

Status take(std::string_view key, std::string_view value, unsigned takes, HealthQuery& query) {
  const auto wrong = [&](std::string_view wanted) {
    return fail(ErrorCode::kInvalidArgument, "'{}' must be {}", key, wanted);
  };
  if (key == "lag" && (takes & kTakesLag) != 0) {
    query.lag = parse_lag(value);
    if (!query.lag) return wrong("a number of bytes, or one with B, kB, MB, GB or TB, such as 16MB");
  } else if (key == "replication_state" && (takes & kTakesState) != 0) {
    if (value != "streaming") return wrong("streaming");
    query.streaming = true;
  } else if (key == "mode" && (takes & kTakesMode) != 0) {
    if (value != "apply" && value != "write") return wrong("apply or write");
    query.mode = value == "write" ? LagOf::kWrite : LagOf::kApply;
  } else {
    return fail(ErrorCode::kInvalidArgument, "this path does not know '{}'", key);
  }
  return {};
}

}  // namespace

std::optional<int64_t> parse_lag(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  constexpr std::pair<std::string_view, int> kUnits[] = {{"", 0},    {"B", 0},   {"kB", 10},
                                                         {"MB", 20}, {"GB", 30}, {"TB", 40}};
  for (const auto& [name, shift] : kUnits)
    if (unit == name)
      return number > std::numeric_limits<int64_t>::max() >> shift ? std::nullopt
                                                                   : std::optional(number << shift);
  return std::nullopt;
}

Result<HealthQuery> parse_health_query(std::string_view text, unsigned takes) {
  HealthQuery query;
  std::set<std::string_view> seen;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const std::string_view key = part.substr(0, part.find('='));
    const std::string_view value = part.substr(std::min(key.size() + 1, part.size()));
    if (!seen.insert(key).second) return fail(ErrorCode::kInvalidArgument, "'{}' is there twice", key);
    if (const Status status = take(key, value, takes, query); !status)
      return tl::unexpected<Error>(status.error());
  }
  return query;
}

}  // namespace farshore
