#include "common/cli/serve.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "common/base/log.h"
#include "common/base/signals.h"

namespace farshore {

int refuse_to_start(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  return kExitFailure;
}

int serve_until_told_to_stop(std::string_view last_words, const ReloadActions& reload) {
  int signal = wait_for_signal();
  while (signal == SIGHUP) {
    if (reload.empty()) log_info("the topology is read at the start only: restart to read it again");
    for (const std::function<void()>& action : reload) action();
    signal = wait_for_signal();
  }
  log_info(last_words, {{"signal", signal}});
  return kExitOk;
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
