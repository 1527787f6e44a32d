// A network of the test's own, so that packets can be made to vanish: a network and mount namespace that is
// entered by a thread, and by what that thread starts, and is gone with it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/child_process.h"

namespace farshore::test {

inline void must_run(std::vector<std::string> argv) {
  const CommandResult result = run_command(std::move(argv));
  if (result.exit_code != 0) throw std::runtime_error(result.output);
}

// Runs the body in there. The test skips, visibly, where namespaces cannot be made.
inline void in_private_network(const std::function<void()>& body) {
  bool made = false;
  std::string trouble;
  std::jthread([&] {
    made = unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
           mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           run_command({"ip", "link", "set", "lo", "up"}).exit_code == 0;
    if (!made) return;
    try {
      body();
    } catch (const std::exception& error) {
      trouble = error.what();
    }
  }).join();
  if (!made) GTEST_SKIP() << "no network namespace can be made here";
  if (!trouble.empty()) FAIL() << trouble;
}

// Packets that match are dropped, or answered as `verdict` says, until clear_rules().
inline void add_rule(const std::string& match, const std::string& verdict = "drop") {
  must_run({"nft",
            fmt::format("add table inet test; add chain inet test output {{ type filter hook output priority "
                        "0 ; }}; add rule inet test output {} {}",
                        match, verdict)});
}
inline void clear_rules() { must_run({"nft", "delete table inet test"}); }

}  // namespace farshore::test
