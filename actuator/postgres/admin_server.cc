#include "actuator/postgres/admin_server.h"

#include <algorithm>
#include <mutex>

#include "actuator/postgres/look_query.h"
#include "actuator/postgres/settings.h"
#include "common/base/log.h"
#include "common/postgres/failure.h"
#include "common/postgres/session.h"

namespace farshore {
namespace {

// What keeps replay, and with it the cut, waiting for a client of the standby: a conflict over a snapshot, a
// pin or a lock. A new max_standby_streaming_delay is not seen by a wait that has begun (F10), so the clients
// that cause it are ended: those that block the startup process by a lock, and for the other conflicts all
// that hold a snapshot. Sessions of superusers cannot be ended with pg_signal_backend.
constexpr const char* kEndConflicts = R"sql(
SELECT pg_terminate_backend(a.pid)
  FROM pg_stat_activity s
  JOIN pg_stat_activity a ON a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
  JOIN pg_roles r ON r.oid = a.usesysid
 WHERE s.backend_type = 'startup'
   AND (s.wait_event LIKE 'RecoveryConflict%' OR s.wait_event_type IN ('BufferPin', 'Lock'))
   AND (a.pid = ANY (pg_blocking_pids(s.pid)) OR (s.wait_event_type <> 'Lock' AND a.state <> 'idle'))
   AND (NOT r.rolsuper OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)))sql";

// True when commits wait for more synchronous standbys than are connected.
constexpr const char* kCommitsWouldHang = R"sql(
SELECT names <> '' AND
       (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))
       < coalesce(substring(names FROM '(?i)^\s*(?:first|any)?\s*([0-9]+)\s*\(')::int, 1)
  FROM (SELECT current_setting('synchronous_standby_names') AS names) s)sql";

bool is_true(const PgRows& rows) { return !rows.rows.empty() && rows.rows[0].at(0).value_or("") == "t"; }

class AdminServer final : public PostgresServer {
 public:
  AdminServer(std::string cluster, const ServerConfig& config, Clock& clock)
      : cluster_(std::move(cluster)), config_(config), clock_(clock) {}

  const std::string& name() const override { return config_.name; }
  const std::string& region() const override { return config_.region; }

  Result<ServerLook> look(BootTime deadline, FailureClass* failure) override;
  Result<SavedSettings> read_settings(BootTime deadline) override;
  Status cut_streams(BootTime deadline) override;
  Status restore_settings(const SavedSettings& settings, BootTime deadline) override;
  Status promote(BootTime deadline) override;
  Status commit_epoch_row(const EpochRow& row, BootTime deadline) override;
  Status request_checkpoint(BootTime deadline) override;

 private:
  using Settings = std::vector<std::pair<std::string, std::string>>;

  Result<PgSession> open(BootTime deadline, Settings settings = {}, FailureClass* failure = nullptr);
  // A statement that changes nothing.
  Result<PgRows> ask(PgSession& session, const std::string& sql,
                     const std::vector<std::optional<std::string>>& parameters, BootTime deadline);
  Status act(PgSession& session, const std::string& sql, BootTime deadline);
  Result<PgRows> look_row(PgSession& session, BootTime deadline);
  Status require_recovery(PgSession& session, bool in_recovery, BootTime deadline);
  Status lift_blocking_standby_names(PgSession& session, BootTime deadline);
  nanoseconds note_startup_wait(const ServerLook& look);

  const std::string cluster_;
  const ServerConfig config_;
  Clock& clock_;

  struct StartupWait {
    std::string event;
    std::optional<Lsn> replay;  // a wait between which something was replayed is another wait
    BootTime since;
  };
  std::mutex mutex_;
  StartupWait wait_;
};

Result<PgSession> AdminServer::open(BootTime deadline, Settings settings, FailureClass* failure) {
  SessionOverrides overrides;
  if (config_.admin) {
    overrides.user = config_.admin->user;
    overrides.passfile = config_.admin->passfile;
  }
  overrides.application_name = "farshore-actuator";
  overrides.settings = std::move(settings);
  Result<PgSession> session = PgSession::open(config_.conninfo, overrides, deadline, clock_, failure);
  if (!session) return wrap(config_.name, session.error());
  return session;
}

Result<PgRows> AdminServer::ask(PgSession& session, const std::string& sql,
                                const std::vector<std::optional<std::string>>& parameters,
                                BootTime deadline) {
  Result<PgRows> rows = session.query(sql, parameters, deadline);
  if (rows) return rows;
  Error error = rows.error();
  if (error.code == ErrorCode::kUnknown)
    error.code = clock_.boot_now() >= deadline ? ErrorCode::kTimeout : ErrorCode::kUnavailable;
  return wrap(config_.name, error);
}

