#include "tests/support/postgres_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace farshore::test {
namespace {

std::string binary(const std::string& name) {
  static const std::string folder = [] {
    if (const char* given = std::getenv("FARSHORE_PG_BIN")) return std::string(given);
    std::string newest;
    for (const char* version : {"13", "14", "15", "16", "17"}) {
      const std::string candidate = fmt::format("/usr/lib/postgresql/{}/bin", version);
      if (std::filesystem::exists(candidate + "/postgres")) newest = candidate;
    }
    if (newest.empty()) throw std::runtime_error("PostgreSQL's server programs are not installed");
    return newest;
  }();
  return folder + "/" + name;
}

void run_as_postgres(std::vector<std::string> argv) {
  const std::string what = argv[0];
  const CommandResult result = run_command(
      std::move(argv),
      {.output_file = "", .environment = {"LC_ALL=C.UTF-8"}, .run_as = "postgres", .death_signal = SIGKILL},
      60s);
  if (result.exit_code != 0)
    throw std::runtime_error(fmt::format("{} failed ({}): {}", what, result.exit_code, result.output));
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> result;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = read_file("/proc/" + name + "/stat");
    // "pid (comm) state ppid": comm may hold anything, so count from its last parenthesis.
    const size_t end = stat.rfind(')');
    if (end == std::string::npos || end + 4 >= stat.size()) continue;
    if (std::atoi(stat.c_str() + end + 4) == parent) result.push_back(std::atoi(name.c_str()));
  }
  return result;
}

constexpr const char* kDefaults[] = {
    "fsync = off",
    "shared_buffers = 16MB",
    "max_connections = 40",
    "autovacuum = off",
    "dynamic_shared_memory_type = mmap",  // in the data folder, and gone with it
    "wal_keep_size = 64MB",
    "wal_receiver_status_interval = 1s",
    "wal_retrieve_retry_interval = 200ms",
    "log_min_messages = info",
    "listen_addresses = '127.0.0.1'",
};

// A server that was killed leaves its System V segment behind; the kernel has 4096 of them, and then no
// server starts any more. Its lock file, which a server that ended by itself takes with it, names it in
// line 7.
void remove_shared_memory(const std::string& data_folder) {
  std::istringstream lock_file(read_file(data_folder + "/postmaster.pid"));
  std::string line;
  for (int number = 0; number < 7; ++number)
    if (!std::getline(lock_file, line)) return;
  unsigned long key = 0;
  int id = 0;
  if (std::istringstream(line) >> key >> id) shmctl(id, IPC_RMID, nullptr);
}

}  // namespace

PostgresFixture::PostgresFixture(PostgresOptions options)
    : options_(std::move(options)),
      port_(options_.port != 0 ? options_.port : free_port()),
      folder_("farshore-pg-" + options_.name) {}

