#include "common/cli/serve.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "common/base/signals.h"
#include "tests/support/notify_socket.h"

namespace farshore {
namespace {

using test::NotifySocket;
using test::wait_until;

class ServeTest : public testing::Test {
 protected:
  ServeTest() {
    block_program_signals();
    setenv("NOTIFY_SOCKET", manager.path().c_str(), 1);
    setenv("WATCHDOG_USEC", "30000", 1);
    hooks.ready = [this] { return ready.load(); };
    hooks.alive = [this] { return ++asked, alive.load(); };
    hooks.reload = {[this] { ++reloads; }, [this] { ++reloads; }};
  }
  ~ServeTest() override {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
  }
  // Serves on this thread, where signals are waited for, while `script` runs on another.
  void while_serving(const std::function<void()>& script) {
    const std::jthread other([&] {
      script();
      kill(getpid(), SIGTERM);
    });
    EXPECT_EQ(serve_until_told_to_stop("stopped", hooks), kExitOk);
  }
  void wait_asked(int times) {
    const int until = asked + times;
    EXPECT_TRUE(wait_until([&] { return asked >= until; }));
  }

  NotifySocket manager;
  ServiceHooks hooks;
  std::atomic<bool> ready = true, alive = true;
  std::atomic<int> asked = 0, reloads = 0;
};

TEST_F(ServeTest, SaysReadyOnceTheProgramIs) {
  ready = false;
  while_serving([&] {
    wait_asked(3);
    while (const auto message = manager.next(0ms)) EXPECT_EQ(*message, "WATCHDOG=1");
    ready = true;
    EXPECT_TRUE(manager.wait_for("READY=1"));
  });
  EXPECT_TRUE(manager.wait_for("STOPPING=1"));
}

TEST_F(ServeTest, FeedsTheWatchdogOnlyWhileTheProgramIsAlive) {
  while_serving([&] {
    EXPECT_TRUE(manager.wait_for("READY=1"));
    EXPECT_TRUE(manager.wait_for("WATCHDOG=1"));
    EXPECT_TRUE(manager.wait_for("WATCHDOG=1"));
    alive = false;
    wait_asked(2);  // what was asked before `alive` changed is answered by now
    while (manager.next(0ms)) {
    }
    wait_asked(3);
    EXPECT_EQ(manager.next(0ms), std::nullopt);
  });
}

TEST_F(ServeTest, DoesEveryReloadActionAtSighupAndSaysSo) {
  while_serving([&] {
    EXPECT_TRUE(manager.wait_for("READY=1"));
    kill(getpid(), SIGHUP);
    EXPECT_TRUE(manager.wait_for("RELOADING=1\nMONOTONIC_USEC="));
    EXPECT_TRUE(manager.wait_for("READY=1"));
    EXPECT_EQ(reloads, 2);
  });
}

TEST_F(ServeTest, NeedsNoServiceManager) {
  unsetenv("NOTIFY_SOCKET");
  unsetenv("WATCHDOG_USEC");
  while_serving([&] {
    kill(getpid(), SIGHUP);
    EXPECT_TRUE(wait_until([&] { return reloads == 2; }));
  });
  EXPECT_EQ(asked, 0) << "nobody watches";
}

}  // namespace
}  // namespace farshore
