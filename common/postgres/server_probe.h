// The state machine of one server's attempts: look up the name, connect, prepare, query, each step
// non-blocking, all together under one deadline; the session is kept for the next attempt. Driven by the
// observer's loop: wait for socket()/events() or deadline(), then advance(). Not thread-safe.
//
// With FactScope::kAll the statement also reads the details of fact_details.h. An answered refusal of them
// (privileges, an unknown column, a lock, their time) costs the details and never the attempt: the spine is
// asked for again at once (detail_plan.h).
//
// Between two attempts the slow tier has the session, with a statement timeout of half the pause between
// looks. A server that does not keep to that (a hanging disk) would make the next look wait behind it, so
// that look gives the session up and opens another: the slow tier has failed, the server has not.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/postgres/connection.h"
#include "common/postgres/detail_plan.h"
#include "common/postgres/fact_parts.h"
#include "common/postgres/facts.h"
#include "common/postgres/name_resolver.h"
#include "common/postgres/side_statement.h"

namespace farshore {

struct ProbeOptions {
  std::string application_name;
  nanoseconds timeout = 1s;  // bounds one attempt
  FactScope scope = FactScope::kSpine;
  nanoseconds interval = 1s;        // between two looks
  nanoseconds slow_interval = 30s;  // between two turns of the slow tier
};

struct ProbeResult {
  PgFailure failure;                 // kNone = answered
  std::optional<ServerFacts> facts;  // when answered
  BootTime started, finished;
  WallTime answered_at;  // wall clock at `finished`
  bool new_session = false;
  nanoseconds round_trip{0};  // of the query alone
};

class ServerProbe {
 public:
  // `parameters` of the monitoring role; options are added here.
  ServerProbe(ConnectionParameters parameters, ProbeOptions options, NameResolver& resolver,
              const Clock& clock);

  bool busy() const { return phase_ != Phase::kIdle; }
  // Begins an attempt; does nothing while one is under way. The result may be there at once.
  std::optional<ProbeResult> begin();
  // Goes on as far as it can without waiting. `revents` is what poll said of socket().
  std::optional<ProbeResult> advance(short revents);
  // Gives the attempt under way up and the session back; the next begin() opens a new one.
  void close();
  // Null before the first turn of the slow tier.
  std::shared_ptr<const SlowTier> slow() const { return details_.slow(); }
  // True once after a kept session was closed by the other side between two attempts.
  bool take_session_closed();

  int socket() const;  // -1 when there is none
  short events() const { return events_; }
  BootTime deadline() const { return started_ + options_.timeout; }  // of the attempt under way
  bool has_session() const { return connection_ != nullptr; }

 private:
  enum class Phase { kIdle, kResolving, kConnecting, kPreparing, kQuerying };

  std::optional<ProbeResult> begin_session();
  std::optional<ProbeResult> resolve();
  std::optional<ProbeResult> connect(ConnectionParameters parameters);
  std::optional<ProbeResult> poll_connecting();
  std::optional<ProbeResult> ask();
  std::optional<ProbeResult> send_prepare();
  std::optional<ProbeResult> send_query();
  std::optional<ProbeResult> read_answer();
  std::optional<ProbeResult> take_facts(const PGresult* result);
  std::optional<ProbeResult> statement_done();
  bool do_without_details(const PgFailure& failure);
  std::string statement_name() const;
  void begin_side();
  void advance_side(short revents);
  void take_side(const std::optional<SideStatement::Outcome>& outcome);
  void give_side_up();
  void lose_session();
  std::optional<ProbeResult> fail_with(PgFailure failure);
  ProbeResult finish(PgFailure failure);
  void watch_idle_session();

  const ConnectionParameters parameters_;
  const ProbeOptions options_;
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

  DetailPlan details_;
  FactParts asked_;                         // of the statement under way; none = the spine alone
  bool spine_prepared_ = false;             // in this session
  std::optional<unsigned> facts_prepared_;  // in this session: the generation of details_
  bool ask_again_ = false;                  // once the refused statement is over
  SideStatement side_;
  BootTime side_started_{};
};

}  // namespace farshore
