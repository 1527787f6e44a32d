#include "actuator/failover/supervisor.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "actuator/journal/journal_rules.h"
#include "common/base/log.h"
#include "tests/fakes/memory_journal.h"

namespace farshore {
namespace {

class EmptyView final : public ClusterView {
 public:
  std::vector<ServerObservation> servers;  // set before anybody looks
  std::shared_ptr<const Snapshot> snapshot() const override {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->servers = servers;
    return snapshot;
  }
  std::vector<WalPoint> history(const std::string&) const override { return {}; }
  void look_now() override {}
};

class SilentVotes final : public AlertVotes {
 public:
  void watch(const std::string&, int64_t, const std::string&) override {}
  void unwatch(const std::string&) override {}
  std::vector<AlertVote> latest(const std::string& cluster) override {
    AlertVote vote;
    vote.region = "eu-west";
    vote.detail = "about " + cluster;
    return {vote};
  }
  int quorum() const override { return 1; }
};

class NobodyToTell final : public Notifier {
 public:
  void tell(const Event&) override {}
};

// In which something happens just before the steps of a run are read.
class InterruptedJournal final : public MemoryJournal {
 public:
  std::function<void()> before_steps;
  Result<std::vector<StepRecord>> steps(const std::string& run_id) override {
    if (before_steps) std::exchange(before_steps, nullptr)();
    return MemoryJournal::steps(run_id);
  }
};

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() {
    init_logging(LogLevel::kError, LogFormat::kLogfmt);
    config.name = "shop";
    EXPECT_TRUE(journal.adopt({"shop", 1, "shop-us", 1, "1", system_clock().wall_now()}));
    EngineDeps deps;
    deps.cluster = &config;
    deps.clock = &system_clock();
    deps.journal = &journal;
    deps.view = &view;
    deps.votes = &votes;
    deps.parallel = &thread_parallel();
    deps.notifier = &notifier;
    supervisor = std::make_unique<Supervisor>(std::vector<EngineDeps>{deps}, journal, system_clock());
  }

  // As the engine leaves it.
  RunRecord held_run(const std::string& needs) {
    RunRecord run;
    run.cluster = "shop";
    run.from_epoch = 1;
    run.old_primary = "shop-us";
    EXPECT_TRUE(journal.create_run(run));
    run.state = RunState::kHeld;
    run.reason = "a person must approve";
    EXPECT_TRUE(journal.update_run(run));
    StepRecord step;
    step.run_id = run.id;
    step.attempt = 1;
    step.step = "end";
    step.event = StepEvent::kDone;
    step.facts = {{"needs", needs}, {"attempt", "1"}};
    EXPECT_TRUE(journal.record_step(step));
    return run;
  }
  std::string last_action() {
    const auto actions = journal.recent_actions(1);
    return actions && !actions->empty()
               ? actions->front().by + " " + actions->front().action + ": " + actions->front().outcome
               : "";
  }

