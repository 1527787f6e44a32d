#include "common/postgres/side_statement.h"

namespace farshore {

SideStatement::Outcome SideStatement::finish(PgFailure failure, bool session_lost) {
  active_ = false;
  return {std::move(failure), session_lost, std::move(row_)};
}

std::optional<SideStatement::Outcome> SideStatement::start(PGconn* connection, const std::string& sql,
                                                           std::chrono::milliseconds limit) {
  active_ = true;
  failure_ = {};
  row_.clear();
  // Two statements in one message are one transaction: the limits end with it. PostgreSQL measures the time
  // of each statement of a message by itself.
  const std::string text = fmt::format(
      "SELECT set_config('statement_timeout', '{0}', true), set_config('lock_timeout', '{1}', true);\n{2}",
      limit.count(), std::max<int64_t>(1, limit.count() / 2), sql);
  if (PQsendQuery(connection, text.c_str()) == 0) return finish(result_failure(connection, nullptr), true);
  return advance(connection);
}

std::optional<SideStatement::Outcome> SideStatement::advance(PGconn* connection) {
  const bool readable = PQconsumeInput(connection) != 0;
  const int unsent = PQflush(connection);
  events_ = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
  while (PQisBusy(connection) == 0) {
    const PgResult result(PQgetResult(connection));
    if (!result) {
      // What ended the session came as an error and is followed by its end.
      const bool lost = PQstatus(connection) != CONNECTION_OK;
      return finish(std::move(failure_), lost);
    }
    if (PQresultStatus(result.get()) == PGRES_TUPLES_OK)
      row_ = PQntuples(result.get()) > 0 ? read_row(result.get(), 0) : PgRow();
    else
      failure_ = result_failure(connection, result.get());
  }
  if (!readable || unsent < 0) return finish(result_failure(connection, nullptr), true);
  return std::nullopt;
}

}  // namespace farshore