Status AdminServer::act(PgSession& session, const std::string& sql, BootTime deadline) {
  const Result<PgRows> rows = session.query(sql, {}, deadline);
  if (!rows) return wrap(config_.name, rows.error());
  return {};
}

Result<ServerLook> AdminServer::look(BootTime deadline, FailureClass* failure) {
  FailureClass ignored{};
  FailureClass& why = failure != nullptr ? *failure : ignored;
  why = FailureClass::kNone;
  Result<PgSession> session = open(deadline, {}, &why);
  if (!session) return tl::unexpected(session.error());
  const Result<PgRows> rows = look_row(*session, deadline);
  if (!rows) {
    if (!session->last_sqlstate().empty())
      why = classify_sqlstate(session->last_sqlstate(), rows.error().message).failure;
    else
      why = rows.error().code == ErrorCode::kTimeout ? FailureClass::kTimeout : FailureClass::kClosed;
    return tl::unexpected(rows.error());
  }
  Result<ServerLook> look = rows->rows.size() == 1
                                ? decode_look(cluster_, rows->rows[0], session->server_version())
                                : fail(ErrorCode::kCorrupt, "a look has {} rows", rows->rows.size());
  if (!look) {
    why = FailureClass::kQuery;
    return wrap(config_.name, look.error());
  }
  look->startup_wait_for = note_startup_wait(*look);
  return look;
}

// One statement; a second one only where farshore.epoch cannot be read, which is not yet installed or a
// privilege that is told as missing.
Result<PgRows> AdminServer::look_row(PgSession& session, BootTime deadline) {
  for (const bool with_epoch : {true, false}) {
    const Result<std::string> sql = look_query(session.server_version(), with_epoch);
    if (!sql) return tl::unexpected(sql.error());
    Result<PgRows> rows = ask(session, *sql, {cluster_}, deadline);
    const std::string& state = session.last_sqlstate();
    const bool no_table = state == "42P01" || state == "3F000" || state == "42501";
    if (rows || !with_epoch || !no_table) return rows;
  }
  return fail(ErrorCode::kInternal, "a look without an end");
}

nanoseconds AdminServer::note_startup_wait(const ServerLook& look) {
  const BootTime now = clock_.boot_now();
  const std::lock_guard lock(mutex_);
  if (look.startup_wait_event != wait_.event || look.facts.replay != wait_.replay)
    wait_ = {look.startup_wait_event, look.facts.replay, now};
  return look.startup_wait_event.empty() ? 0ns : now - wait_.since;
}

Status AdminServer::require_recovery(PgSession& session, bool in_recovery, BootTime deadline) {
  const Result<PgRows> rows = ask(session, "SELECT pg_is_in_recovery()", {}, deadline);
  if (!rows) return tl::unexpected(rows.error());
  if (is_true(*rows) == in_recovery) return {};
  return fail(ErrorCode::kConflict, "{} is {}", config_.name,
              in_recovery ? "no standby: it is not in recovery" : "still in recovery");
}

Result<SavedSettings> AdminServer::read_settings(BootTime deadline) {
  Result<PgSession> session = open(deadline);
  if (!session) return tl::unexpected(session.error());
  if (Status standby = require_recovery(*session, true, deadline); !standby)
    return tl::unexpected(standby.error());
  std::string sql;
  for (const std::string_view name : kCutSettings)
    sql += fmt::format("{}current_setting('{}')", sql.empty() ? "SELECT " : ", ", name);
  const Result<PgRows> rows = ask(*session, sql, {}, deadline);
  if (!rows) return tl::unexpected(rows.error());
  SavedSettings settings;
  for (size_t i = 0; i < kCutSettings.size(); ++i)
    settings[std::string(kCutSettings[i])] = rows->rows.at(0).at(i).value_or("");
  if (holds_password(settings.at("primary_conninfo")))
    return fail(ErrorCode::kConflict,
                "primary_conninfo of {} holds a password, which would be journaled: put it into a passfile",
                config_.name);
  return settings;
}

