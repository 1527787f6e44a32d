// A library for LD_PRELOAD: stops an unchanged farshore-actuator exactly where a record of its journal has
// become durable, and before anything that follows. Only tests build and load it.
//
//   FARSHORE_STOP_AT=kill:promote:intent   SIGKILL to itself once that record of the run is committed
//   FARSHORE_STOP_AT=stop:promote:intent   SIGSTOP to itself; a SIGCONT lets it go on
//   FARSHORE_WALL_OFFSET_FILE=FILE         8 bytes, nanoseconds added to CLOCK_REALTIME from now on
//
// It sees the journal's statements on their way to SQLite: the INSERT into steps is remembered when it is
// stepped, and the stop comes when the COMMIT after it has returned success.
#include <dlfcn.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

struct StopAt {
  int signal = 0;
  std::string step, event;  // quoted as SQLite expands them: 'promote'
};

std::string quoted(const std::string& text) {
  std::string out = "'";
  out += text;
  return out + "'";
}

const StopAt& stop_at() {
  static const StopAt parsed = [] {
    StopAt stop;
    const char* text = std::getenv("FARSHORE_STOP_AT");
    if (text == nullptr) return stop;
    const std::string all = text;
    const size_t first = all.find(':'), second = all.find(':', first + 1);
    if (second == std::string::npos) return stop;
    stop.signal = all.substr(0, first) == "kill" ? SIGKILL : SIGSTOP;
    stop.step = quoted(all.substr(first + 1, second - first - 1));
    stop.event = quoted(all.substr(second + 1));
    return stop;
  }();
  return parsed;
}

thread_local bool reached = false;
std::atomic<bool> stopped{false};  // once per process

bool is_the_record(sqlite3_stmt* statement) {
  const char* sql = sqlite3_sql(statement);
  if (sql == nullptr || std::strncmp(sql, "INSERT INTO steps", 17) != 0) return false;
  char* expanded = sqlite3_expanded_sql(statement);
  if (expanded == nullptr) return false;
  const std::string text = expanded;
  sqlite3_free(expanded);
  return text.find(", " + stop_at().step + ", " + stop_at().event + ",") != std::string::npos;
}

}  // namespace

extern "C" {

int sqlite3_step(sqlite3_stmt* statement) {
  static const auto real = next<int (*)(sqlite3_stmt*)>("sqlite3_step");
  const int result = real(statement);
  if (stop_at().signal != 0 && result == SQLITE_DONE && is_the_record(statement)) reached = true;
  return result;
}

int sqlite3_exec(sqlite3* database, const char* sql, int (*callback)(void*, int, char**, char**), void* data,
                 char** error) {
  using Exec = int (*)(sqlite3*, const char*, int (*)(void*, int, char**, char**), void*, char**);
  static const auto real = next<Exec>("sqlite3_exec");
  const int result = real(database, sql, callback, data, error);
  if (reached && std::strcmp(sql, "COMMIT") == 0) {
    reached = false;
    if (result == SQLITE_OK && !stopped.exchange(true)) kill(getpid(), stop_at().signal);
  }
  return result;
}

// The boot-time and monotonic clocks stay what they are, as when an administrator sets the date.
int clock_gettime(clockid_t id, timespec* time) noexcept {
  static const auto real = next<int (*)(clockid_t, timespec*)>("clock_gettime");
  static const volatile int64_t* const offset = []() -> const volatile int64_t* {
    const char* path = std::getenv("FARSHORE_WALL_OFFSET_FILE");
    const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return nullptr;
    void* at = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    return at == MAP_FAILED ? nullptr : static_cast<const int64_t*>(at);
  }
  ();
  const int result = real(id, time);
  if (result != 0 || id != CLOCK_REALTIME || offset == nullptr) return result;
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t nanos = time->tv_sec * kSecond + time->tv_nsec + *offset;
  time->tv_sec = nanos / kSecond;
  time->tv_nsec = nanos % kSecond;
  return result;
}

}  // extern "C"
