// A lane on fakes, moved by hand: what its receiver was told, and how it answers.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "actuator/notify/lane.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_journal.h"

namespace farshore {

struct Receiver {
  std::vector<Notice> told;    // every attempt
  std::deque<Status> answers;  // in order; then all is well
  std::function<void()> during_send = nullptr;
  bool keeps_up = false;
};

class RigSender final : public Sender {
 public:
  explicit RigSender(Receiver& receiver) : receiver_(receiver) {}
  const std::string& kind() const override { return kind_; }
  const std::string& name() const override { return name_; }
  bool wants(const Notice& notice) const override { return notice.kind != "open"; }
  bool keeps_up() const override { return receiver_.keeps_up; }
  Status send(const Notice& notice) override {
    receiver_.told.push_back(notice);
    if (receiver_.during_send) receiver_.during_send();
    if (receiver_.answers.empty()) return {};
    Status answer = receiver_.answers.front();
    receiver_.answers.pop_front();
    return answer;
  }

 private:
  Receiver& receiver_;
  const std::string kind_ = "webhook", name_ = "webhook http://a";
};

class LaneRig : public ::testing::Test {
 protected:
  // As a process that starts: nothing of the lane before it is left but the journal.
  void restart() {
    lane_ = std::make_unique<Lane>(std::make_unique<RigSender>(receiver_), "webhook http://a", *journal_,
                                   clock_, counters_);
  }
  void SetUp() override { restart(); }

  // The engine writes a run's end before it tells of it.
  std::string end_run(RunState state, const std::string& reason = "why", bool retryable = false) {
    RunRecord run;
    run.cluster = "shop";
    run.old_region = "us-east";
    run.state = state;
    run.reason = reason;
    run.retryable = retryable;
    run.started_at = clock_.wall_now() - 20s;
    run.ended_at = clock_.wall_now();
    EXPECT_TRUE(journal_->create_run(run));
    return run.id;
  }
  void set_state(const std::string& id, RunState state) {
    RunRecord run = journal_->run(id).value();
    run.state = state;
    run.ended_at = state == RunState::kRunning ? std::nullopt : std::optional(clock_.wall_now());
    EXPECT_TRUE(journal_->update_run(run));
  }
  void tell(const std::string& run_id, const std::string& kind) {
    lane_->push({"shop", run_id, kind, "why", clock_.wall_now()});
  }
  // Lets time pass as the thread would: it wakes when something is due.
  void pass(nanoseconds time) {
    const BootTime end = clock_.boot_now() + time;
    while (true) {
      const nanoseconds pause = lane_->tick();
      if (clock_.boot_now() + pause >= end) break;
      clock_.advance(std::max<nanoseconds>(pause, 1ms));
    }
    clock_.advance(end - clock_.boot_now());
    lane_->tick();
  }
  int64_t count(const std::string& outcome) { return counters_.snapshot().at({"webhook", outcome}); }
  std::vector<std::string> kinds() const {
    std::vector<std::string> found;
    for (const Notice& each : receiver_.told) found.push_back(each.kind + (each.over ? " no more" : ""));
    return found;
  }
  static Status down() { return fail(ErrorCode::kUnavailable, "answers 500"); }

  FakeClock clock_;
  std::unique_ptr<MemoryJournal> journal_ = make_memory_journal();
  NotifyCounters counters_;
  Receiver receiver_;
  std::unique_ptr<Lane> lane_;
};

using Kinds = std::vector<std::string>;

}  // namespace farshore
