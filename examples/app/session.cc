#include "examples/app/session.h"

#include <poll.h>

#include <algorithm>
#include <string_view>

namespace farshore::example {
namespace {

constexpr std::string_view kReadOnlyTransaction = "25006";

// False when the deadline passed first.
bool wait_for(int socket, short events, Deadline deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{socket, events, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::string first_line(const char* text) {
  const std::string_view whole = text == nullptr ? "" : text;
  return std::string(whole.substr(0, whole.find('\n')));
}

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, Clear>;

Rows rows_of(const PGresult* result) {
  Rows rows(static_cast<size_t>(PQntuples(result)));
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < PQnfields(result); ++column) {
      rows[static_cast<size_t>(row)].emplace_back(PQgetvalue(result, row, column));
    }
  }
  return rows;
}

}  // namespace

Result<Session> Session::open(const Settings& settings, Deadline deadline) {
  // The server ends a statement by itself a little before we give up on it: an answer beats "unknown".
  const std::string statement_limit =
      "-c statement_timeout=" +
      std::to_string((settings.request_limit - std::chrono::milliseconds(50)).count());
  const char* const names[] = {"host",
                               "port",
                               "user",
                               "password",
                               "dbname",
                               "options",
                               "connect_timeout",
                               "tcp_user_timeout",
                               "application_name",
                               nullptr};
  const char* const values[] = {settings.db_host.c_str(),
                                settings.db_port.c_str(),
                                settings.db_user.c_str(),
                                settings.db_password.c_str(),
                                settings.db_name.c_str(),
                                statement_limit.c_str(),
                                "2",
                                "2000",
                                "farshore-example-app",
                                nullptr};
  Session session(PQconnectStartParams(names, values, 0));
  PGconn* connection = session.connection_.get();
  if (connection == nullptr) return fail(ErrorCode::kInternal, "libpq is out of memory");
  auto state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED || PQstatus(connection) == CONNECTION_BAD) {
      return fail(ErrorCode::kUnavailable, "cannot connect to {}: {}", settings.db_host,
                  first_line(PQerrorMessage(connection)));
    }
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_for(PQsocket(connection), events, deadline)) {
      return fail(ErrorCode::kTimeout, "no session with {} in time", settings.db_host);
    }
    state = PQconnectPoll(connection);
  }
  if (PQsetnonblocking(connection, 1) != 0)
    return fail(ErrorCode::kInternal, "libpq refused to be non-blocking");
  return session;
}

Status Session::send(const std::string& sql, const std::vector<std::string>& values, Deadline deadline) {
  std::vector<const char*> pointers;
  std::transform(values.begin(), values.end(), std::back_inserter(pointers),
                 [](const std::string& value) { return value.c_str(); });
  if (PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(pointers.size()), nullptr,
                        pointers.data(), nullptr, nullptr, 0) != 1) {
    return fail(ErrorCode::kUnknown, "statement not sent: {}", first_line(PQerrorMessage(connection_.get())));
  }
  for (int unsent = 1; unsent == 1;) {
    unsent = PQflush(connection_.get());
    if (unsent < 0) return fail(ErrorCode::kUnknown, "the session broke while sending");
    if (unsent == 1 && !wait_for(PQsocket(connection_.get()), POLLOUT, deadline)) {
      return fail(ErrorCode::kUnknown, "statement not sent in time");
    }
  }
  return {};
}

Status Session::await_result(Deadline deadline) {
  while (PQisBusy(connection_.get()) == 1) {
    if (!wait_for(PQsocket(connection_.get()), POLLIN, deadline)) {
      return fail(ErrorCode::kUnknown, "no answer from the database in time");
    }
    if (PQconsumeInput(connection_.get()) != 1) {
      return fail(ErrorCode::kUnknown, "the database went away: {}",
                  first_line(PQerrorMessage(connection_.get())));
    }
  }
  return {};
}

Result<Rows> Session::run(const std::string& sql, const std::vector<std::string>& values, Deadline deadline) {
  broken_ = true;  // until the whole exchange is through
  if (auto sent = send(sql, values, deadline); !sent) return tl::unexpected(sent.error());
  Result<Rows> answer = Rows{};
  for (;;) {
    if (auto came = await_result(deadline); !came) return tl::unexpected(came.error());
    const ResultPtr result(PQgetResult(connection_.get()));
    if (result == nullptr) break;
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
      answer = rows_of(result.get());
      continue;
    }
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    // Without a SQLSTATE libpq itself made the error up: the session broke and the outcome is not known.
    const auto code = state == nullptr                ? ErrorCode::kUnknown
                      : state == kReadOnlyTransaction ? ErrorCode::kConflict
                                                      : ErrorCode::kUnavailable;
    answer = fail(code, "{}", first_line(PQresultErrorMessage(result.get())));
  }
  broken_ = PQstatus(connection_.get()) != CONNECTION_OK;
  return answer;
}

}  // namespace farshore::example