// The settings first: a startup process that is paused reads them while it waits, so that after the resume it
// neither delays, nor waits for queries, nor streams on. It executes the cut only when it has run out of
// received WAL (F10).
Status AdminServer::cut_streams(BootTime deadline) {
  Result<PgSession> session = open(deadline);
  if (!session) return tl::unexpected(session.error());
  if (Status standby = require_recovery(*session, true, deadline); !standby) return standby;
  for (const char* statement :
       {"ALTER SYSTEM SET recovery_min_apply_delay = 0", "ALTER SYSTEM SET max_standby_streaming_delay = 0",
        "ALTER SYSTEM SET primary_conninfo = ''", "ALTER SYSTEM SET restore_command = ''",
        "SELECT pg_reload_conf()"})
    if (Status done = act(*session, statement, deadline); !done) return done;
  const Result<PgRows> paused = ask(*session, "SELECT pg_is_wal_replay_paused()", {}, deadline);
  if (!paused) return tl::unexpected(paused.error());
  if (is_true(*paused))
    if (Status resumed = act(*session, "SELECT pg_wal_replay_resume()", deadline); !resumed) return resumed;
  return act(*session, kEndConflicts, deadline);
}

Status AdminServer::restore_settings(const SavedSettings& settings, BootTime deadline) {
  std::vector<std::string> statements;
  for (const auto& [setting, value] : settings) {
    const Result<std::string> statement = alter_system(setting, value);
    if (!statement) return wrap(config_.name, statement.error());
    statements.push_back(*statement);
  }
  statements.emplace_back("SELECT pg_reload_conf()");
  Result<PgSession> session = open(deadline);
  if (!session) return tl::unexpected(session.error());
  for (const std::string& statement : statements)
    if (Status done = act(*session, statement, deadline); !done) return done;
  return {};
}

Status AdminServer::promote(BootTime deadline) {
  Result<PgSession> session = open(deadline);
  if (!session) return tl::unexpected(session.error());
  return act(*session, "SELECT pg_promote(false)", deadline);
}

Status AdminServer::lift_blocking_standby_names(PgSession& session, BootTime deadline) {
  const Result<PgRows> blocks = ask(session, kCommitsWouldHang, {}, deadline);
  if (!blocks) return tl::unexpected(blocks.error());
  if (!is_true(*blocks)) return {};
  log_warn("synchronous_standby_names is lifted: nobody is there to confirm commits",
           {{"cluster", cluster_}, {"server", config_.name}});
  if (Status done = act(session, "ALTER SYSTEM SET synchronous_standby_names = ''", deadline); !done)
    return done;
  return act(session, "SELECT pg_reload_conf()", deadline);
}

Status AdminServer::commit_epoch_row(const EpochRow& row, BootTime deadline) {
  Result<PgSession> session =
      open(deadline, {{"default_transaction_read_only", "off"}, {"synchronous_commit", "local"}});
  if (!session) return tl::unexpected(session.error());
  if (Status primary = require_recovery(*session, false, deadline); !primary) return primary;
  if (Status lifted = lift_blocking_standby_names(*session, deadline); !lifted) return lifted;
  const std::string epoch = std::to_string(row.epoch);
  const Result<PgRows> inserted = session->query(
      "INSERT INTO farshore.epoch (cluster, epoch, server, at) VALUES ($1, $2::bigint, $3, "
      "clock_timestamp()) "
      "ON CONFLICT (cluster, epoch) DO NOTHING",
      {row.cluster, epoch, row.server}, deadline);
  if (!inserted) return wrap(config_.name, inserted.error());
  const Result<PgRows> found =
      ask(*session, "SELECT server FROM farshore.epoch WHERE cluster = $1 AND epoch = $2::bigint",
          {row.cluster, epoch}, deadline);
  // The row is committed; only that it is ours has not been seen.
  if (!found) return fail(ErrorCode::kUnknown, "{}", found.error().message);
  if (found->rows.empty() || found->rows[0].at(0) != row.server)
    return fail(ErrorCode::kConflict, "{}: epoch {} of {} belongs to {}", config_.name, row.epoch,
                row.cluster, found->rows.empty() ? "nobody" : found->rows[0].at(0).value_or("nobody"));
  return {};
}

Status AdminServer::request_checkpoint(BootTime deadline) {
  Result<PgSession> session = open(deadline);
  if (!session) return tl::unexpected(session.error());
  if (Status sent = session->send_and_forget("CHECKPOINT", deadline); !sent)
    return wrap(config_.name, sent.error());
  return {};
}

}  // namespace

std::unique_ptr<PostgresServer> make_postgres_server(const std::string& cluster, const ServerConfig& config,
                                                     Clock& clock) {
  return std::make_unique<AdminServer>(cluster, config, clock);
}

}  // namespace farshore
