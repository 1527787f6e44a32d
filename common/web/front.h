// HAProxy in front of a program's HTTP server: TLS, client certificates, IPv6, slow clients. Started here,
// watched, started again when it dies or stands still, replaced without a refused connection when the
// configuration changes, and gone when the program is, whatever kills it.
//
// Nothing of it lies on a disk: configuration, key and secret are in memory files that only the child
// inherits, its control connection is a socket pair, its listening sockets are bound here (docs/tls.md).
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/base/wake_up.h"
#include "common/web/front_process.h"
#include "common/web/listen_socket.h"
#include "common/web/web_config.h"

namespace farshore {

struct FrontOptions {
  std::string program;  // of HAProxy; empty: looked for where Debian and people put it
  std::vector<ListenSocket> sockets;
  int program_port = 0;
  int program_threads = 0;
  std::string secret;
};

// kNotFound, with what to install.
Result<std::string> find_haproxy(const std::string& program);

// Thread-safe.
class Front {
 public:
  // Returns when it serves. kInvalidArgument: certificates or configuration; kUnavailable: it cannot be
  // started.
  static Result<std::unique_ptr<Front>> start(FrontOptions options, const WebConfig& config);
  // What of start() can be said without serving: certificates, and HAProxy's own opinion of the
  // configuration. The same errors.
  static Status check(FrontOptions options, const WebConfig& config);
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  // Replaces what is served; connections under way are finished by the old process. On an error everything
  // is as it was.
  Status reload(const WebConfig& config);

  // Ends what is served; a reload that waits, and each that comes later, gets kUnavailable. Destruction does
  // it too, but then nobody may be in here.
  void stop();

 private:
  // What one configuration needs to be run, as often as it takes.
  struct Generation {
    Descriptor config, certificate, client_ca;
  };
  struct Order {
    Generation generation;
    std::optional<Status> outcome;
  };

  explicit Front(FrontOptions options);
  Result<Generation> prepare(const WebConfig& config) const;
  FrontDescriptors descriptors(const Generation& generation) const;
  Status order(Generation generation);

  // On the watching thread.
  void watch();
  void obey(Order& order);
  void look_after();
  void restart();
  void log_output();
  void wait();
  Result<std::unique_ptr<FrontProcess>> launch(const Generation& generation) const;

  FrontOptions options_;
  WakeUp wake_;

  std::mutex mutex_;
  std::condition_variable done_;
  Order* order_ = nullptr;
  bool stop_ = false;

  // Of the watching thread alone.
  std::optional<Generation> generation_;
  std::unique_ptr<FrontProcess> process_;
  std::vector<std::unique_ptr<FrontProcess>> leaving_;
  BootTime started_at_, next_ping_, restart_at_;
  nanoseconds backoff_ = 100ms;
  int unanswered_ = 0;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace farshore
