#include "common/sqlite/database.h"

#include <algorithm>
#include <utility>

namespace farshore {
namespace {

ErrorCode code_of(int result) {
  switch (result & 0xff) {  // the primary code of an extended one
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_PERM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kCorrupt;
    case SQLITE_CONSTRAINT:
      return ErrorCode::kConflict;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

Statement& Statement::bind(std::string_view text) {
  // SQLITE_TRANSIENT is a C cast in sqlite3.h; an empty view may have a null pointer, which would bind NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  const int result = sqlite3_bind_text64(statement_.get(), next_parameter_++, data, text.size(),
                                         SQLITE_TRANSIENT, SQLITE_UTF8);
  if (bind_result_ == SQLITE_OK) bind_result_ = result;
  return *this;
}

Statement& Statement::bind(int64_t number) {
  const int result = sqlite3_bind_int64(statement_.get(), next_parameter_++, number);
  if (bind_result_ == SQLITE_OK) bind_result_ = result;
  return *this;
}

Statement& Statement::bind_null() {
  const int result = sqlite3_bind_null(statement_.get(), next_parameter_++);
  if (bind_result_ == SQLITE_OK) bind_result_ = result;
  return *this;
}

Result<bool> Statement::step() {
  if (bind_result_ != SQLITE_OK) {
    return fail(ErrorCode::kInternal, "a value does not fit '{}': {}", sqlite3_sql(statement_.get()),
                sqlite3_errstr(bind_result_));
  }
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  sqlite3* handle = sqlite3_db_handle(statement_.get());
  return fail(code_of(result), "{} (SQLite result {})", sqlite3_errmsg(handle),
              sqlite3_extended_errcode(handle));
}

std::string Statement::text(int column) const {
  const auto* data = sqlite3_column_text(statement_.get(), column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data),
          static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const DatabaseOptions& options) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(handle));  // also a failed open gives a handle to close
  if (result != SQLITE_OK) {
    return fail(code_of(result), "cannot open {}: {}", path, sqlite3_errstr(result));
  }
  if (auto status = database->configure(path, options); !status) return tl::unexpected(status.error());
  return database;
}

Status Database::configure(const std::string& path, const DatabaseOptions& options) {
  sqlite3_extended_result_codes(handle_.get(), 1);
  const auto timeout = std::chrono::duration_cast<milliseconds>(options.busy_timeout).count();
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(timeout));
  // A damaged file is evidence, and perhaps a part of it can be read: closing must not write into it.
  checkpoint_on_close(false);
  if (auto status = check_and_lock(options); !status) {
    const int busy = sqlite3_errcode(handle_.get()) & 0xff;
    if (busy == SQLITE_BUSY || busy == SQLITE_LOCKED)
      return fail(ErrorCode::kConflict, "{} is in use by another process", path);
    return tl::unexpected(Error{status.error().code, fmt::format("{}: {}", path, status.error().message)});
  }
  checkpoint_on_close(true);
  return {};
}

Status Database::check_and_lock(const DatabaseOptions& options) {
  if (sqlite3_db_readonly(handle_.get(), "main") == 1)  // else found out later, as an I/O error of a lock
    return fail(ErrorCode::kUnavailable, "this user may read it and not write it");
  // Exclusive locking also keeps the WAL index in memory, where nobody else can damage it.
  if (options.exclusive)
    if (auto locked = script("PRAGMA locking_mode = EXCLUSIVE"); !locked) return locked;
  if (auto sound = check_integrity(); !sound) return sound;
  if (options.accept)
    if (auto accepted = options.accept(*this); !accepted) return accepted;
  return script(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
      "BEGIN IMMEDIATE; COMMIT;");
}

void Database::checkpoint_on_close(bool yes) {
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, yes ? 0 : 1, nullptr);
}

Status Database::check_integrity() {
  auto rows = query("PRAGMA quick_check(1)");
  if (!rows) return tl::unexpected(rows.error());
  auto row = rows->step();
  if (!row) return tl::unexpected(row.error());
  if (!*row || rows->text(0) != "ok") {
    std::string said = *row ? rows->text(0) : "nothing";
    std::replace(said.begin(), said.end(), '\n', ' ');
    return fail(ErrorCode::kCorrupt, "the integrity check says: {}", said);
  }
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result =
      sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (result != SQLITE_OK) return error("preparing a statement");
  return Statement(statement);
}

Result<int64_t> Database::finish(Statement& statement) {
  while (true) {
    auto row = statement.step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return sqlite3_changes64(handle_.get());
  }
}

Status Database::script(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return error("running a script");
  }
  return {};
}

Status Database::in_transaction(const std::function<Status()>& work) {
  if (auto begun = script("BEGIN IMMEDIATE"); !begun) return begun;
  auto status = work();
  if (status) status = script("COMMIT");
  // Some errors (a full disk) have rolled back already; then there is nothing left to roll back.
  if (!status && sqlite3_get_autocommit(handle_.get()) == 0) (void)script("ROLLBACK");
  return status;
}

tl::unexpected<Error> Database::error(std::string_view doing) const {
  const int code = sqlite3_extended_errcode(handle_.get());
  return fail(code_of(code), "{}: {} (SQLite result {})", doing, sqlite3_errmsg(handle_.get()), code);
}

}  // namespace farshore
