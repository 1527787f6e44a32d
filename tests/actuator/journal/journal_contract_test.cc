// One suite for every Journal: what the engine relies on must hold for the file and for the fake alike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "actuator/journal/journal.h"
#include "actuator/journal/sqlite_journal.h"
#include "tests/fakes/memory_journal.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const WallTime kNoon = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}) + 12h;

enum class Kind { kMemory, kSqlite };

class JournalContract : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::kMemory) {
      journal_ = make_memory_journal();
      return;
    }
    auto journal = open_sqlite_journal(folder_.file("journal.db"), system_clock());
    ASSERT_TRUE(journal.has_value()) << journal.error().message;
    journal_ = std::move(*journal);
  }

  static AlertRecord alert(const std::string& fingerprint = "f1") {
    AlertRecord alert;
    alert.received_at = kNoon;
    alert.principal = "am-us";
    alert.alertname = "FarshorePrimaryDown";
    alert.action = "failover";
    alert.cluster = "shop";
    alert.region = "us-east";
    alert.server = "shop-us";
    alert.fingerprint = fingerprint;
    alert.epoch = 3;
    alert.starts_at = kNoon - 3s;
    return alert;
  }
  AlertRecord record(AlertRecord alert) {
    std::vector<AlertRecord> alerts = {std::move(alert)};
    const auto status = journal_->record_alerts(alerts);
    EXPECT_TRUE(status.has_value()) << status.error().message;
    return alerts[0];
  }
  static Reign reign(int64_t epoch = 3, const std::string& server = "shop-us") {
    return {"shop", epoch, server, 7, "7710890441538039360", kNoon};
  }
  std::string start_run(const std::string& cluster = "shop") {
    RunRecord run;
    run.cluster = cluster;
    run.from_epoch = 3;
    run.accepted_at = run.started_at = kNoon;
    const auto status = journal_->create_run(run);
    EXPECT_TRUE(status.has_value()) << status.error().message;
    return run.id;
  }
  void end_run(const std::string& id, RunState state, bool retryable = false) {
    auto run = journal_->run(id).value();
    run.state = state;
    run.retryable = retryable;
    run.ended_at = kNoon + 5s;
    ASSERT_TRUE(journal_->update_run(run));
  }

  TemporaryFolder folder_;
  std::unique_ptr<Journal> journal_;
};

INSTANTIATE_TEST_SUITE_P(All, JournalContract, ::testing::Values(Kind::kMemory, Kind::kSqlite),
                         [](const auto& kind) { return kind.param == Kind::kMemory ? "Memory" : "Sqlite"; });

// ---- alerts ----

TEST_P(JournalContract, KeepsEveryFieldOfAnAlert) {
  AlertRecord resolved = alert();
  resolved.status = AlertStatus::kResolved;
  resolved.verdict = "noted";
  resolved.reason = std::string("quote ' \0 ü", 11);
  const auto id = record(resolved).id;
  EXPECT_GT(id, 0);
  const auto back = journal_->recent_alerts(10).value().at(0);
  EXPECT_EQ(back.id, id);
  EXPECT_EQ(back.received_at, kNoon);
  EXPECT_EQ(back.principal, "am-us");
  EXPECT_EQ(back.status, AlertStatus::kResolved);
  EXPECT_EQ(back.action, "failover");
  EXPECT_EQ(back.region, "us-east");
  EXPECT_EQ(back.server, "shop-us");
  EXPECT_EQ(back.epoch, 3);
  EXPECT_EQ(back.starts_at, kNoon - 3s);
  EXPECT_EQ(back.reason, resolved.reason);
}

TEST_P(JournalContract, MarksARepeatOfAPendingAlertAsDuplicate) {
  const auto first = record(alert());
  EXPECT_EQ(first.verdict, "");
  const auto second = record(alert());
  EXPECT_EQ(second.verdict, "duplicate");
  EXPECT_EQ(record(alert("f2")).verdict, "");
  AlertRecord later = alert();
  later.starts_at += 1s;
  EXPECT_EQ(record(later).verdict, "");
  const auto pending = journal_->pending_alerts("shop").value();
  ASSERT_EQ(pending.size(), 3U);
  EXPECT_EQ(pending[0].id, first.id);
  EXPECT_THAT(journal_->pending_alerts("billing").value(), IsEmpty());
}

TEST_P(JournalContract, MarksARepeatWithinOneDeliveryAsDuplicate) {
  std::vector<AlertRecord> both = {alert(), alert()};
  ASSERT_TRUE(journal_->record_alerts(both));
  EXPECT_EQ(both[0].verdict, "");
  EXPECT_EQ(both[1].verdict, "duplicate");
}

