// farshore-example-app: the replicated C++ service that the guides and the lab use. See routes.h.
#include <fmt/core.h>
#include <httplib.h>
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "examples/app/routes.h"

namespace {

std::string from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

void bound(httplib::Server& server, const farshore::example::Settings& settings) {
  const auto threads = static_cast<size_t>(settings.threads);
  server.new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
  server.set_payload_max_length(16 * 1024);
  // A slow client may hold a worker for this long at most, and a stop waits no longer for an idle one.
  server.set_read_timeout(1, 0);
  server.set_write_timeout(1, 0);
  server.set_keep_alive_timeout(1);
  server.set_tcp_nodelay(true);
}

int serve(const farshore::example::Settings& settings, const sigset_t& stop_signals) {
  farshore::example::OrderStore store(settings);
  httplib::Server server;
  bound(server, settings);
  add_routes(server, store, settings);
  int port = settings.listen_port;
  const bool listening = port == 0 ? (port = server.bind_to_any_port(settings.listen_host)) > 0
                                   : server.bind_to_port(settings.listen_host, port);
  if (!listening) {
    fmt::print(stderr, "level=error msg=\"cannot listen\" host={} port={}\n", settings.listen_host,
               settings.listen_port);
    return 1;
  }
  fmt::print("level=info msg=listening host={} port={} region={} database={}\n", settings.listen_host, port,
             settings.region, settings.db_host);
  std::fflush(stdout);
  std::thread stopper([&] {
    int signal = 0;
    sigwait(&stop_signals, &signal);
    server.stop();
  });
  const bool served = server.listen_after_bind();
  // listen_after_bind can also end by itself; the stopper must not be left waiting for a signal then.
  pthread_kill(stopper.native_handle(), SIGTERM);
  stopper.join();
  fmt::print("level=info msg=stopped\n");
  return served ? 0 : 1;
}

}  // namespace

int main() {
  // Blocked before any thread exists, so that only the stopper ever receives them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const auto settings = farshore::example::read_settings(from_environment);
  if (!settings) {
    fmt::print(stderr, "level=error msg=\"{}\"\n", settings.error().message);
    return 2;
  }
  return serve(*settings, stop_signals);
}
