// The one statement that reads a server's facts, and how its row is read: the spine, which everybody needs
// and which touches no table that somebody could have locked, then a column for each wanted part of
// fact_parts.h. One round trip. PostgreSQL 13 to 17; newer servers get what 17 gets, for parts they refuse
// can be left out. Of the spine everything but the WAL receiver's columns is open to PUBLIC; those need
// pg_monitor and are absent without it.
#pragma once

#include <string>

#include "common/postgres/fact_parts.h"
#include "common/postgres/facts.h"
#include "common/postgres/pg_row.h"

namespace farshore {

inline constexpr int kOldestServer = 130000, kNewestKnownServer = 179999;

// `server_version` as PQserverVersion gives it (150018). kInvalidArgument for versions older than 13.
Result<std::string> facts_query(int server_version, const FactParts& parts = {});

// kCorrupt when the row is not what facts_query asks for. Strict for the spine, lenient for the parts.
Result<ServerFacts> decode_facts(const PgRow& row, int server_version, const FactParts& parts = {});

}  // namespace farshore