TEST_P(JournalContract, LooksAtARepeatAnewOnlyWhenTheRunMayBeTriedAgain) {
  const auto first = record(alert());
  const auto run = start_run();
  ASSERT_TRUE(journal_->set_verdict(first.id, "acted_on", "", run));
  EXPECT_EQ(record(alert()).verdict, "duplicate");
  end_run(run, RunState::kRefused, true);
  EXPECT_EQ(record(alert()).verdict, "");
}

TEST_P(JournalContract, MarksARepeatAfterAFinalRunAsDuplicateOfThatRun) {
  const auto first = record(alert());
  const auto run = start_run();
  ASSERT_TRUE(journal_->set_verdict(first.id, "acted_on", "", run));
  end_run(run, RunState::kSucceeded);
  const auto repeat = record(alert());
  EXPECT_EQ(repeat.verdict, "duplicate");
  EXPECT_EQ(repeat.run_id, run);
}

TEST_P(JournalContract, LooksAnewAtWhatWasRefusedBeforeARun) {
  const auto first = record(alert());
  ASSERT_TRUE(journal_->set_verdict(first.id, "refused", "paused", ""));
  EXPECT_EQ(record(alert()).verdict, "");
  AlertRecord refused = alert("f2");
  refused.verdict = "refused";
  record(refused);
  EXPECT_EQ(record(refused).verdict, "refused");
}

TEST_P(JournalContract, GivesAlertsNewestFirstAndKnowsNoOthers) {
  const auto a = record(alert("a")).id;
  const auto b = record(alert("b")).id;
  const auto recent = journal_->recent_alerts(10).value();
  EXPECT_EQ(recent.at(0).id, b);
  EXPECT_EQ(recent.at(1).id, a);
  EXPECT_EQ(journal_->recent_alerts(1).value().size(), 1U);
  EXPECT_EQ(journal_->set_verdict(b + 1, "noted", "", "").error().code, ErrorCode::kNotFound);
}

TEST_P(JournalContract, LetsOneOfManyEqualDeliveriesAtOnceBePending) {
  std::atomic<int> pending{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 20; ++i) {
      threads.emplace_back([&] {
        if (record(alert()).verdict.empty()) ++pending;
      });
    }
  }
  EXPECT_EQ(pending, 1);
}

// ---- epochs ----

TEST_P(JournalContract, AdoptsOnlyTheFirstReign) {
  EXPECT_EQ(journal_->reign("shop").value(), std::nullopt);
  ASSERT_TRUE(journal_->adopt(reign()));
  EXPECT_EQ(journal_->adopt(reign(4)).error().code, ErrorCode::kConflict);
  const auto now = journal_->reign("shop").value();
  EXPECT_EQ(now->epoch, 3);
  EXPECT_EQ(now->server, "shop-us");
  EXPECT_EQ(now->timeline, 7U);
  EXPECT_EQ(now->system_identifier, "7710890441538039360");
  EXPECT_EQ(now->since, kNoon);
}

TEST_P(JournalContract, GivesOneClaimAtATimeAndTheSameOneToTheSameRun) {
  EXPECT_EQ(journal_->take_claim("shop", 3, "r1").error().code, ErrorCode::kConflict);
  ASSERT_TRUE(journal_->adopt(reign()));
  EXPECT_EQ(journal_->take_claim("shop", 2, "r1").error().code, ErrorCode::kConflict);
  EXPECT_EQ(journal_->take_claim("shop", 3, "r1").value(), 4);
  EXPECT_EQ(journal_->take_claim("shop", 3, "r1").value(), 4);
  EXPECT_EQ(journal_->take_claim("shop", 3, "r2").error().code, ErrorCode::kConflict);
  EXPECT_EQ(journal_->claim("shop").value()->run_id, "r1");
  EXPECT_EQ(journal_->claim("billing").value().has_value(), false);
}

TEST_P(JournalContract, UsesUpTheNumberOfAClaimGivenBack) {
  ASSERT_TRUE(journal_->adopt(reign()));
  ASSERT_TRUE(journal_->take_claim("shop", 3, "r1"));
  EXPECT_EQ(journal_->release_claim("shop", "r2").error().code, ErrorCode::kConflict);
  ASSERT_TRUE(journal_->release_claim("shop", "r1"));
  ASSERT_TRUE(journal_->release_claim("shop", "r1"));
  EXPECT_EQ(journal_->reign("shop").value()->epoch, 3);
  EXPECT_EQ(journal_->take_claim("shop", 3, "r2").value(), 5);
}

