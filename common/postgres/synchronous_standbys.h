// How many standbys a commit waits for, by the text of synchronous_standby_names. Source: PostgreSQL
// documentation, 20.6.2 "Primary Server"; src/backend/replication/syncrep_gram.y. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace farshore {

// "" gives 0; "a, b" gives 1, "2 (a, b)", "FIRST 2 (a, b)" and "ANY 2 (a, b)" give 2. Absent for what
// PostgreSQL would not accept either.
std::optional<int64_t> synchronous_standbys(std::string_view names);

}  // namespace farshore
