// Three thousand alerts, in one body and in as many posts: every one gets a verdict, and the one that matters
// does not wait for the others. Seconds and memory are printed, not judged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "common/base/log.h"
#include "tests/actuator/webhook/stream_world.h"

namespace farshore::test {
namespace {

constexpr int kAlerts = 3000;
constexpr int kTheOne = 1500;

std::string storm_alert(int number) {
  const LossReport ours;
  return number == kTheOne ? alert_json(ours)
                           : alert_json({.cluster = fmt::format("cluster-{}", number),
                                         .server = "pg-1",
                                         .fingerprint = fmt::format("{:016x}", number)});
}

// Kilobytes, of this process: VmRSS or VmHWM.
int64_t memory(const std::string& which) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == which + ":") {
      int64_t kilobytes = 0;
      status >> kilobytes;
      return kilobytes;
    }
  return 0;
}

class AlertStorm : public ::testing::Test {
 protected:
  AlertStorm() { init_logging(LogLevel::kError, LogFormat::kLogfmt); }

  void expect_every_verdict() {
    ASSERT_TRUE(world.decided());
    const auto alerts = world.journal->recent_alerts(10'000).value();
    ASSERT_EQ(alerts.size(), static_cast<size_t>(kAlerts));
    int acted_on = 0, refused = 0;
    for (const AlertRecord& alert : alerts) {
      acted_on += alert.verdict == "acted_on" && alert.cluster == "shop";
      refused += alert.verdict == "refused" && !alert.reason.empty();
    }
    EXPECT_EQ(acted_on, 1);
    EXPECT_EQ(refused, kAlerts - 1);
    EXPECT_EQ(world.runs().size(), 1U);
  }
  void report(const std::string& what, BootTime began) {
    fmt::print("{}: {:.2f} s; memory of the process {} MiB, at most {} MiB\n", what,
               to_seconds(system_clock().boot_now() - began), memory("VmRSS") / 1024, memory("VmHWM") / 1024);
  }

  LogCapture log;
  StreamWorld world;
};

TEST_F(AlertStorm, InOneBody) {
  std::vector<std::string> alerts;
  for (int i = 0; i < kAlerts; ++i) alerts.push_back(storm_alert(i));
  const std::string body = body_json(alerts);
  ASSERT_LT(body.size(), size_t{1} << 20);
  const BootTime began = system_clock().boot_now();
  EXPECT_EQ(world.deliver(body).body, "{\"pending\":1,\"refused\":2999}\n");
  expect_every_verdict();
  report("3000 alerts in one body", began);
}

TEST_F(AlertStorm, InAsManyPostsOverManyConnections) {
  std::atomic<int> next{0}, not_taken{0};
  const BootTime began = system_clock().boot_now();
  {
    std::vector<std::jthread> senders;
    for (int sender = 0; sender < 48; ++sender)
      senders.emplace_back([&] {
        // As Alertmanager: what got no 202 is sent again.
        for (int i = next++; i < kAlerts; i = next++)
          for (int attempt = 1; world.deliver(body_json({storm_alert(i)})).status != 202; ++attempt)
            if (++not_taken, attempt == 5) break;
      });
  }
  expect_every_verdict();
  EXPECT_EQ(not_taken, 0);
  const auto alerts = world.journal->recent_alerts(1).value();
  EXPECT_LT(world.runs().front().started_at, alerts.front().received_at)
      << "the run waited until the storm was over";
  report("3000 posts over 48 senders", began);
}

}  // namespace
}  // namespace farshore::test