TEST_P(JournalContract, TurnsAClaimIntoTheReignOnceAndHarmlesslyAgain) {
  ASSERT_TRUE(journal_->adopt(reign()));
  ASSERT_TRUE(journal_->take_claim("shop", 3, "r1"));
  EXPECT_EQ(journal_->begin_reign(reign(4, "shop-eu"), "r2").error().code, ErrorCode::kConflict);
  EXPECT_EQ(journal_->begin_reign(reign(5, "shop-eu"), "r1").error().code, ErrorCode::kConflict);
  ASSERT_TRUE(journal_->begin_reign(reign(4, "shop-eu"), "r1"));
  ASSERT_TRUE(journal_->begin_reign(reign(4, "shop-eu"), "r1"));
  EXPECT_EQ(journal_->reign("shop").value()->server, "shop-eu");
  EXPECT_FALSE(journal_->claim("shop").value().has_value());
  const auto reigns = journal_->reigns("shop").value();
  ASSERT_EQ(reigns.size(), 2U);
  EXPECT_EQ(reigns[0].epoch, 3);
  EXPECT_EQ(journal_->take_claim("shop", 3, "r3").error().code, ErrorCode::kConflict);
  EXPECT_EQ(journal_->take_claim("shop", 4, "r3").value(), 5);
}

TEST_P(JournalContract, GivesOneOfManyRunsTheClaim) {
  ASSERT_TRUE(journal_->adopt(reign()));
  std::atomic<int> winners{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        if (journal_->take_claim("shop", 3, fmt::format("r{}", i))) ++winners;
      });
    }
  }
  EXPECT_EQ(winners, 1);
}

// ---- runs ----

TEST_P(JournalContract, NumbersTheRunsOfEachCluster) {
  const auto first = start_run();
  EXPECT_EQ(first, "shop-1");
  EXPECT_EQ(start_run("billing"), "billing-1");
  end_run(first, RunState::kRefused);
  EXPECT_EQ(start_run(), "shop-2");
  const auto runs = journal_->runs(10).value();
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(runs[0].id, "shop-2");
  EXPECT_EQ(runs[2].id, "shop-1");
}

TEST_P(JournalContract, AllowsOneOpenRunPerCluster) {
  const auto first = start_run();
  RunRecord second;
  second.cluster = "shop";
  EXPECT_EQ(journal_->create_run(second).error().code, ErrorCode::kConflict);
  end_run(first, RunState::kHeld);
  EXPECT_EQ(journal_->create_run(second).error().code, ErrorCode::kConflict);
  EXPECT_EQ(journal_->open_run("shop").value()->id, first);
  end_run(first, RunState::kSucceeded);
  EXPECT_FALSE(journal_->open_run("shop").value().has_value());
  ASSERT_TRUE(journal_->create_run(second));
  auto reopened = journal_->run(first).value();
  reopened.state = RunState::kRunning;
  EXPECT_EQ(journal_->update_run(reopened).error().code, ErrorCode::kConflict);
}

TEST_P(JournalContract, KeepsEveryFieldOfARun) {
  auto run = journal_->run(start_run()).value();
  run.epoch = 4;
  run.old_primary = "shop-us";
  run.old_region = "us-east";
  run.candidate = "shop-eu";
  run.region = "eu-west";
  run.state = RunState::kHeld;
  run.step = "promote";
  run.reason = "no answer";
  run.retryable = run.promoting = true;
  run.ended_at = kNoon + 9s;
  ASSERT_TRUE(journal_->update_run(run));
  const auto back = journal_->run(run.id).value();
  EXPECT_EQ(back.epoch, 4);
  EXPECT_EQ(back.old_region, "us-east");
  EXPECT_EQ(back.candidate, "shop-eu");
  EXPECT_EQ(back.region, "eu-west");
  EXPECT_EQ(back.state, RunState::kHeld);
  EXPECT_EQ(back.step, "promote");
  EXPECT_EQ(back.reason, "no answer");
  EXPECT_TRUE(back.retryable && back.promoting);
  EXPECT_EQ(back.accepted_at, kNoon);
  EXPECT_EQ(back.ended_at, kNoon + 9s);
  EXPECT_EQ(journal_->run("shop-9").error().code, ErrorCode::kNotFound);
  run.id = "shop-9";
  EXPECT_EQ(journal_->update_run(run).error().code, ErrorCode::kNotFound);
}

