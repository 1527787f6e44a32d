// The query of a health endpoint, in Patroni's spelling. Unlike Patroni, which ignores what it does not know,
// everything unknown is refused: a misspelt limit must not become "no limit". Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/result.h"

namespace farshore {

enum class LagOf { kApply, kWrite };  // what a standby has replayed, or what it holds

struct HealthQuery {
  std::optional<int64_t> lag;  // bytes
  bool streaming = false;      // replication_state=streaming was asked for
  LagOf mode = LagOf::kApply;
};

// Which keys a path understands, to be joined with |.
constexpr unsigned kTakesNothing = 0, kTakesLag = 1, kTakesState = 2, kTakesMode = 4;

// `text` is what follows the question mark. Errors: kInvalidArgument, naming the key.
Result<HealthQuery> parse_health_query(std::string_view text, unsigned takes);

// A number of bytes, or a number with B, kB, MB, GB or TB (powers of 1024, as PostgreSQL and Patroni count).
std::optional<int64_t> parse_lag(std::string_view text);

}  // namespace farshore
