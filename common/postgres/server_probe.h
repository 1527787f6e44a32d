// The state machine of one server's attempts: look up the name, connect, prepare, query, each step
// non-blocking, all together under one deadline; the session is kept for the next attempt. Driven by the
// observer's loop: wait for socket()/events() or deadline(), then advance(). Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/postgres/connection.h"
#include "common/postgres/facts.h"
#include "common/postgres/name_resolver.h"

namespace farshore {

struct ProbeResult {
  PgFailure failure;                 // kNone = answered
  std::optional<ServerFacts> facts;  // when answered
  BootTime started, finished;
  bool new_session = false;
  nanoseconds round_trip{0};  // of the query alone
};

class ServerProbe {
 public:
  // `parameters` of the monitoring role; options are added here. `timeout` bounds one attempt.
  ServerProbe(ConnectionParameters parameters, const std::string& application_name, nanoseconds timeout,
              NameResolver& resolver, const Clock& clock);

  bool busy() const { return phase_ != Phase::kIdle; }
  // Begins an attempt; does nothing while one is under way. The result may be there at once.
  std::optional<ProbeResult> begin();
  // Goes on as far as it can without waiting. `revents` is what poll said of socket().
  std::optional<ProbeResult> advance(short revents);
  // Gives the attempt under way up and the session back; the next begin() opens a new one.
  void close();
  // True once after a kept session was closed by the other side between two attempts.
  bool take_session_closed();

  int socket() const;  // -1 when there is none
  short events() const { return events_; }
  BootTime deadline() const { return started_ + timeout_; }  // of the attempt under way
  bool has_session() const { return connection_ != nullptr; }

 private:
  enum class Phase { kIdle, kResolving, kConnecting, kPreparing, kQuerying };

  std::optional<ProbeResult> begin_session();
  std::optional<ProbeResult> resolve();
  std::optional<ProbeResult> connect(ConnectionParameters parameters);
  std::optional<ProbeResult> poll_connecting();
  std::optional<ProbeResult> send_prepare();
  std::optional<ProbeResult> send_query();
  std::optional<ProbeResult> read_answer();
  std::optional<ProbeResult> take_facts(const PGresult* result);
  std::optional<ProbeResult> fail_with(PgFailure failure);
  ProbeResult finish(PgFailure failure);
  void watch_idle_session();

  const ConnectionParameters parameters_;
  const nanoseconds timeout_;
  NameResolver& resolver_;
  const Clock& clock_;

  Phase phase_ = Phase::kIdle;
  PgConnection connection_;
  std::shared_ptr<const NameLookup> lookup_;
  size_t first_address_ =
      0;  // moves on when an attempt times out, so that one dead address cannot hide others
  short events_ = 0;
  BootTime started_{}, query_sent_{};
  bool new_session_ = false;
  bool started_over_ = false;
  bool session_closed_ = false;
  std::optional<ServerFacts> facts_;
};

}  // namespace farshore
