#include "common/postgres/session.h"

#include <algorithm>

#include "common/postgres/name_resolver.h"

namespace farshore {
namespace {

// One for the process, so that hanging look-ups cannot take more than its four threads.
NameResolver& shared_resolver() {
  static NameResolver* resolver = new NameResolver();  // never destroyed: its threads may outlive main
  return *resolver;
}

Result<ConnectionParameters> prepare(const std::string& conninfo, const SessionOverrides& overrides,
                                     nanoseconds patience) {
  Result<ConnectionParameters> parameters = ConnectionParameters::parse(conninfo);
  if (!parameters) return parameters;
  if (!overrides.user.empty()) parameters->set("user", overrides.user);
  if (!overrides.passfile.empty()) parameters->set("passfile", overrides.passfile);
  if (!overrides.application_name.empty()) parameters->set("application_name", overrides.application_name);
  parameters->set_session_defaults("farshore", std::chrono::ceil<milliseconds>(patience));
  for (const auto& [name, value] : overrides.settings) parameters->add_setting(name, value);
  return parameters;
}

Status resolve_host(ConnectionParameters& parameters, BootTime deadline, const Clock& clock) {
  const std::string name = parameters.name_to_resolve();
  if (name.empty()) return {};
  const auto addresses = shared_resolver().look_up(name)->wait(deadline, clock);
  if (!addresses) return fail(ErrorCode::kUnavailable, "looking up {} takes too long", name);
  if (!*addresses) return tl::unexpected<Error>(addresses->error());
  parameters.use_addresses(**addresses);
  return {};
}

ErrorCode code_of_sqlstate(const std::string& sqlstate) {
  if (sqlstate == "42501") return ErrorCode::kPermission;
  if (sqlstate == "57014") return ErrorCode::kTimeout;
  const std::string group = sqlstate.substr(0, 2);
  // The backend was ended while it worked: whether it had committed is not known.
  if (sqlstate == "57P01" || sqlstate == "57P02" || group == "08") return ErrorCode::kUnknown;
  if (group == "53" || group == "57") return ErrorCode::kUnavailable;
  if (group == "23" || group == "25" || group == "40" || group == "55") return ErrorCode::kConflict;
  return ErrorCode::kInvalidArgument;
}

PgRows read_rows(const PGresult* result) {
  PgRows rows;
  for (int line = 0; line < PQntuples(result); ++line) rows.rows.push_back(read_row(result, line));
  rows.affected = std::atoll(PQcmdTuples(const_cast<PGresult*>(result)));
  return rows;
}

}  // namespace

PgSession::PgSession(PgConnection connection, const Clock& clock)
    : connection_(std::move(connection)), clock_(&clock) {}

Result<PgSession> PgSession::open(const std::string& conninfo, const SessionOverrides& overrides,
                                  BootTime deadline, const Clock& clock, FailureClass* failure) {
  FailureClass ignored{};
  FailureClass& why = failure != nullptr ? *failure : ignored;
  why = FailureClass::kNone;
  Result<ConnectionParameters> parameters = prepare(conninfo, overrides, deadline - clock.boot_now());
  if (!parameters) return tl::unexpected<Error>(parameters.error());
  if (const Status resolved = resolve_host(*parameters, deadline, clock); !resolved) {
    why = FailureClass::kDns;
    return tl::unexpected<Error>(resolved.error());
  }
  PgSession session(begin_connection(*parameters), clock);
  if (const Status connected = session.finish_connecting(deadline, why); !connected)
    return tl::unexpected<Error>(connected.error());
  return session;
}

Status PgSession::finish_connecting(BootTime deadline, FailureClass& failure) {
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  if (PQstatus(connection_.get()) == CONNECTION_BAD) state = PGRES_POLLING_FAILED;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    if (const Status ready = wait_socket(poll_events(state), deadline); !ready) {
      failure = FailureClass::kTimeout;
      abandon(connection_);
      return fail(ErrorCode::kTimeout, "no session before the deadline");
    }
    state = PQconnectPoll(connection_.get());
  }
  if (state == PGRES_POLLING_FAILED) {
    const PgFailure why = connect_failure(connection_.get());
    failure = why.failure;
    sqlstate_ = why.sqlstate;
    connection_.reset();
    return fail(error_code_of(why.failure), "no session ({}): {}", to_string(why.failure), why.text);
  }
  PQsetnonblocking(connection_.get(), 1);
  server_version_ = PQserverVersion(connection_.get());
  return {};
}

Status PgSession::wait_socket(short events, BootTime deadline) {
  pollfd entry{.fd = PQsocket(connection_.get()), .events = events, .revents = 0};
  while (true) {
    const nanoseconds left = deadline - clock_->boot_now();
    if (left <= 0ns) return fail(ErrorCode::kTimeout, "deadline");
    // In slices: poll waits on a clock that stands still while the host is suspended.
    const auto slice = std::chrono::ceil<milliseconds>(std::min<nanoseconds>(left, 1s));
    if (poll(&entry, 1, static_cast<int>(slice.count())) > 0) return {};
  }
}

