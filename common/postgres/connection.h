// A libpq connection that is never waited for inside libpq. Not thread-safe, movable.
#pragma once

#include <libpq-fe.h>
#include <poll.h>

#include <memory>

#include "common/postgres/connection_parameters.h"
#include "common/postgres/failure.h"
#include "common/postgres/pg_row.h"

namespace farshore {

struct PgConnectionCloser {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using PgConnection = std::unique_ptr<PGconn, PgConnectionCloser>;

struct PgResultCloser {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, PgResultCloser>;

// Begins to connect; the parameters must need no name look-up (ConnectionParameters::name_to_resolve). Then
// wait for the socket to be writable and call PQconnectPoll as libpq's manual says. Never null.
PgConnection begin_connection(const ConnectionParameters& parameters);

// Ends a connection whose peer may be frozen: the socket is reset, so neither libpq nor the kernel waits for
// or remembers anything. For healthy sessions let PgConnection go instead, which takes leave politely.
void abandon(PgConnection& connection);

// The failure of a connection in CONNECTION_BAD.
PgFailure connect_failure(const PGconn* connection);
// The failure a result carries, or, without a usable result, that of the connection.
PgFailure result_failure(const PGconn* connection, const PGresult* result);

PgRow read_row(const PGresult* result, int line);

short poll_events(PostgresPollingStatusType status);

}  // namespace farshore