std::unique_ptr<PostgresFixture> PostgresFixture::make_primary(PostgresOptions options) {
  std::unique_ptr<PostgresFixture> server(new PostgresFixture(std::move(options)));
  run_as_postgres({binary("initdb"), "-D", server->data_dir(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                   "--locale=C.UTF-8", "--no-sync", "--no-instructions"});
  server->write_configuration();
  if (server->options_.start) server->start();
  return server;
}

std::unique_ptr<PostgresFixture> PostgresFixture::make_standby(PostgresOptions options) {
  std::unique_ptr<PostgresFixture> server(new PostgresFixture(std::move(options)));
  run_as_postgres({binary("pg_basebackup"), "-D", server->data_dir(), "-R", "-C", "-S", server->name(), "-X",
                   "stream", "-c", "fast", "--no-sync", "-d",
                   conninfo("postgres", "application_name=" + server->name())});
  server->write_configuration();
  if (server->options_.start) server->start();
  return server;
}

PostgresFixture::~PostgresFixture() {
  try {
    if (postmaster_ && postmaster_->running()) kill();
    remove_shared_memory(data_dir());
  } catch (const std::exception& error) {
    fmt::print(stderr, "stopping {}: {}\n", options_.name, error.what());
  }
}

void PostgresFixture::write_configuration() {
  std::string text;
  for (const char* line : kDefaults) text += fmt::format("{}\n", line);
  text += fmt::format("port = {}\nunix_socket_directories = '{}'\ncluster_name = '{}'\n", port_,
                      folder_.path(), options_.name);
  for (const std::string& line : options_.settings) text += line + "\n";
  const std::string settings = data_dir() + "/farshore_test.conf";
  write_file(settings, text);
  const std::string main_file = data_dir() + "/postgresql.conf";
  if (read_file(main_file).find("farshore_test.conf") == std::string::npos)
    std::ofstream(main_file, std::ios::app) << "include = 'farshore_test.conf'\n";
  std::string hba;
  for (const std::string& line : options_.hba) hba += line + "\n";
  hba +=
      "local all all trust\nlocal replication all trust\n"
      "host all all 127.0.0.0/8 trust\nhost replication all 127.0.0.0/8 trust\n";
  write_file(data_dir() + "/pg_hba.conf", hba);
}

void PostgresFixture::append_settings(const std::vector<std::string>& settings) {
  options_.settings.insert(options_.settings.end(), settings.begin(), settings.end());
  write_configuration();
}

void PostgresFixture::prepend_hba(const std::vector<std::string>& lines) {
  options_.hba.insert(options_.hba.begin(), lines.begin(), lines.end());
  write_configuration();
}

void PostgresFixture::reload() {
  if (postmaster_) postmaster_->signal(SIGHUP);
}

std::string PostgresFixture::conninfo(const std::string& user, const std::string& extra) const {
  return fmt::format("host=127.0.0.1 port={} dbname=postgres user={}{}{}", port_, user,
                     extra.empty() ? "" : " ", extra);
}

void PostgresFixture::start(bool wait) {
  if (running()) throw std::runtime_error(options_.name + " is running already");
  // The processes of a killed postmaster need a moment to notice; its lock file tells of a dead pid then.
  postmaster_ = std::make_unique<ChildProcess>(std::vector<std::string>{binary("postgres"), "-D", data_dir()},
                                               SpawnOptions{.output_file = folder_.file("log"),
                                                            .environment = {"LC_ALL=C.UTF-8"},
                                                            .run_as = "postgres",
                                                            .death_signal = SIGQUIT});
  if (wait && !wait_ready()) throw std::runtime_error(options_.name + " does not start: " + log());
}

bool PostgresFixture::wait_ready(nanoseconds limit) {
  return wait_until(
             [this] {
               if (!postmaster_->running()) return true;
               return run_command({binary("pg_isready"), "-q", "-t", "1", "-d", conninfo()}).exit_code == 0;
             },
             limit) &&
         postmaster_->running();
}

bool PostgresFixture::running() { return postmaster_ && postmaster_->running(); }

pid_t PostgresFixture::postmaster_pid() const { return postmaster_ ? postmaster_->pid() : -1; }

std::vector<pid_t> PostgresFixture::processes() const {
  std::vector<pid_t> result;
  if (!postmaster_ || !postmaster_->running()) return result;
  result.push_back(postmaster_->pid());
  for (const pid_t pid : children_of(postmaster_->pid())) result.push_back(pid);
  return result;
}

void PostgresFixture::stop(int signal, nanoseconds limit) {
  if (!running()) return;
  resume();
  postmaster_->signal(signal);
  if (!postmaster_->wait_exit(limit)) {
    kill();
    throw std::runtime_error(options_.name + " did not stop: " + log());
  }
}

void PostgresFixture::kill() {
  if (!running()) return;
  postmaster_->signal(SIGSTOP);  // so that it starts no process while they are counted
  const std::vector<pid_t> pids = processes();
  for (const pid_t pid : pids) ::kill(pid, SIGKILL);
  postmaster_->wait_exit();
  release_guard();
  // Killed children are init's to reap; they hold the port and the shared memory until then.
  wait_until([&] {
    return std::ranges::all_of(pids, [](pid_t pid) {
      const std::string stat = read_file(fmt::format("/proc/{}/stat", pid));
      return stat.empty() || stat.find(") Z ") != std::string::npos;
    });
  });
}

void PostgresFixture::kill_postmaster() {
  if (running()) postmaster_->stop(SIGKILL);
}

void PostgresFixture::freeze_postmaster() {
  guard_frozen({postmaster_pid()});
  postmaster_->signal(SIGSTOP);
}

void PostgresFixture::freeze() {
  postmaster_->signal(SIGSTOP);  // first: a stopped postmaster starts nothing new
  const std::vector<pid_t> pids = processes();
  guard_frozen(pids);
  for (const pid_t pid : pids) ::kill(pid, SIGSTOP);
}

void PostgresFixture::resume() {
  if (guard_ < 0) return;
  std::vector<pid_t> pids = processes();
  std::ranges::reverse(pids);
  for (const pid_t pid : pids) ::kill(pid, SIGCONT);
  release_guard();
}

// A stopped process gets no signal but SIGKILL: when the test program dies while a server is frozen, somebody
// has to end what it left. The guard waits for the pipe to close without a word.
void PostgresFixture::guard_frozen(std::vector<pid_t> pids) {
  release_guard();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  guard_ = fork();
  if (guard_ == 0) {
    dup2(ends[0], 0);
    close_range(1, ~0U, 0);
    char word = 0;
    while (read(0, &word, 1) < 0) {
    }
    if (word == 0)
      for (const pid_t pid : pids) ::kill(pid, SIGKILL);
    _exit(0);
  }
  close(ends[0]);
  guard_pipe_ = ends[1];
}

void PostgresFixture::release_guard() {
  if (guard_ < 0) return;
  if (write(guard_pipe_, "x", 1) < 0) ::kill(guard_, SIGKILL);
  close(guard_pipe_);
  waitpid(guard_, nullptr, 0);
  guard_ = -1;
}

std::string PostgresFixture::sql(const std::string& statement, nanoseconds limit) const {
  CommandResult result = run_command(
      {binary("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", conninfo(), "-c", statement},
      {}, limit);
  if (result.exit_code != 0)
    throw std::runtime_error(
        fmt::format("{}: {}: exit {}: {}", options_.name, statement, result.exit_code, result.output));
  while (result.output.ends_with('\n')) result.output.pop_back();
  return result.output;
}

bool PostgresFixture::wait_for_sql(const std::string& statement, const std::string& expected,
                                   nanoseconds limit) const {
  return wait_until(
      [&] {
        try {
          return sql(statement, 2s) == expected;
        } catch (const std::runtime_error&) {
          return false;
        }
      },
      limit);
}

}  // namespace farshore::test
