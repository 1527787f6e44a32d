// One statement on a kept session between two looks, never waited for. Not thread-safe.
#pragma once

#include <optional>
#include <string>

#include "common/postgres/connection.h"
#include "common/postgres/facts_query.h"

namespace farshore {

class SideStatement {
 public:
  struct Outcome {
    PgFailure failure;          // kNone = answered
    bool session_lost = false;  // the session is of no further use
    PgRow row;                  // of the last result
  };

  // With a statement_timeout and lock_timeout of its own. The outcome may be there at once.
  std::optional<Outcome> start(PGconn* connection, const std::string& sql, std::chrono::milliseconds limit);
  std::optional<Outcome> advance(PGconn* connection);

  bool active() const { return active_; }
  void forget() { active_ = false; }  // its session is given up
  short events() const { return events_; }

 private:
  Outcome finish(PgFailure failure, bool session_lost);

  bool active_ = false;
  short events_ = 0;
  PgFailure failure_;
  PgRow row_;
};

}  // namespace farshore
