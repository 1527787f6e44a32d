#include "common/postgres/server_probe.h"

#include <algorithm>

#include "common/postgres/facts_query.h"

namespace farshore {
namespace {

ConnectionParameters session_parameters(ConnectionParameters parameters, const ProbeOptions& options) {
  const auto patience = std::chrono::ceil<milliseconds>(options.timeout);
  parameters.set_session_defaults(options.application_name, patience);
  // The client's deadline is what holds; this only keeps a server from working on for nobody. Details end
  // earlier, so that the spine still has its time.
  const bool all = options.scope == FactScope::kAll;
  parameters.add_setting("statement_timeout", std::to_string(patience.count() / (all ? 2 : 1)));
  if (all) parameters.add_setting("lock_timeout", std::to_string(std::max<int64_t>(1, patience.count() / 4)));
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

ServerProbe::ServerProbe(ConnectionParameters parameters, ProbeOptions options, NameResolver& resolver,
                         const Clock& clock)
    : parameters_(session_parameters(std::move(parameters), options)),
      options_(std::move(options)),
      resolver_(resolver),
      clock_(clock),
      details_(options_.slow_interval) {}

int ServerProbe::socket() const { return connection_ ? PQsocket(connection_.get()) : -1; }

bool ServerProbe::take_session_closed() { return std::exchange(session_closed_, false); }

std::optional<ProbeResult> ServerProbe::begin() {
  if (busy()) return std::nullopt;
  started_ = clock_.boot_now();
  if (side_.active()) give_side_up();
  details_.begin_look();
  started_over_ = false;
  session_closed_ = false;
  new_session_ = connection_ == nullptr;
  return new_session_ ? begin_session() : ask();
}

std::optional<ProbeResult> ServerProbe::advance(short revents) {
  if (phase_ == Phase::kIdle) {
    if (side_.active())
      advance_side(revents);
    else if (revents != 0)
      watch_idle_session();
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
  spine_prepared_ = false;
  facts_prepared_.reset();
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return fail_with(connect_failure(connection_.get()));
  events_ = POLLOUT;  // what libpq's manual says to do before the first PQconnectPoll
  return std::nullopt;
}

std::optional<ProbeResult> ServerProbe::poll_connecting() {
  const PostgresPollingStatusType state = PQconnectPoll(connection_.get());
  if (state == PGRES_POLLING_FAILED) return fail_with(connect_failure(connection_.get()));
  if (state == PGRES_POLLING_OK) {
    PQsetnonblocking(connection_.get(), 1);
    details_.begin_session(PQserverVersion(connection_.get()));
    return ask();
  }
  events_ = poll_events(state);
  return std::nullopt;
}

std::optional<ProbeResult> ServerProbe::ask() {
  asked_ = options_.scope == FactScope::kAll ? details_.fast(clock_.boot_now()) : FactParts();
  const bool prepared = asked_.empty() ? spine_prepared_ : facts_prepared_ == details_.generation();
  return prepared ? send_query() : send_prepare();
}

// A name for each list of parts: it changes at most a few times in the life of a session.
std::string ServerProbe::statement_name() const {
  return asked_.empty() ? "farshore_spine" : fmt::format("farshore_facts_{}", details_.generation());
}

std::optional<ProbeResult> ServerProbe::send_prepare() {
  const Result<std::string> sql = facts_query(PQserverVersion(connection_.get()), asked_);
  if (!sql) return fail_with({FailureClass::kQuery, sql.error().message, ""});
  phase_ = Phase::kPreparing;
  if (PQsendPrepare(connection_.get(), statement_name().c_str(), sql->c_str(), 0, nullptr) == 0)
    return fail_with(result_failure(connection_.get(), nullptr));
  return read_answer();
}

std::optional<ProbeResult> ServerProbe::send_query() {
  phase_ = Phase::kQuerying;
  facts_.reset();
  query_sent_ = clock_.boot_now();
  if (PQsendQueryPrepared(connection_.get(), statement_name().c_str(), 0, nullptr, nullptr, nullptr, 0) == 0)
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
    if (!result) return statement_done();
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK) {
      if (std::optional<ProbeResult> failed = take_facts(result.get())) return failed;
    } else if (status != PGRES_COMMAND_OK) {
      PgFailure failure = result_failure(connection, result.get());
      if (!do_without_details(failure)) return fail_with(std::move(failure));
    }
  }
  // What came before the end of the stream was read above; now the end itself counts.
  if (!readable || unsent < 0) return fail_with(result_failure(connection, nullptr));
  return std::nullopt;
}

std::optional<ProbeResult> ServerProbe::statement_done() {
  if (std::exchange(ask_again_, false)) return ask();
  if (phase_ != Phase::kPreparing) return finish({});
  if (asked_.empty())
    spine_prepared_ = true;
  else
    facts_prepared_ = details_.generation();
  return send_query();
}

bool ServerProbe::do_without_details(const PgFailure& failure) {
  if (asked_.empty() || failure.sqlstate.empty() || deserves_new_session(failure)) return false;
  details_.fast_refused(failure.sqlstate, clock_.boot_now());
  ask_again_ = true;
  return true;
}

std::optional<ProbeResult> ServerProbe::take_facts(const PGresult* result) {
  if (PQntuples(result) != 1)
    return fail_with({FailureClass::kQuery, fmt::format("the facts have {} rows", PQntuples(result)), ""});
  Result<ServerFacts> facts = decode_facts(read_row(result, 0), PQserverVersion(connection_.get()), asked_);
  if (!facts) return fail_with({FailureClass::kQuery, facts.error().message, ""});
  facts_ = std::move(*facts);
  if (facts_->details)
    details_.fast_answered(*facts_->details);
  else
    facts_->details = details_.late_details();
  return std::nullopt;
}

std::optional<ProbeResult> ServerProbe::fail_with(PgFailure failure) {
  const bool session_was_kept = !new_session_;
  if (!started_over_ && deserves_new_session(failure) && (session_was_kept || failure.sqlstate == "55000")) {
    // The old session's end is no news of the server: what counts is how a new one fares, with its own time.
    abandon(connection_);
    ask_again_ = false;
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
  result.answered_at = clock_.wall_now();
  ask_again_ = false;
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
  if (connection_ && options_.scope == FactScope::kAll) begin_side();
  return result;
}

void ServerProbe::begin_side() {
  const std::optional<FactParts> parts = details_.next_side(clock_.boot_now());
  if (!parts) return;
  const auto limit = std::chrono::ceil<milliseconds>(std::min(options_.interval, options_.timeout) / 2);
  side_started_ = clock_.boot_now();
  take_side(side_.start(connection_.get(), parts_query(*parts, PQserverVersion(connection_.get())), limit));
}

void ServerProbe::advance_side(short revents) {
  if (revents != 0) take_side(side_.advance(connection_.get()));
  // The next look ends it too, but may be long in coming.
  if (side_.active() && clock_.boot_now() - side_started_ >= options_.timeout) give_side_up();
}

void ServerProbe::take_side(const std::optional<SideStatement::Outcome>& outcome) {
  events_ = side_.active() ? side_.events() : POLLIN;
  if (!outcome) return;
  const BootTime now = clock_.boot_now();
  if (outcome->session_lost)
    details_.side_lost(now);
  else if (outcome->failure.failure != FailureClass::kNone)
    details_.side_refused(outcome->failure.sqlstate, outcome->failure.text, now);
  else
    details_.side_answered(outcome->row, now);
  if (outcome->session_lost) lose_session();
}

void ServerProbe::give_side_up() {
  side_.forget();
  details_.side_lost(clock_.boot_now());
  abandon(connection_);
  events_ = 0;
}

void ServerProbe::lose_session() {
  abandon(connection_);
  events_ = 0;
  session_closed_ = true;
}

void ServerProbe::close() {
  if (busy() || side_.active()) abandon(connection_);
  side_.forget();
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
  lose_session();
}

}  // namespace farshore
