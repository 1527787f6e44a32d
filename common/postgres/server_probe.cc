#include "common/postgres/server_probe.h"

#include <algorithm>

#include "common/postgres/facts_query.h"

namespace farshore {
namespace {

constexpr const char* kStatement = "farshore_facts";

ConnectionParameters session_parameters(ConnectionParameters parameters, const std::string& application_name,
                                        nanoseconds timeout) {
  const auto patience = std::chrono::ceil<milliseconds>(timeout);
  parameters.set_session_defaults(application_name, patience);
  // The client's deadline is what holds; this only keeps a server from working on for nobody.
  parameters.add_setting("statement_timeout", std::to_string(patience.count()));
  parameters.add_setting("search_path", "pg_catalog");
  return parameters;
}

// Answers that only mean "ask again in a new session": the kept one was ended from outside, or the server was
// promoted between two functions of one statement (55000).
bool deserves_new_session(const PgFailure& failure) {
  return failure.failure == FailureClass::kClosed || failure.failure == FailureClass::kShuttingDown ||
         failure.sqlstate == "55000";
}

}  // namespace

ServerProbe::ServerProbe(ConnectionParameters parameters, const std::string& application_name,
                         nanoseconds timeout, NameResolver& resolver, const Clock& clock)
    : parameters_(session_parameters(std::move(parameters), application_name, timeout)),
      timeout_(timeout),
      resolver_(resolver),
      clock_(clock) {}

int ServerProbe::socket() const { return connection_ ? PQsocket(connection_.get()) : -1; }

bool ServerProbe::take_session_closed() { return std::exchange(session_closed_, false); }

std::optional<ProbeResult> ServerProbe::begin() {
  if (busy()) return std::nullopt;
  started_ = clock_.boot_now();
  started_over_ = false;
  session_closed_ = false;
  new_session_ = connection_ == nullptr;
  return new_session_ ? begin_session() : send_query();
}

std::optional<ProbeResult> ServerProbe::advance(short revents) {
  if (phase_ == Phase::kIdle) {
    if (revents != 0) watch_idle_session();
    return std::nullopt;
  }
  if (phase_ == Phase::kResolving) {
    if (std::optional<ProbeResult> result = resolve()) return result;
  } else if (revents != 0) {
    std::optional<ProbeResult> result = phase_ == Phase::kConnecting ? poll_connecting() : read_answer();
    if (result) return result;
  }
  if (!busy() || clock_.boot_now() < deadline()) return std::nullopt;
  if (phase_ == Phase::kResolving)
    return finish({FailureClass::kDns, "looking up the host name takes too long", ""});
  if (phase_ == Phase::kConnecting) ++first_address_;
  return finish(
      {FailureClass::kTimeout,
       phase_ == Phase::kConnecting ? "no session within the timeout" : "no answer within the timeout", ""});
}

std::optional<ProbeResult> ServerProbe::begin_session() {
  const std::string name = parameters_.name_to_resolve();
  if (name.empty()) return connect(parameters_);
  phase_ = Phase::kResolving;
  lookup_ = resolver_.look_up(name);
  return resolve();
}

std::optional<ProbeResult> ServerProbe::resolve() {
  const auto addresses = lookup_->result();
  if (!addresses) return std::nullopt;
  lookup_.reset();
  if (!*addresses) return finish({FailureClass::kDns, addresses->error().message, ""});
  std::vector<std::string> order = **addresses;
  std::ranges::rotate(order, order.begin() + static_cast<ptrdiff_t>(first_address_ % order.size()));
  ConnectionParameters parameters = parameters_;
  parameters.use_addresses(order);
  return connect(std::move(parameters));
}

std::optional<ProbeResult> ServerProbe::connect(ConnectionParameters parameters) {
  phase_ = Phase::kConnecting;
  connection_ = begin_connection(parameters);
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return fail_with(connect_failure(connection_.get()));
  events_ = POLLOUT;  // what libpq's manual says to do before the first PQconnectPoll
  return std::nullopt;
}

std::optional<ProbeResult> ServerProbe::poll_connecting() {
  const PostgresPollingStatusType state = PQconnectPoll(connection_.get());
  if (state == PGRES_POLLING_FAILED) return fail_with(connect_failure(connection_.get()));
  if (state == PGRES_POLLING_OK) return send_prepare();
  events_ = poll_events(state);
  return std::nullopt;
}

std::optional<ProbeResult> ServerProbe::send_prepare() {
  PQsetnonblocking(connection_.get(), 1);
  const Result<std::string> sql = facts_query(PQserverVersion(connection_.get()));
  if (!sql) return fail_with({FailureClass::kQuery, sql.error().message, ""});
  phase_ = Phase::kPreparing;
  if (PQsendPrepare(connection_.get(), kStatement, sql->c_str(), 0, nullptr) == 0)
    return fail_with(result_failure(connection_.get(), nullptr));
  return read_answer();
}

std::optional<ProbeResult> ServerProbe::send_query() {
  phase_ = Phase::kQuerying;
  facts_.reset();
  query_sent_ = clock_.boot_now();
  if (PQsendQueryPrepared(connection_.get(), kStatement, 0, nullptr, nullptr, nullptr, 0) == 0)
    return fail_with(result_failure(connection_.get(), nullptr));
  return read_answer();
}

std::optional<ProbeResult> ServerProbe::read_answer() {
  PGconn* connection = connection_.get();
  const bool readable = PQconsumeInput(connection) != 0;
  const int unsent = PQflush(connection);
  events_ = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
  while (PQisBusy(connection) == 0) {
    const PgResult result(PQgetResult(connection));
    if (!result) return phase_ == Phase::kPreparing ? send_query() : finish({});
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK) {
      if (std::optional<ProbeResult> failed = take_facts(result.get())) return failed;
    } else if (status != PGRES_COMMAND_OK) {
      return fail_with(result_failure(connection, result.get()));
    }
  }
  // What came before the end of the stream was read above; now the end itself counts.
  if (!readable || unsent < 0) return fail_with(result_failure(connection, nullptr));
  return std::nullopt;
}

