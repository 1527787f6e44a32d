#include "common/cli/serve.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

#include "common/base/log.h"
#include "common/base/signals.h"
#include "common/systemd/service_manager.h"

namespace farshore {

namespace {

void reload(const ServiceHooks& hooks) {
  if (hooks.reload.empty()) log_info("the topology is read at the start only: restart to read it again");
  for (const std::function<void()>& action : hooks.reload) action();
}

// How long the loop may wait for a signal: it looks often until it is ready, and three times as often as
// the watchdog wants to be fed.
milliseconds pause_of_loop(bool told_ready, std::optional<nanoseconds> watchdog) {
  nanoseconds pause = told_ready ? nanoseconds(1h) : nanoseconds(50ms);
  if (watchdog) pause = std::min(pause, *watchdog / 3);
  return std::max(std::chrono::floor<milliseconds>(pause), 1ms);
}

}  // namespace

int refuse_to_start(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  return kExitFailure;
}

int serve_until_told_to_stop(std::string_view last_words, const ServiceHooks& hooks) {
  const std::optional<nanoseconds> watchdog = watchdog_interval();
  bool told_ready = false;
  for (;;) {
    if (!told_ready && (!hooks.ready || hooks.ready())) {
      tell_ready();
      told_ready = true;
    }
    if (watchdog && (!hooks.alive || hooks.alive())) tell_alive();
    const std::optional<int> signal = wait_for_signal(pause_of_loop(told_ready, watchdog));
    if (!signal) continue;
    if (*signal == SIGHUP) {
      tell_reloading();
      reload(hooks);
      told_ready = false;  // says ready again, which ends what was begun
      continue;
    }
    tell_stopping();
    log_info(last_words, {{"signal", *signal}});
    return kExitOk;
  }
}

void end_within(nanoseconds limit, const std::function<void()>& end) {
  std::jthread watch([limit](const std::stop_token& stop) {
    if (!system_clock().sleep_for(limit, stop)) return;
    log_warn("ending in the middle of something that takes long", {{"limit_seconds", limit}});
    std::_Exit(kExitOk);  // no destructors: another thread is still at work with what they would destroy
  });
  end();
}

}  // namespace farshore
