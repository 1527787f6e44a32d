// One statement, run again and again on one kept session, from a loop that polls many of them: nothing here
// waits. Wait for socket()/events() or deadline(), then advance(). The session is opened by the first begin()
// and by the first after it was lost. Not thread-safe.
//
// A statement that was sent is never given up by itself: libpq 15 cannot cancel without blocking, so dropping
// the session would leave a backend behind that may be stuck for as long as its disk, and the next session
// another one. The owner reads overdue() and decides when to let go.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/postgres/connection.h"
#include "common/postgres/facts_query.h"
#include "common/postgres/name_resolver.h"

namespace farshore {

struct PolledAnswer {
  PgFailure failure;  // kNone: `rows` is what the statement gave
  std::vector<PgRow> rows;
  bool sent = false;        // false: there was no session to send it on
  nanoseconds duration{0};  // from sending to the server's word that it is ready again
};

class PolledSession {
 public:
  // `parameters` are complete; `statement` takes no parameters; `timeout` bounds the opening of a session and
  // is when a sent statement is overdue.
  PolledSession(ConnectionParameters parameters, std::string statement, nanoseconds timeout,
                NameResolver& resolver, const Clock& clock);

  bool busy() const { return phase_ != Phase::kIdle; }
  bool sent() const { return phase_ == Phase::kQuerying; }
  bool overdue() const { return sent() && clock_.boot_now() >= deadline(); }
  // Opens a session if there is none, and sends. Does nothing while busy. The answer may be there at once.
  std::optional<PolledAnswer> begin();
  // Goes on as far as it can without waiting. `revents` is what poll said of socket().
  std::optional<PolledAnswer> advance(short revents);
  // Ends the session: politely when it is idle, by a reset when something is under way.
  void close();

  int socket() const { return connection_ ? PQsocket(connection_.get()) : -1; }
  short events() const { return events_; }
  BootTime deadline() const { return started_ + timeout_; }  // of what is under way
  BootTime started() const { return started_; }              // of what is under way, or was last

 private:
  enum class Phase { kIdle, kResolving, kConnecting, kQuerying };

  std::optional<PolledAnswer> resolve();
  std::optional<PolledAnswer> connect(const ConnectionParameters& parameters);
  std::optional<PolledAnswer> poll_connecting();
  std::optional<PolledAnswer> send();
  std::optional<PolledAnswer> read_answer();
  void take_result(const PGresult* result);
  PolledAnswer finish();
  PolledAnswer fail_with(PgFailure failure);
  void watch_idle();

  const ConnectionParameters parameters_;
  const std::string statement_;
  const nanoseconds timeout_;
  NameResolver& resolver_;
  const Clock& clock_;

  Phase phase_ = Phase::kIdle;
  PgConnection connection_;
  std::shared_ptr<const NameLookup> lookup_;
  short events_ = 0;
  BootTime started_{};
  PolledAnswer answer_;  // of the statement under way
};

}  // namespace farshore
