// Why an attempt at a PostgreSQL server failed, sorted into the classes of facts.h.
//
// libpq 15 does not hand out the SQLSTATE of a refused connection, but with PQERRORS_VERBOSE it prints it
// into the message, whatever the server's language: "...: FATAL:  28P01: ...". Connections must therefore be
// begun by begin_connection (connection.h). System errors are recognised by strerror, which libpq uses too.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/postgres/facts.h"

namespace farshore {

struct PgFailure {
  FailureClass failure = FailureClass::kNone;
  std::string text;      // one line for people; no secrets
  std::string sqlstate;  // five characters when the server gave one
};

// From the message of a connection that could not be made (PQerrorMessage after PGRES_POLLING_FAILED).
PgFailure classify_connect_failure(std::string_view message);
// From the SQLSTATE and primary message of an error on an established session.
PgFailure classify_sqlstate(std::string_view sqlstate, std::string_view message);

// For callers that think in ErrorCode: silence is kUnavailable or kTimeout, auth is kPermission.
ErrorCode error_code_of(FailureClass failure);

}  // namespace farshore
