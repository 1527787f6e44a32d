#include "exporter/health/health_query.h"

#include <charconv>
#include <limits>
#include <string>

#include "common/http/query.h"

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
  uint64_t number = 0;  // of a signed one "-0" would be taken
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  constexpr std::pair<std::string_view, int> kUnits[] = {{"", 0},    {"B", 0},   {"kB", 10},
                                                         {"MB", 20}, {"GB", 30}, {"TB", 40}};
  for (const auto& [name, shift] : kUnits)
    if (unit == name)
      return number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) >> shift
                 ? std::nullopt
                 : std::optional(static_cast<int64_t>(number << shift));
  return std::nullopt;
}

Result<HealthQuery> parse_health_query(std::string_view text, unsigned takes) {
  const Result<QueryKeys> keys = split_query(text);
  if (!keys) return tl::unexpected<Error>(keys.error());
  HealthQuery query;
  for (const auto& [key, value] : *keys)
    if (const Status status = take(key, value, takes, query); !status)
      return tl::unexpected<Error>(status.error());
  return query;
}

}  // namespace farshore