Status PgSession::flush(BootTime deadline) {
  while (true) {
    const int state = PQflush(connection_.get());
    if (state == 0) return {};
    if (state < 0) return fail(ErrorCode::kUnknown, "sending failed: {}", PQerrorMessage(connection_.get()));
    if (const Status ready = wait_socket(POLLIN | POLLOUT, deadline); !ready) return ready;
    // The server may have to be read before it takes more.
    if (PQconsumeInput(connection_.get()) == 0)
      return fail(ErrorCode::kUnknown, "the session was closed: {}", PQerrorMessage(connection_.get()));
  }
}

Result<PgResult> PgSession::wait_result(BootTime deadline) {
  while (PQisBusy(connection_.get()) != 0) {
    if (const Status ready = wait_socket(POLLIN, deadline); !ready)
      return tl::unexpected<Error>(ready.error());
    // On a closed socket what came before it must still be read: PQisBusy ends then.
    if (PQconsumeInput(connection_.get()) == 0 && PQisBusy(connection_.get()) != 0)
      return fail(ErrorCode::kUnknown, "{}", PQerrorMessage(connection_.get()));
  }
  return PgResult(PQgetResult(connection_.get()));
}

tl::unexpected<Error> PgSession::lost(const Error& error) {
  abandon(connection_);
  std::string why = error.message.substr(0, error.message.find('\n'));
  return fail(ErrorCode::kUnknown, "no answer, the statement may still take effect: {}", why);
}

tl::unexpected<Error> PgSession::answered_error(const PGresult* result) {
  const PgFailure failure = result_failure(connection_.get(), result);
  sqlstate_ = failure.sqlstate;
  if (sqlstate_.empty()) return lost(Error{ErrorCode::kUnknown, failure.text});
  const ErrorCode code = code_of_sqlstate(sqlstate_);
  if (code == ErrorCode::kUnknown) abandon(connection_);
  return fail(code, "{} (SQLSTATE {})", failure.text, sqlstate_);
}

Result<PgRows> PgSession::query(const std::string& sql,
                                const std::vector<std::optional<std::string>>& parameters,
                                BootTime deadline) {
  sqlstate_.clear();
  if (!usable()) return fail(ErrorCode::kUnavailable, "the session is gone");
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  if (PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                        values.data(), nullptr, nullptr, 0) == 0) {
    const std::string why = PQerrorMessage(connection_.get());
    abandon(connection_);
    return fail(ErrorCode::kUnavailable, "the statement could not be sent: {}", why);
  }
  if (const Status sent = flush(deadline); !sent) return lost(sent.error());
  Result<PgResult> first = wait_result(deadline);
  if (!first) return lost(first.error());
  const ExecStatusType status = PQresultStatus(first->get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    const tl::unexpected<Error> error = answered_error(first->get());
    // A session that lives on must be brought to its ready state, which ends the statement's transaction.
    while (usable()) {
      Result<PgResult> rest = wait_result(deadline);
      if (!rest) abandon(connection_);
      if (!rest || !*rest) break;
    }
    return error;
  }
  PgRows rows = read_rows(first->get());
  // The transaction is over only when the server says it is ready again: an error may still come (a deferred
  // constraint, the commit itself).
  while (true) {
    Result<PgResult> rest = wait_result(deadline);
    if (!rest) return lost(rest.error());
    if (!*rest) return rows;
    if (PQresultStatus(rest->get()) == PGRES_FATAL_ERROR) return answered_error(rest->get());
  }
}

Status PgSession::send_and_forget(const std::string& sql, BootTime deadline) {
  if (!usable()) return fail(ErrorCode::kUnavailable, "the session is gone");
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0)
    return fail(ErrorCode::kUnavailable, "the statement could not be sent: {}",
                PQerrorMessage(connection_.get()));
  if (const Status sent = flush(deadline); !sent) return lost(sent.error());
  connection_.reset();  // politely: the statement stands before the farewell in the stream and is still run
  return {};
}

Result<ServerFacts> PgSession::read_facts(BootTime deadline) {
  const Result<std::string> sql = facts_query(server_version_);
  if (!sql) return tl::unexpected<Error>(sql.error());
  const Result<PgRows> rows = query(*sql, {}, deadline);
  if (!rows) return tl::unexpected<Error>(rows.error());
  if (rows->rows.size() != 1) return fail(ErrorCode::kCorrupt, "the facts have {} rows", rows->rows.size());
  return decode_facts(rows->rows[0], server_version_);
}

}  // namespace farshore
