#include "actuator/failover/plan_keeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "actuator/failover/supervisor.h"
#include "common/base/log.h"
#include "tests/fakes/memory_journal.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

class EmptyView final : public ClusterView {
 public:
  std::shared_ptr<const Snapshot> snapshot() const override { return std::make_shared<const Snapshot>(); }
  std::vector<WalPoint> history(const std::string&) const override { return {}; }
  void look_now() override {}
};

class SilentVotes final : public AlertVotes {
 public:
  void watch(const std::string&, int64_t, const std::string&) override {}
  void unwatch(const std::string&) override {}
  std::vector<AlertVote> latest(const std::string&) override { return {}; }
  int quorum() const override { return 1; }
};

class NobodyToTell final : public Notifier {
 public:
  void tell(const Event&) override {}
};

// Whoever looks at it waits until the test lets go, as at a server that is frozen; whoever would change it
// could, and is counted.
class FrozenServer final : public PostgresServer {
 public:
  const std::string& name() const override { return name_; }
  const std::string& region() const override { return name_; }
  Result<ServerLook> look(BootTime, FailureClass*) override {
    ++looks;
    if (!frozen) return ServerLook{};
    ++waiting;
    thawed.wait();
    return fail(ErrorCode::kTimeout, "no answer");
  }
  Result<SavedSettings> read_settings(BootTime) override { return fail(ErrorCode::kTimeout, "no answer"); }
  Status cut_streams(BootTime) override { return {}; }
  Status push_replay(BootTime) override { return {}; }
  Status make_slot(const std::string&, BootTime) override { return {}; }
  Status restore_settings(const SavedSettings&, BootTime) override { return {}; }
  Status promote(BootTime) override { return {}; }
  Status commit_epoch_row(const EpochRow&, BootTime) override { return {}; }
  Status request_checkpoint(BootTime) override { return {}; }

  std::promise<void> thaw;
  std::shared_future<void> thawed{thaw.get_future()};
  std::atomic<bool> frozen{false};
  std::atomic<int> looks{0}, waiting{0};

 private:
  const std::string name_ = "shop-eu";
};

class PlanKeeperTest : public ::testing::Test {
 protected:
  PlanKeeperTest() {
    init_logging(LogLevel::kError, LogFormat::kLogfmt);
    config.name = "shop";
    config.failover.mode = FailoverMode::kAutomatic;
    config.failover.confirm_for = 50ms;
    EXPECT_TRUE(journal.adopt({"shop", 1, "shop-us", 1, "1", system_clock().wall_now()}));
    EngineDeps deps;
    deps.cluster = &config;
    deps.observe_interval = 1ms;
    deps.clock = &system_clock();
    deps.journal = &journal;
    deps.view = &view;
    deps.votes = &votes;
    deps.servers = {&server};
    deps.parallel = &thread_parallel();
    deps.notifier = &notifier;
    supervisor = std::make_unique<Supervisor>(std::vector<EngineDeps>{deps}, journal, system_clock());
  }
  ~PlanKeeperTest() override { let_go(); }

  void let_go() {
    if (!std::exchange(thawed, true)) server.thaw.set_value();
  }
  std::string verdict() {
    const auto alerts = journal.recent_alerts(1);
    return alerts && !alerts->empty() ? alerts->front().verdict : "";
  }
  std::string first_reason() {
    const auto plan = supervisor->status().front().plan;
    return plan && !plan->obstacles.empty() ? plan->obstacles.front().reason : "";
  }

  MemoryJournal journal;
  ClusterConfig config;
  EmptyView view;
  SilentVotes votes;
  NobodyToTell notifier;
  FrozenServer server;
  bool thawed = false;
  std::unique_ptr<Supervisor> supervisor;
};

TEST_F(PlanKeeperTest, AnAlertThatArrivesWhileARehearsalWaitsForAFrozenServerIsActedOn) {
  supervisor->start();
  // The first look of the worker (is its journal the newest?) and the first rehearsal are answered.
  ASSERT_TRUE(test::wait_until([&] { return server.looks > 1 && supervisor->status().front().plan; }));
  const WallTime first = supervisor->status().front().plan->at;
  server.frozen = true;
  ASSERT_TRUE(supervisor->resume("shop", "anna"));  // is rehearsed at once
  ASSERT_TRUE(test::wait_until([&] { return server.waiting > 0; })) << "the rehearsal must be under way";
  AlertRecord alert;
  alert.cluster = "shop";
  alert.epoch = 1;
  alert.received_at = alert.starts_at = system_clock().wall_now();
  std::vector<AlertRecord> alerts{alert};
  ASSERT_TRUE(journal.record_alerts(alerts));
  supervisor->wake("shop");
  EXPECT_TRUE(test::wait_until([&] { return !verdict().empty(); }));
  EXPECT_EQ(verdict(), "acted_on");
  EXPECT_EQ(supervisor->status().front().plan->at, first) << "the rehearsal still waits";
}

TEST_F(PlanKeeperTest, TheNewestRehearsalIsInTheStatusAndAPauseIsRehearsedAtOnce) {
  EXPECT_FALSE(supervisor->status().front().plan);
  let_go();
  supervisor->start();
  ASSERT_TRUE(test::wait_until([&] { return first_reason() == "primary_unknown"; }));
  ASSERT_TRUE(supervisor->pause("shop", "bob", "upgrade"));
  EXPECT_TRUE(test::wait_until([&] { return first_reason() == "paused"; })) << first_reason();
  ASSERT_TRUE(supervisor->resume("shop", "bob"));
  EXPECT_TRUE(test::wait_until([&] { return first_reason() == "primary_unknown"; })) << first_reason();
}

TEST_F(PlanKeeperTest, ARehearsalForAPrimaryThatWasReplacedIsNotShown) {
  let_go();
  supervisor->start();
  ASSERT_TRUE(test::wait_until([&] { return supervisor->status().front().plan.has_value(); }));
  EXPECT_EQ(supervisor->status().front().plan->primary, "shop-us");
  ASSERT_TRUE(journal.take_claim("shop", 1, "shop-1"));
  ASSERT_TRUE(journal.begin_reign({"shop", 2, "shop-eu", 2, "1", system_clock().wall_now()}, "shop-1"));
  EXPECT_TRUE(test::wait_until([&] {
    const auto plan = supervisor->status().front().plan;
    EXPECT_TRUE(!plan || plan->primary == "shop-eu") << plan->primary;
    return !plan || plan->primary == "shop-eu";
  }));
}

}  // namespace
}  // namespace farshore