TEST_P(JournalContract, GivesTheStepsOfARunInOrderWithTheirFacts) {
  const auto run = start_run();
  const auto other = start_run("billing");
  for (const auto event :
       {StepEvent::kIntent, StepEvent::kFailed, StepEvent::kUndone, StepEvent::kAlreadyDone}) {
    ASSERT_TRUE(journal_->record_step({run, 0, 2, "promote", event, kNoon, "why", {{"lsn", "0/3\"\xff"}}}));
    ASSERT_TRUE(journal_->record_step({other, 0, 0, "admit", event, kNoon, "", {}}));
  }
  const auto steps = journal_->steps(run).value();
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[1].event, StepEvent::kFailed);
  EXPECT_EQ(steps[3].event, StepEvent::kAlreadyDone);
  EXPECT_LT(steps[0].sequence, steps[1].sequence);
  EXPECT_EQ(steps[0].attempt, 2);
  EXPECT_EQ(steps[0].detail, "why");
  EXPECT_EQ(steps[0].at, kNoon);
  EXPECT_EQ(steps[0].facts.count("lsn"), 1U);
  EXPECT_EQ(journal_->record_step({"shop-9", 0, 0, "x", StepEvent::kDone, kNoon, "", {}}).error().code,
            ErrorCode::kNotFound);
}

// ---- people ----

TEST_P(JournalContract, PausesAndResumesACluster) {
  ASSERT_TRUE(journal_->pause({"shop", "anna", "moving racks", kNoon}));
  ASSERT_TRUE(journal_->pause({"shop", "ben", "still", kNoon + 1s}));
  const auto pause = journal_->paused("shop").value();
  EXPECT_EQ(pause->by, "ben");
  EXPECT_EQ(pause->reason, "still");
  EXPECT_EQ(pause->since, kNoon + 1s);
  ASSERT_TRUE(journal_->resume("shop"));
  ASSERT_TRUE(journal_->resume("shop"));
  EXPECT_FALSE(journal_->paused("shop").value().has_value());
}

TEST_P(JournalContract, GivesAnApprovalOutOnce) {
  const auto run = start_run();
  ASSERT_TRUE(journal_->approve({run, "anna", "d1", kNoon}));
  const auto taken = journal_->take_approval(run, kNoon + 15min).value();
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->by, "anna");
  EXPECT_EQ(taken->digest, "d1");
  EXPECT_FALSE(journal_->take_approval(run, kNoon).value().has_value());
  EXPECT_EQ(journal_->approve({"shop-9", "anna", "d", kNoon}).error().code, ErrorCode::kNotFound);
}

TEST_P(JournalContract, GivesNoApprovalThatLapsedOrIsFromTheFuture) {
  const auto run = start_run();
  ASSERT_TRUE(journal_->approve({run, "anna", "d1", kNoon}));
  EXPECT_FALSE(journal_->take_approval(run, kNoon + 15min + 1ns).value().has_value());
  ASSERT_TRUE(journal_->approve({run, "anna", "d1", kNoon}));
  EXPECT_FALSE(journal_->take_approval(run, kNoon - 1h).value().has_value());
  EXPECT_FALSE(journal_->take_approval(run, kNoon).value().has_value());
}

TEST_P(JournalContract, KeepsWhatPeopleDidNewestFirst) {
  ASSERT_TRUE(journal_->record_action({kNoon, "anna", "pause", "shop", "", "done"}));
  ASSERT_TRUE(journal_->record_action({kNoon + 1s, "ben", "approve", "shop", "shop-1", "refused: lapsed"}));
  const auto actions = journal_->recent_actions(5).value();
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(actions[0].by, "ben");
  EXPECT_EQ(actions[0].run_id, "shop-1");
  EXPECT_EQ(actions[0].outcome, "refused: lapsed");
  EXPECT_EQ(actions[1].action, "pause");
}

// ---- the fake's own faults ----

TEST(MemoryJournal, WritesNothingWhenItIsToldToFailBefore) {
  auto journal = make_memory_journal();
  journal->before_write = [](std::string_view op) -> Status {
    if (op == "pause") return fail(ErrorCode::kUnavailable, "disk full");
    return {};
  };
  EXPECT_EQ(journal->pause({"shop", "anna", "", kNoon}).error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(journal->paused("shop").value().has_value());
}

TEST(MemoryJournal, KeepsTheWriteWhoseAnswerIsLost) {
  auto journal = make_memory_journal();
  journal->after_write = [](std::string_view) -> Status { return fail(ErrorCode::kUnknown, "no answer"); };
  EXPECT_EQ(journal->pause({"shop", "anna", "", kNoon}).error().code, ErrorCode::kUnknown);
  EXPECT_TRUE(journal->paused("shop").value().has_value());
}

TEST(MemoryJournal, AnswersNothingWithoutPowerAndForgetsNothing) {
  auto journal = make_memory_journal();
  ASSERT_TRUE(journal->pause({"shop", "anna", "", kNoon}));
  journal->lose_power();
  EXPECT_EQ(journal->paused("shop").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(journal->resume("shop").error().code, ErrorCode::kUnavailable);
  journal->restore_power();
  EXPECT_TRUE(journal->paused("shop").value().has_value());
}

}  // namespace
}  // namespace farshore
