// Real PostgreSQL servers for tests: made with initdb or pg_basebackup in a folder of their own, run as user
// postgres on a free port of 127.0.0.1, stopped by pid and removed when the object goes.
//
//   auto primary = PostgresFixture::make_primary();
//   auto standby = primary->make_standby();
//   primary->freeze();
//
// Everybody on 127.0.0.0/8 is trusted unless PostgresOptions::hba says otherwise. Failures throw.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/child_process.h"

namespace farshore::test {

struct PostgresOptions {
  std::string name = "primary";       // also the application_name of a standby's WAL receiver; [a-z0-9_] only
  int port = 0;                       // 0 = a free one
  std::vector<std::string> settings;  // "max_connections = 20"; after the defaults, so they win
  std::vector<std::string> hba;       // lines put before the trusting ones
  bool start = true;                  // and wait until it answers
};

// Not thread-safe.
class PostgresFixture {
 public:
  static std::unique_ptr<PostgresFixture> make_primary(PostgresOptions options = {});
  // pg_basebackup -R through a replication slot named like the standby. A standby of a standby works too.
  std::unique_ptr<PostgresFixture> make_standby(
      PostgresOptions options = {.name = "standby", .port = 0, .settings = {}, .hba = {}, .start = true});
  ~PostgresFixture();
  PostgresFixture(const PostgresFixture&) = delete;
  PostgresFixture& operator=(const PostgresFixture&) = delete;

  int port() const { return port_; }
  const std::string& name() const { return options_.name; }
  std::string data_dir() const { return folder_.file("data"); }
  std::string log() const { return read_file(folder_.file("log")); }
  // "host=127.0.0.1 port=... dbname=postgres user=... <extra>"
  std::string conninfo(const std::string& user = "postgres", const std::string& extra = "") const;

  void start(bool wait = true);
  void stop(int signal = 2, nanoseconds limit = 20s);  // SIGINT = fast, SIGTERM = smart, SIGQUIT = immediate
  void kill();             // SIGKILL to the postmaster and all its processes: the machine is gone
  void kill_postmaster();  // SIGKILL to the postmaster alone: its backends end by themselves, a little later
  void freeze();           // SIGSTOP to the postmaster and all its processes
  void freeze_postmaster();  // SIGSTOP to the postmaster alone: sessions go on, new ones hang
  void resume();
  bool running();
  pid_t postmaster_pid() const;
  std::vector<pid_t> processes() const;  // the postmaster first, then its children

  // As superuser through psql, unaligned, one row per line, fields separated by "|"; throws on any error.
  std::string sql(const std::string& statement, nanoseconds limit = 10s) const;
  // sql() until it gives `expected`; false when it did not within the limit. Errors count as "not yet".
  bool wait_for_sql(const std::string& statement, const std::string& expected, nanoseconds limit = 20s) const;
  bool wait_ready(nanoseconds limit = 20s);
  // Writes that take effect at the next start or reload.
  void append_settings(const std::vector<std::string>& settings);
  void prepend_hba(const std::vector<std::string>& lines);
  void reload();

 private:
  explicit PostgresFixture(PostgresOptions options);
  void write_configuration();
  void guard_frozen(std::vector<pid_t> pids);
  void release_guard();

  PostgresOptions options_;
  int port_;
  TempDir folder_;
  std::unique_ptr<ChildProcess> postmaster_;
  pid_t guard_ = -1;
  int guard_pipe_ = -1;
};

}  // namespace farshore::test
