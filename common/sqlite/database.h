// SQLite behind Result: one connection, statements, transactions. Durable: WAL with synchronous=FULL, so that
// a transaction which returned success survives a power cut.
//
// Not thread-safe: the owner locks. Errors: kUnavailable (disk full, I/O error, read-only: nothing was
// written), kConflict (a constraint; or at open: another process holds the file), kCorrupt (no or a broken
// database), kInternal (a wrong statement).
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

class Statement {
 public:
  Statement& bind(std::string_view text);
  Statement& bind(int64_t number);
  Statement& bind_null();

  // True: a row is there to be read. False: the statement is done. A failed bind is reported here.
  Result<bool> step();

  std::string text(int column) const;
  int64_t integer(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
  int next_parameter_ = 1;
  int bind_result_ = SQLITE_OK;
};

class Database;

struct DatabaseOptions {
  nanoseconds busy_timeout = 2s;
  bool exclusive = true;  // no other process may open the file while this one has it
  // Asked once the file is known to be sound and before anything in it is changed; an error leaves it as it
  // is.
  std::function<Status(Database&)> accept = {};
};

class Database {
 public:
  // Creates the file when it is not there; checks it when it is. What is refused is left untouched, with its
  // write-ahead log.
  static Result<std::unique_ptr<Database>> open(const std::string& path, const DatabaseOptions& options = {});

  // Usage: auto rows = database.query("SELECT a FROM t WHERE b = ?", b);
  template <typename... Args>
  Result<Statement> query(std::string_view sql, const Args&... args) {
    auto statement = prepare(sql);
    if (statement) (bind(*statement, args), ...);
    return statement;
  }
  // A statement without rows; returns the number of rows it changed.
  template <typename... Args>
  Result<int64_t> run(std::string_view sql, const Args&... args) {
    auto statement = query(sql, args...);
    if (!statement) return tl::unexpected(statement.error());
    return finish(*statement);
  }
  // Several statements without parameters.
  Status script(const std::string& sql);

  // BEGIN IMMEDIATE, work, COMMIT; rolled back when work or the commit fails. Not nested.
  Status in_transaction(const std::function<Status()>& work);

  int64_t last_insert_id() const { return sqlite3_last_insert_rowid(handle_.get()); }

 private:
  struct Closer {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  explicit Database(sqlite3* handle) : handle_(handle) {}

  Status configure(const std::string& path, const DatabaseOptions& options);
  Status check_and_lock(const DatabaseOptions& options);
  void checkpoint_on_close(bool yes);
  Status check_integrity();
  Result<Statement> prepare(std::string_view sql);
  Result<int64_t> finish(Statement& statement);
  tl::unexpected<Error> error(std::string_view doing) const;

  static void bind(Statement& statement, std::string_view text) { statement.bind(text); }
  template <std::integral T>
  static void bind(Statement& statement, T number) {
    statement.bind(static_cast<int64_t>(number));
  }
  template <typename T>
  static void bind(Statement& statement, const std::optional<T>& value) {
    value ? bind(statement, *value) : static_cast<void>(statement.bind_null());
  }

  std::unique_ptr<sqlite3, Closer> handle_;
};

}  // namespace farshore
