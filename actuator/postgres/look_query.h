// The one statement of a look, and how its row is read: the facts every observer reads, and what only the
// admin role may see. Pure. PostgreSQL 13 to 17.
#pragma once

#include <string>

#include "actuator/postgres/postgres_server.h"
#include "common/postgres/facts_query.h"

namespace farshore {

// `with_epoch`: also reads farshore.epoch, which fails as a whole when there is no such table or it may not
// be read. $1 is the cluster. kInvalidArgument for versions that are not known.
Result<std::string> look_query(int server_version, bool with_epoch);

// FROM and WHERE of the client sessions (a, of role r) that replay waits for.
std::string_view conflicting_sessions();

// startup_wait_for is left at zero: it takes two looks. kCorrupt when the row is not of look_query.
Result<ServerLook> decode_look(const std::string& cluster, const PgRow& row, int server_version);

}  // namespace farshore
