// At most four clusters are in a run at once, whatever the number of clusters that are lost together.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>

#include "actuator/failover/supervisor.h"
#include "common/base/log.h"
#include "tests/fakes/memory_journal.h"

namespace farshore {
namespace {

constexpr size_t kClusters = 7;

class EmptyView final : public ClusterView {
 public:
  std::shared_ptr<const Snapshot> snapshot() const override { return std::make_shared<const Snapshot>(); }
  std::vector<WalPoint> history(const std::string&) const override { return {}; }
  void look_now() override {}
};

class NobodyToTell final : public Notifier {
 public:
  void tell(const Event&) override {}
};

// Every run comes by here in its first row and waits until the test lets it go.
class Gate final : public AlertVotes {
 public:
  void watch(const std::string& cluster, int64_t, const std::string&) override {
    std::unique_lock lock(mutex_);
    inside_.insert(cluster);
    most_inside_ = std::max(most_inside_, inside_.size());
    ++entered_;
    moved_.notify_all();
    moved_.wait(lock, [&] { return to_leave_ > 0; });
    --to_leave_;
    inside_.erase(cluster);
  }
  void unwatch(const std::string&) override {}
  std::vector<AlertVote> latest(const std::string&) override { return {}; }
  int quorum() const override { return 1; }

  bool wait_for_entered(size_t count, nanoseconds limit = 10s) {
    std::unique_lock lock(mutex_);
    return moved_.wait_for(lock, limit, [&] { return entered_ >= count; });
  }
  void let_go(size_t count) {
    const std::lock_guard lock(mutex_);
    to_leave_ += count;
    moved_.notify_all();
  }
  size_t entered() {
    const std::lock_guard lock(mutex_);
    return entered_;
  }
  size_t most_inside() {
    const std::lock_guard lock(mutex_);
    return most_inside_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  std::set<std::string> inside_;
  size_t entered_ = 0, most_inside_ = 0, to_leave_ = 0;
};

class RunSlotsTest : public ::testing::Test {
 protected:
  RunSlotsTest() : configs(kClusters) {
    init_logging(LogLevel::kError, LogFormat::kLogfmt);
    std::vector<EngineDeps> all;
    for (size_t i = 0; i < kClusters; ++i) {
      configs[i].name = "shop" + std::to_string(i);
      configs[i].failover.mode = FailoverMode::kAutomatic;
      configs[i].failover.confirm_for = 50ms;
      EXPECT_TRUE(journal.adopt({configs[i].name, 1, "shop-us", 1, "1", system_clock().wall_now()}));
      EngineDeps deps;
      deps.cluster = &configs[i];
      deps.clock = &system_clock();
      deps.journal = &journal;
      deps.view = &view;
      deps.votes = &gate;
      deps.parallel = &thread_parallel();
      deps.notifier = &notifier;
      all.push_back(deps);
    }
    supervisor = std::make_unique<Supervisor>(std::move(all), journal, system_clock());
  }
  ~RunSlotsTest() override { gate.let_go(1000); }

  void lose_all() {
    std::vector<AlertRecord> alerts(kClusters);
    for (size_t i = 0; i < kClusters; ++i) {
      alerts[i].cluster = configs[i].name;
      alerts[i].epoch = 1;
      alerts[i].received_at = alerts[i].starts_at = system_clock().wall_now();
    }
    ASSERT_TRUE(journal.record_alerts(alerts));
    supervisor->start();
  }
  size_t refused_runs() {
    size_t count = 0;
    const auto runs = journal.runs(100);
    for (const RunRecord& run : *runs) count += run.state == RunState::kRefused;
    return count;
  }

  MemoryJournal journal;
  std::vector<ClusterConfig> configs;
  EmptyView view;
  Gate gate;
  NobodyToTell notifier;
  std::unique_ptr<Supervisor> supervisor;
};

TEST_F(RunSlotsTest, FourClustersRunAtOnceAndEachThatEndsLetsOneMoreIn) {
  lose_all();
  ASSERT_TRUE(gate.wait_for_entered(4));
  // The others have their runs open and wait: nothing of them is lost, and nobody is the fifth.
  const BootTime limit = system_clock().boot_now() + 10s;
  while (journal.runs(100)->size() < kClusters && system_clock().boot_now() < limit)
    system_clock().sleep_for(5ms);
  ASSERT_EQ(journal.runs(100)->size(), kClusters);
  EXPECT_EQ(gate.entered(), 4U);
  gate.let_go(1);
  ASSERT_TRUE(gate.wait_for_entered(5));
  EXPECT_EQ(gate.most_inside(), 4U);
  gate.let_go(kClusters);
  ASSERT_TRUE(gate.wait_for_entered(kClusters));
  while (refused_runs() < kClusters && system_clock().boot_now() < limit) system_clock().sleep_for(5ms);
  EXPECT_EQ(refused_runs(), kClusters);
  EXPECT_EQ(gate.most_inside(), 4U);
}

TEST_F(RunSlotsTest, ClustersThatWaitForASlotDoNotKeepTheProcessFromEnding) {
  lose_all();
  ASSERT_TRUE(gate.wait_for_entered(4));
  {
    std::jthread ends([this] { supervisor.reset(); });
    gate.let_go(1000);
  }
  EXPECT_LE(gate.most_inside(), 4U);
  // Every alert has become a run, ended or open, or waits for the next start: nothing is lost.
  size_t pending = 0;
  for (const ClusterConfig& config : configs) pending += journal.pending_alerts(config.name)->size();
  EXPECT_EQ(journal.runs(100)->size() + pending, kClusters);
}

}  // namespace
}  // namespace farshore
