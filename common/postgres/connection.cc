#include "common/postgres/connection.h"

#include <sys/socket.h>

#include <new>
#include <vector>

namespace farshore {

PgConnection begin_connection(const ConnectionParameters& parameters) {
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : parameters.values()) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  PgConnection connection(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (!connection) throw std::bad_alloc();
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);  // brings the SQLSTATE, see failure.h
  PQsetNoticeReceiver(connection.get(), [](void*, const PGresult*) {}, nullptr);
  return connection;
}

void abandon(PgConnection& connection) {
  if (!connection) return;
  const int socket = PQsocket(connection.get());
  if (socket >= 0) {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    // So that the farewell PQfinish would send fails instead of waiting for room in a full buffer.
    shutdown(socket, SHUT_WR);
  }
  connection.reset();
}

PgFailure connect_failure(const PGconn* connection) {
  if (PQconnectionNeedsPassword(connection) != 0)
    return {FailureClass::kAuth, "the server asks for a password and none was found", ""};
  return classify_connect_failure(PQerrorMessage(connection));
}

PgFailure result_failure(const PGconn* connection, const PGresult* result) {
  const char* sqlstate = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  if (sqlstate == nullptr) return classify_connect_failure(PQerrorMessage(connection));
  const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return classify_sqlstate(sqlstate, text != nullptr ? text : "");
}

PgRow read_row(const PGresult* result, int line) {
  PgRow row;
  for (int column = 0; column < PQnfields(result); ++column) {
    if (PQgetisnull(result, line, column) != 0)
      row.emplace_back(std::nullopt);
    else
      row.emplace_back(PQgetvalue(result, line, column));
  }
  return row;
}

short poll_events(PostgresPollingStatusType status) {
  return status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
}

}  // namespace farshore