  InterruptedJournal journal;
  ClusterConfig config;
  EmptyView view;
  SilentVotes votes;
  NobodyToTell notifier;
  std::unique_ptr<Supervisor> supervisor;
};

TEST_F(SupervisorTest, WritesDownWhoPausedAndResumed) {
  ASSERT_TRUE(supervisor->pause("shop", "bob", "upgrade"));
  EXPECT_EQ(last_action(), "bob pause: done");
  EXPECT_EQ(supervisor->status().front().pause->by, "bob");
  ASSERT_TRUE(supervisor->resume("shop", "carol"));
  EXPECT_FALSE(supervisor->status().front().pause.has_value());
  EXPECT_EQ(supervisor->pause("nope", "bob", "").error().code, ErrorCode::kNotFound);
}

TEST_F(SupervisorTest, ShowsTheDigestOfAHeldRunAndTakesNoOther) {
  const RunRecord run = held_run("mode");
  const std::string digest = supervisor->status().front().approval_digest;
  ASSERT_FALSE(digest.empty());
  EXPECT_EQ(supervisor->approve(run.id, "bob", "0000000000000000").error().code, ErrorCode::kConflict);
  EXPECT_NE(last_action().find("not the ones you were shown"), std::string::npos) << last_action();
  EXPECT_TRUE(supervisor->approve(run.id, "bob", digest));
  EXPECT_EQ(last_action(), "bob approve: done");
}

TEST_F(SupervisorTest, ShowsNoDigestOfARunThatIsTakenUpAgainMeanwhile) {
  RunRecord run = held_run("mode");
  const auto write = [&](const char* name, const char* attempt) {
    StepRecord step;
    step.run_id = run.id;
    step.step = name;
    step.facts = {{"attempt", attempt}};
    EXPECT_TRUE(journal.record_step(step));
  };
  journal.before_steps = [&] { write("start", "2"); };
  EXPECT_EQ(supervisor->status().front().approval_digest, "") << "the run does not say yet that it is open";
  run.state = RunState::kRunning;
  EXPECT_TRUE(journal.update_run(run));
  write("end", "2");
  run.state = RunState::kHeld;
  run.ended_at = system_clock().wall_now() - 1s;
  EXPECT_TRUE(journal.update_run(run));

  journal.before_steps = [&] {  // a whole attempt between two reads
    write("start", "3");
    write("end", "3");
    run.ended_at = system_clock().wall_now();
    EXPECT_TRUE(journal.update_run(run));
  };
  EXPECT_EQ(supervisor->status().front().approval_digest, "") << "of the old end and the new facts";
  EXPECT_NE(supervisor->status().front().approval_digest, "");
}

TEST_F(SupervisorTest, ShowsWhatEachPrometheusServerSaysAboutTheCluster) {
  const ClusterStatus status = supervisor->status().front();
  ASSERT_EQ(status.votes.size(), 1U);
  EXPECT_EQ(status.votes.front().region, "eu-west");
  EXPECT_EQ(status.votes.front().detail, "about shop");
  EXPECT_EQ(status.votes_needed, 1);
}

TEST_F(SupervisorTest, SaysWhenAnApprovalCannotHelp) {
  const RunRecord run = held_run("");
  EXPECT_TRUE(supervisor->status().front().approval_digest.empty());
  const Status approved = supervisor->approve(run.id, "bob", "");
  EXPECT_EQ(approved.error().code, ErrorCode::kConflict);
  EXPECT_NE(approved.error().message.find("mend the cause and retry"), std::string::npos);
}

TEST_F(SupervisorTest, RefusesCommandsForRunsThatAreNotHeld) {
  EXPECT_EQ(supervisor->retry("shop-9", "bob").error().code, ErrorCode::kNotFound);
  RunRecord run = held_run("mode");
  run.state = RunState::kSucceeded;
  ASSERT_TRUE(journal.update_run(run));
  EXPECT_EQ(supervisor->abandon(run.id, "bob").error().code, ErrorCode::kConflict);
}

TEST_F(SupervisorTest, OnlyAPersonClearsTheLatchAndIsWrittenDown) {
  EXPECT_EQ(supervisor->unlatch("bob").error().code, ErrorCode::kConflict);
  ASSERT_TRUE(journal.latch({"two regions at once", system_clock().wall_now()}));
  EXPECT_EQ(supervisor->status().front().latch->reason, "two regions at once");
  ASSERT_TRUE(supervisor->unlatch("bob"));
  EXPECT_EQ(last_action(), "bob unlatch: done");
  EXPECT_FALSE(supervisor->status().front().latch.has_value());
}

TEST_F(SupervisorTest, AHeldRunIsNotStartedAgainWhileAutomationIsLatched) {
  const RunRecord run = held_run("mode");
  const std::string digest = supervisor->status().front().approval_digest;
  ASSERT_TRUE(journal.latch({"two regions at once", system_clock().wall_now()}));
  EXPECT_EQ(supervisor->retry(run.id, "bob").error().code, ErrorCode::kConflict);
  EXPECT_EQ(supervisor->approve(run.id, "bob", digest).error().code, ErrorCode::kConflict);
  EXPECT_NE(last_action().find("farshorectl unlatch"), std::string::npos) << last_action();
  ASSERT_TRUE(journal.unlatch());
  EXPECT_TRUE(supervisor->approve(run.id, "bob", digest));
}

// As long as nobody answers, the open run looks in vain; after five seconds that is the actuator's own
// trouble.
TEST_F(SupervisorTest, LatchesWhenNobodyAnswersWhileARunIsOpen) {
  ServerObservation silent;
  silent.cluster = "shop";
  silent.server = "shop-us";
  view.servers = {silent};
  config.failover.confirm_for = 60s;
  supervisor->start();
  AlertRecord alert;
  alert.cluster = "shop";
  alert.action = "failover";
  alert.epoch = 1;
  alert.starts_at = system_clock().wall_now();
  std::vector<AlertRecord> alerts = {alert};
  ASSERT_TRUE(supervisor->note_losses(alerts));
  ASSERT_TRUE(journal.record_alerts(alerts));
  supervisor->wake("shop");
  const BootTime limit = system_clock().boot_now() + 20s;
  while (!journal.latched().value() && system_clock().boot_now() < limit) system_clock().sleep_for(20ms);
  ASSERT_TRUE(journal.latched().value().has_value());
  EXPECT_NE(journal.latched().value()->reason.find("nobody answers this actuator"), std::string::npos);
}

TEST_F(SupervisorTest, AnAbandonedRunIsRefusedByTheWorkerThread) {
  const RunRecord run = held_run("mode");
  supervisor->start();
  ASSERT_TRUE(supervisor->abandon(run.id, "bob"));
  const BootTime limit = system_clock().boot_now() + 10s;
  while (journal.run(run.id)->state != RunState::kRefused && system_clock().boot_now() < limit)
    system_clock().sleep_for(5ms);
  EXPECT_EQ(journal.run(run.id)->reason, "abandoned by bob");
  (void)supervisor->status();
}

}  // namespace
}  // namespace farshore
