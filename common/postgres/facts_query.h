// The one statement that reads a server's facts, and how its row is read. 0.1 ms and one round trip when
// prepared. Works with PostgreSQL 13 to 17; everything but the WAL receiver's columns is open to PUBLIC,
// those need pg_monitor and are absent without it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/postgres/facts.h"

namespace farshore {

using PgRow = std::vector<std::optional<std::string>>;  // text format; absent = NULL

// `server_version` as PQserverVersion gives it (150018). kInvalidArgument for versions it does not know.
Result<std::string> facts_query(int server_version);

// kCorrupt when the row is not what facts_query asks for.
Result<ServerFacts> decode_facts(const PgRow& row, int server_version);

}  // namespace farshore
