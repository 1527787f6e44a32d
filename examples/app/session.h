// One libpq session in which every call ends by its deadline, whatever the server does (also when it is
// frozen).
//
// Not thread safe: one thread at a time. A session that timed out or lost its server is broken for good: drop
// it.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "examples/app/settings.h"

namespace farshore::example {

using Deadline = std::chrono::steady_clock::time_point;
using Row = std::vector<std::string>;
using Rows = std::vector<Row>;

class Session {
 public:
  // kUnavailable or kTimeout; nothing was asked of the server yet.
  static Result<Session> open(const Settings& settings, Deadline deadline);

  // kConflict: the server takes no writes now (25006). kUnavailable: it refused the statement, which
  // therefore had no effect. kUnknown: it was sent and no answer came, so it may or may not have been
  // committed.
  Result<Rows> run(const std::string& sql, const std::vector<std::string>& values, Deadline deadline);

  bool broken() const { return broken_; }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  explicit Session(PGconn* connection) : connection_(connection) {}

  Status send(const std::string& sql, const std::vector<std::string>& values, Deadline deadline);
  Status await_result(Deadline deadline);

  std::unique_ptr<PGconn, Finish> connection_;
  bool broken_ = false;
};

}  // namespace farshore::example