std::optional<ProbeResult> ServerProbe::take_facts(const PGresult* result) {
  if (PQntuples(result) != 1)
    return fail_with({FailureClass::kQuery, fmt::format("the facts have {} rows", PQntuples(result)), ""});
  PgRow row;
  for (int column = 0; column < PQnfields(result); ++column) {
    if (PQgetisnull(result, 0, column) != 0)
      row.emplace_back(std::nullopt);
    else
      row.emplace_back(PQgetvalue(result, 0, column));
  }
  Result<ServerFacts> facts = decode_facts(row, PQserverVersion(connection_.get()));
  if (!facts) return fail_with({FailureClass::kQuery, facts.error().message, ""});
  facts_ = std::move(*facts);
  return std::nullopt;
}

std::optional<ProbeResult> ServerProbe::fail_with(PgFailure failure) {
  const bool session_was_kept = !new_session_;
  if (!started_over_ && deserves_new_session(failure) && (session_was_kept || failure.sqlstate == "55000")) {
    // The old session's end is no news of the server: what counts is how a new one fares, with its own time.
    abandon(connection_);
    started_over_ = true;
    new_session_ = true;
    started_ = clock_.boot_now();
    return begin_session();
  }
  return finish(std::move(failure));
}

ProbeResult ServerProbe::finish(PgFailure failure) {
  ProbeResult result;
  result.started = started_;
  result.finished = clock_.boot_now();
  result.new_session = new_session_;
  if (failure.failure == FailureClass::kNone && !facts_) {
    failure = {FailureClass::kQuery, "the facts have no row", ""};
  }
  if (failure.failure == FailureClass::kNone) {
    result.facts = std::move(facts_);
    result.round_trip = result.finished - query_sent_;
    events_ = POLLIN;
  } else {
    abandon(connection_);
    lookup_.reset();
    events_ = 0;
  }
  facts_.reset();
  result.failure = std::move(failure);
  phase_ = Phase::kIdle;
  return result;
}

void ServerProbe::close() {
  if (busy()) abandon(connection_);
  connection_.reset();
  lookup_.reset();
  events_ = 0;
  phase_ = Phase::kIdle;
}

void ServerProbe::watch_idle_session() {
  // Settings that changed and notices arrive on an idle session too; only its end is of interest. After a
  // server's last words (57P01) the end of the stream follows and makes the socket readable again.
  if (PQconsumeInput(connection_.get()) != 0) {
    PQisBusy(connection_.get());  // lets libpq read and forget what came
    if (PQstatus(connection_.get()) == CONNECTION_OK) return;
  }
  abandon(connection_);
  events_ = 0;
  session_closed_ = true;
}

}  // namespace farshore
