#include "common/cli/serve.h"

#include <csignal>
#include <cstdio>

#include "common/base/log.h"
#include "common/base/signals.h"

namespace farshore {

int refuse_to_start(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  return kExitFailure;
}

int serve_until_told_to_stop(std::string_view last_words) {
  int signal = wait_for_signal();
  while (signal == SIGHUP) {
    log_info("the topology is read at the start only: restart to read it again");
    signal = wait_for_signal();
  }
  log_info(last_words, {{"signal", signal}});
  return kExitOk;
}

}  // namespace farshore
