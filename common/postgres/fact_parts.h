// The parts of what an observer reads beyond the spine: each is one column, an SQL expression that gives one
// JSON value, so that a part which a server refuses can be left out while the rest stays.
//
// Tiers: the fast ones ride on the facts statement of every look; the slow ones scan directories, all
// settings or all databases. Before PostgreSQL 15 the cumulative statistics are slow too: reading them waits
// for the statistics collector and its file, for seconds when the collector is stuck.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace farshore {

enum class FactPart {
  kWal,
  kReceiver,
  kReplay,
  kStandbys,
  kSlots,
  kArchiver,
  kConflicts,
  kPrepared,
  kSessions,
  kProcess,
  kPrivileges,
  kDirectories,
  kSettings,
  kTransactionIds,
};
enum class FactTier { kFast, kSlow };
// Who only decides needs the spine; who shows everything asks for all.
enum class FactScope { kSpine, kAll };

using FactParts = std::vector<FactPart>;  // in the order of the statement's columns

// More rows than this of one kind are left out and counted.
inline constexpr int kMaxFactRows = 64;

std::string_view to_string(FactPart part);  // "wal", "receiver", ...
FactTier tier_of(FactPart part, int server_version);
FactParts fact_parts(FactTier tier, int server_version);

// An expression over r.in_recovery; PostgreSQL 13 to 17, newer servers get what 17 gets.
std::string part_sql(FactPart part, int server_version);

// A statement of its own with a column per part.
std::string parts_query(const FactParts& parts, int server_version);

}  // namespace farshore
