// The tables of the SQLite journal and their versions (PRAGMA user_version).
#pragma once

#include "common/base/clock.h"
#include "common/sqlite/database.h"

namespace farshore {

// Changes nothing. Errors: kInvalidArgument for a file of something else or of a newer Farshore (the message
// says what to do); those of Database.
Status check_schema(Database& database);

// Makes the tables in a new file and brings an older file up to date. Errors: those of Database.
Status prepare_schema(Database& database, Clock& clock);

}  // namespace farshore
