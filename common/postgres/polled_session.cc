#include "common/postgres/polled_session.h"

#include <utility>

namespace farshore {

PolledSession::PolledSession(ConnectionParameters parameters, std::string statement, nanoseconds timeout,
                             NameResolver& resolver, const Clock& clock)
    : parameters_(std::move(parameters)),
      statement_(std::move(statement)),
      timeout_(timeout),
      resolver_(resolver),
      clock_(clock) {}

std::optional<PolledAnswer> PolledSession::begin() {
  if (busy()) return std::nullopt;
  started_ = clock_.boot_now();
  answer_ = {};
  if (connection_) return send();
  const std::string name = parameters_.name_to_resolve();
  if (name.empty()) return connect(parameters_);
  phase_ = Phase::kResolving;
  lookup_ = resolver_.look_up(name);
  return resolve();
}

std::optional<PolledAnswer> PolledSession::advance(short revents) {
  if (phase_ == Phase::kIdle) {
    if (revents != 0) watch_idle();
    return std::nullopt;
  }
  std::optional<PolledAnswer> answer;
  if (phase_ == Phase::kResolving)
    answer = resolve();
  else if (revents != 0)
    answer = phase_ == Phase::kConnecting ? poll_connecting() : read_answer();
  if (answer || !busy() || sent() || clock_.boot_now() < deadline()) return answer;
  return phase_ == Phase::kResolving
             ? fail_with({FailureClass::kDns, "looking up the host name takes too long", ""})
             : fail_with({FailureClass::kTimeout, "no session within the timeout", ""});
}

std::optional<PolledAnswer> PolledSession::resolve() {
  const auto addresses = lookup_->result();
  if (!addresses) return std::nullopt;
  lookup_.reset();
  if (!*addresses) return fail_with({FailureClass::kDns, addresses->error().message, ""});
  ConnectionParameters parameters = parameters_;
  parameters.use_addresses(**addresses);
  return connect(parameters);
}

std::optional<PolledAnswer> PolledSession::connect(const ConnectionParameters& parameters) {
  phase_ = Phase::kConnecting;
  connection_ = begin_connection(parameters);
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return fail_with(connect_failure(connection_.get()));
  events_ = POLLOUT;  // what libpq's manual says to do before the first PQconnectPoll
  return std::nullopt;
}

std::optional<PolledAnswer> PolledSession::poll_connecting() {
  const PostgresPollingStatusType state = PQconnectPoll(connection_.get());
  if (state == PGRES_POLLING_FAILED) return fail_with(connect_failure(connection_.get()));
  if (state != PGRES_POLLING_OK) {
    events_ = poll_events(state);
    return std::nullopt;
  }
  PQsetnonblocking(connection_.get(), 1);
  return send();
}

std::optional<PolledAnswer> PolledSession::send() {
  started_ = clock_.boot_now();  // opening the session had its own time
  phase_ = Phase::kQuerying;
  answer_.sent = true;
  if (PQsendQueryParams(connection_.get(), statement_.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 0)
    return fail_with(result_failure(connection_.get(), nullptr));
  return read_answer();
}

std::optional<PolledAnswer> PolledSession::read_answer() {
  PGconn* connection = connection_.get();
  const bool readable = PQconsumeInput(connection) != 0;
  const int unsent = PQflush(connection);
  events_ = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
  while (PQisBusy(connection) == 0) {
    const PgResult result(PQgetResult(connection));
    if (!result) return finish();
    take_result(result.get());
  }
  // What came before the end of the stream was read above; now the end itself counts.
  if (readable && unsent >= 0) return std::nullopt;
  return fail_with(answer_.failure.failure != FailureClass::kNone ? answer_.failure
                                                                  : result_failure(connection, nullptr));
}

// An error may follow the rows: the commit itself can fail.
void PolledSession::take_result(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    answer_.failure = result_failure(connection_.get(), result);
    return;
  }
  for (int line = 0; line < PQntuples(result); ++line) answer_.rows.push_back(read_row(result, line));
}

PolledAnswer PolledSession::finish() {
  // A server that says why it ends a session (57P01) ends it; any other error leaves the session usable.
  if (PQstatus(connection_.get()) != CONNECTION_OK) return fail_with(answer_.failure);
  phase_ = Phase::kIdle;
  events_ = POLLIN;
  answer_.duration = clock_.boot_now() - started_;
  return std::exchange(answer_, {});
}

PolledAnswer PolledSession::fail_with(PgFailure failure) {
  if (failure.failure == FailureClass::kNone)
    failure = {FailureClass::kClosed, "the session ended before the answer", ""};
  PolledAnswer answer;
  answer.failure = std::move(failure);
  answer.sent = answer_.sent;
  answer.duration = clock_.boot_now() - started_;
  abandon(connection_);
  lookup_.reset();
  events_ = 0;
  phase_ = Phase::kIdle;
  return answer;
}

void PolledSession::close() {
  if (busy()) abandon(connection_);
  connection_.reset();
  lookup_.reset();
  events_ = 0;
  phase_ = Phase::kIdle;
}

void PolledSession::watch_idle() {
  // Settings that changed and notices arrive on an idle session too; only its end is of interest.
  if (PQconsumeInput(connection_.get()) != 0) {
    PQisBusy(connection_.get());  // lets libpq read and forget what came
    if (PQstatus(connection_.get()) == CONNECTION_OK) return;
  }
  abandon(connection_);
  events_ = 0;
}

}  // namespace farshore
