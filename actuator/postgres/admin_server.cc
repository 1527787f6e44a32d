#include "actuator/postgres/admin_server.h"

#include <algorithm>
#include <mutex>

#include "actuator/postgres/look_query.h"
#include "actuator/postgres/settings.h"
#include "actuator/postgres/write_probe.h"
#include "common/base/log.h"
#include "common/postgres/failure.h"
#include "common/postgres/session.h"

namespace farshore {
namespace {

// True when commits wait for more synchronous standbys than are connected.
constexpr const char* kCommitsWouldHang = R"sql(
SELECT names <> '' AND
       (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))
       < coalesce(substring(names FROM '(?i)^\s*(?:first|any)?\s*([0-9]+)\s*\(')::int, 1)
  FROM (SELECT current_setting('synchronous_standby_names') AS names) s)sql";

// Whether nothing delays replay, and whether it is paused.
constexpr const char* kReplayState = R"sql(
SELECT current_setting('recovery_min_apply_delay')::interval = '0'
       AND current_setting('max_standby_streaming_delay') = '0'
       AND current_setting('max_standby_archive_delay') = '0',
       pg_is_wal_replay_paused())sql";

constexpr nanoseconds kLooksAreNear = 1s;  // so near that a wait seen by both is taken for one

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
  Status push_replay(BootTime deadline) override;
  Status restore_settings(const SavedSettings& settings, BootTime deadline) override;
  Status promote(BootTime deadline) override;
  Status commit_epoch_row(const EpochRow& row, BootTime deadline) override;
  Status make_slot(const std::string& slot, BootTime deadline) override;
  Result<WriteProbe> probe_write(BootTime deadline) override;
  Status request_checkpoint(BootTime deadline) override;

 private:
  using Settings = std::vector<std::pair<std::string, std::string>>;

  Result<PgSession> open(BootTime deadline, Settings settings = {}, FailureClass* failure = nullptr);
  Result<PgSession> open_standby(BootTime deadline);
  // A statement that changes nothing.
  Result<PgRows> ask(PgSession& session, const std::string& sql,
                     const std::vector<std::optional<std::string>>& parameters, BootTime deadline);
  Status act(PgSession& session, const std::string& sql, BootTime deadline);
  Result<PgRows> look_row(PgSession& session, BootTime deadline);
  Status require_recovery(PgSession& session, bool in_recovery, BootTime deadline);
  Status lift_blocking_standby_names(PgSession& session, BootTime deadline);
  nanoseconds note_startup_wait(PgSession& session, const ServerLook& look, BootTime deadline);
  bool still_waits(PgSession& session, const std::string& event, BootTime deadline);

  const std::string cluster_;
  const ServerConfig config_;
  Clock& clock_;

  struct StartupWait {
    std::string event;
    std::optional<Lsn> replay;  // a wait between which something was replayed is another wait
    BootTime since, seen;
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
  look->startup_wait_for = note_startup_wait(*session, *look, deadline);
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

// Looks may be far apart, and a command that fails at once and is tried again looks each time as if it hung.
nanoseconds AdminServer::note_startup_wait(PgSession& session, const ServerLook& look, BootTime deadline) {
  const BootTime now = clock_.boot_now();
  std::unique_lock lock(mutex_);
  bool same = look.startup_wait_event == wait_.event && look.facts.replay == wait_.replay;
  if (same && wait_.event == "RestoreCommand" && now - wait_.seen > kLooksAreNear) {
    lock.unlock();
    same = still_waits(session, look.startup_wait_event, deadline);
    lock.lock();
  }
  if (!same) wait_ = {look.startup_wait_event, look.facts.replay, now, now};
  wait_.seen = now;
  return look.startup_wait_event.empty() ? 0ns : now - wait_.since;
}

bool AdminServer::still_waits(PgSession& session, const std::string& event, BootTime deadline) {
  const BootTime end = std::min(deadline - kLooksAreNear / 4, clock_.boot_now() + kLooksAreNear / 2);
  while (clock_.boot_now() < end) {
    clock_.sleep_for(10ms);
    const Result<PgRows> rows =
        ask(session, "SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'startup'", {}, deadline);
    if (!rows) return true;  // unknown: what was seen stands
    if (rows->rows.empty() || rows->rows[0].at(0) != event) return false;
  }
  return true;
}

Status AdminServer::require_recovery(PgSession& session, bool in_recovery, BootTime deadline) {
  const Result<PgRows> rows = ask(session, "SELECT pg_is_in_recovery()", {}, deadline);
  if (!rows) return tl::unexpected(rows.error());
  if (is_true(*rows) == in_recovery) return {};
  return fail(ErrorCode::kConflict, "{} is {}", config_.name,
              in_recovery ? "no standby: it is not in recovery" : "still in recovery");
}

Result<SavedSettings> AdminServer::read_settings(BootTime deadline) {
  Result<PgSession> session = open_standby(deadline);
  if (!session) return tl::unexpected(session.error());
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

Result<PgSession> AdminServer::open_standby(BootTime deadline) {
  Result<PgSession> session = open(deadline);
  if (!session) return session;
  if (Status standby = require_recovery(*session, true, deadline); !standby)
    return tl::unexpected(standby.error());
  return session;
}

Status AdminServer::cut_streams(BootTime deadline) {
  Result<PgSession> session = open_standby(deadline);
  if (!session) return tl::unexpected(session.error());
  for (const char* statement : {"ALTER SYSTEM SET primary_conninfo = ''",
                                "ALTER SYSTEM SET restore_command = ''", "SELECT pg_reload_conf()"})
    if (Status done = act(*session, statement, deadline); !done) return done;
  return {};
}

// The settings first: a startup process that is paused reads them while it waits, so that after the resume it
// neither delays nor waits for queries. After a cut it reads what was received as from an archive, hence both
// delays. Repeated while replay does not rest, so written only when they are not yet in effect.
Status AdminServer::push_replay(BootTime deadline) {
  Result<PgSession> session = open_standby(deadline);
  if (!session) return tl::unexpected(session.error());
  const Result<PgRows> state = ask(*session, kReplayState, {}, deadline);
  if (!state) return tl::unexpected(state.error());
  if (state->rows.at(0).at(0) != "t")
    for (const char* statement :
         {"ALTER SYSTEM SET recovery_min_apply_delay = 0", "ALTER SYSTEM SET max_standby_streaming_delay = 0",
          "ALTER SYSTEM SET max_standby_archive_delay = 0", "SELECT pg_reload_conf()"})
      if (Status done = act(*session, statement, deadline); !done) return done;
  if (state->rows.at(0).at(1) == "t")
    if (Status resumed = act(*session, "SELECT pg_wal_replay_resume()", deadline); !resumed) return resumed;
  // Sessions of superusers cannot be ended with pg_signal_backend.
  return act(*session,
             fmt::format("SELECT pg_terminate_backend(a.pid) FROM {} AND (NOT r.rolsuper OR (SELECT rolsuper "
                         "FROM pg_roles WHERE rolname = current_user))",
                         conflicting_sessions()),
             deadline);
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

Status AdminServer::make_slot(const std::string& slot, BootTime deadline) {
  Result<PgSession> session = open(deadline, {{"default_transaction_read_only", "off"}});
  if (!session) return tl::unexpected(session.error());
  if (Status primary = require_recovery(*session, false, deadline); !primary) return primary;
  const Result<PgRows> made = session->query("SELECT farshore.make_slot($1::name)", {slot}, deadline);
  if (!made) return wrap(config_.name, made.error());
  return {};
}

Result<WriteProbe> AdminServer::probe_write(BootTime deadline) {
  // A lock that somebody holds on the table says nothing about the disk.
  Result<PgSession> session = open(deadline, {{"synchronous_commit", "local"}, {"lock_timeout", "300ms"}});
  if (!session) return tl::unexpected(session.error());
  if (Status primary = require_recovery(*session, false, deadline); !primary)
    return tl::unexpected(primary.error());
  return write_and_forget(*session, cluster_, deadline, clock_);
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
