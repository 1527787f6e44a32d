// One PostgreSQL session for short work, used synchronously but never without a deadline: a frozen server
// costs the time until the deadline and nothing more. One thread at a time; movable. For looking at many
// servers all the time use Observer instead.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/postgres/connection.h"
#include "common/postgres/facts.h"
#include "common/postgres/facts_query.h"

namespace farshore {

// What replaces the values of a connection string; empty = as it says.
struct SessionOverrides {
  std::string user;
  std::string passfile;
  std::string application_name;
  std::vector<std::pair<std::string, std::string>> settings;  // server settings from the first moment on
};

struct PgRows {
  std::vector<PgRow> rows;
  int64_t affected = 0;  // rows changed, when the statement changes some
};

class PgSession {
 public:
  // Resolves the name, connects, authenticates. kPermission (auth), kTimeout, else kUnavailable; `failure`,
  // when given, tells the class.
  static Result<PgSession> open(const std::string& conninfo, const SessionOverrides& overrides,
                                BootTime deadline, const Clock& clock, FailureClass* failure = nullptr);

  // One statement through the extended protocol. kUnknown: it was sent and no answer came, so it may still
  // take effect; the session is gone then and every later call gives kUnavailable. An answered error:
  // kPermission (42501), kConflict (wrong state: classes 23, 25, 40, 55), kTimeout (57014, rolled back), else
  // kInvalidArgument; last_sqlstate() has the code.
  Result<PgRows> query(const std::string& sql, const std::vector<std::optional<std::string>>& parameters,
                       BootTime deadline);
  // Hands the statement to the server and waits for no answer; the session is of no further use.
  Status send_and_forget(const std::string& sql, BootTime deadline);

  // The same facts the observer reads.
  Result<ServerFacts> read_facts(BootTime deadline);

  int server_version() const { return server_version_; }  // 150018
  const std::string& last_sqlstate() const { return sqlstate_; }
  bool usable() const { return connection_ != nullptr; }

 private:
  PgSession(PgConnection connection, const Clock& clock);
  Status finish_connecting(BootTime deadline, FailureClass& failure);
  Status wait_socket(short events, BootTime deadline);
  Status flush(BootTime deadline);
  Result<PgResult> wait_result(BootTime deadline);
  tl::unexpected<Error> answered_error(const PGresult* result);
  tl::unexpected<Error> lost(const Error& error);

  PgConnection connection_;
  const Clock* clock_;
  int server_version_ = 0;
  std::string sqlstate_;
};

}  // namespace farshore
