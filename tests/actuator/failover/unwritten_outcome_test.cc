// A disk that fills up in the middle of a run: whatever could not be written, an outcome above all, is
// written once there is room again, told once, and stands in nobody's way.
#include <gtest/gtest.h>

#include "actuator/journal/journal_rules.h"
#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

struct Case {
  std::string name;
  std::function<void(World&)> prepare;  // before the alert
  RunState state;
};

const std::vector<Case> kCases = {
    {"refused", [](World&) {}, RunState::kRefused},
    {"held",
     [](World& world) {
       for (const char* name : {"shop-eu", "shop-ap"})
         world.server(name).missing_privileges = {"EXECUTE on pg_promote"};
       world.lose_primary();
       world.run_for(4s);
     },
     RunState::kHeld},
    {"held on its way forward",
     [](World& world) {
       world.dns_works = false;
       world.lose_primary();
       world.run_for(4s);
     },
     RunState::kHeld},
    {"succeeded",
     [](World& world) {
       world.lose_primary();
       world.run_for(4s);
     },
     RunState::kSucceeded},
};

ptrdiff_t times_told(const World& world, const RunRecord& run) {
  return std::ranges::count_if(world.told, [&](const Event& event) {
    return event.run_id == run.id && event.kind == to_string(run.state);
  });
}

ptrdiff_t ends_in_steps(World& world, const RunRecord& run) {
  const std::vector<StepRecord> steps = *world.journal.steps(run.id);
  return std::ranges::count(steps, "end", &StepRecord::step);
}

// As long as it lives, the writes that `is_lost` says fail.
class LostWrites {
 public:
  LostWrites(World& world, const std::function<bool(std::string_view)>& is_lost)
      : world_(world), before_(world.journal.before_write) {
    world.journal.before_write = [this, is_lost](std::string_view op) -> Status {
      if (is_lost(op)) return fail(ErrorCode::kUnavailable, "disk full");
      return before_(op);
    };
  }
  ~LostWrites() { world_.journal.before_write = before_; }
  LostWrites(const LostWrites&) = delete;
  LostWrites& operator=(const LostWrites&) = delete;

 private:
  World& world_;
  const std::function<Status(std::string_view)> before_;
};

// From the nth write on, for five seconds.
class DiskFull {
 public:
  DiskFull(World& world, int nth)
      : clock_(world.clock), lost_(world, [this, nth](std::string_view) { return is_full(nth); }) {}
  bool happened() const { return since_.has_value(); }

 private:
  bool is_full(int nth) {
    const BootTime now = clock_.boot_now();
    if (++writes_ == nth) since_ = now;
    return since_ && now - *since_ < 5s;
  }

  FakeClock& clock_;
  int writes_ = 0;
  std::optional<BootTime> since_;
  const LostWrites lost_;  // last: it asks the others
};

enum class Process { kLives, kIsRestarted };

// True when the disk was full at some time of it.
bool play(const Case& each, int nth, Process process) {
  World world;
  world.run_for(5s);
  each.prepare(world);
  world.deliver_alert();
  bool happened = false;
  {
    const DiskFull full(world, nth);
    for (int second = 0; second < 30; ++second) {
      world.run_for(1s);
      if (full.happened() && !happened && process == Process::kIsRestarted) world.restart_process();
      happened = full.happened();
    }
  }
  const RunRecord run = world.last_run().value_or(RunRecord());
  // A process that starts before anything of the run is written has never seen the primary.
  const bool may_ask = process == Process::kIsRestarted && each.state == RunState::kSucceeded &&
                       run.reason.find("never seen by this actuator") != std::string::npos;
  EXPECT_EQ(run.state, may_ask ? RunState::kHeld : each.state) << run.reason;
  if (process == Process::kLives) {
    EXPECT_EQ(times_told(world, run), 1);
    EXPECT_EQ(ends_in_steps(world, run), 1);
  } else {  // what is held may be told once more by a process that starts
    EXPECT_GE(times_told(world, run), 1);
    EXPECT_GE(ends_in_steps(world, run), 1);
  }
  world.check_the_end();
  EXPECT_TRUE(world.violations().empty()) << world.violations().front();
  return happened;
}

void play_from_every_write(Process process) {
  for (const Case& each : kCases) {
    int nth = 1;
    for (; nth < 300; ++nth) {
      SCOPED_TRACE(each.name + ", from write " + std::to_string(nth));
      const bool happened = play(each, nth, process);
      if (testing::Test::HasFailure()) return;
      if (!happened) break;
    }
    EXPECT_GT(nth, 3) << each.name;
    EXPECT_LT(nth, 300) << each.name;
  }
}

TEST(UnwrittenOutcome, IsWrittenAndToldOnceThereIsRoomAgain) { play_from_every_write(Process::kLives); }

TEST(UnwrittenOutcome, IsComeToAgainByAProcessThatStartsWhileTheDiskIsFull) {
  play_from_every_write(Process::kIsRestarted);
}

RunRecord hold(World& world, const Case& each) {
  world.run_for(5s);
  each.prepare(world);
  world.deliver_alert();
  world.run_for(15s);
  const RunRecord held = world.last_run().value_or(RunRecord());
  EXPECT_EQ(held.state, RunState::kHeld);
  return held;
}

// The next alert about the same reign makes a run of its own.
TEST(UnwrittenOutcome, OfARefusalKeepsNoLaterAlertAway) {
  World world;
  world.run_for(5s);
  world.deliver_alert();
  {
    const LostWrites lost(world, [](std::string_view op) { return op == "update_run"; });
    world.run_for(5s);
    EXPECT_EQ(world.last_run()->state, RunState::kRunning);
  }
  world.run_for(20s);
  EXPECT_EQ(world.last_run()->state, RunState::kRefused);
  world.lose_primary();
  world.run_for(15s);
  world.deliver_alert();
  world.run_for(15s);
  EXPECT_EQ(world.last_run()->state, RunState::kSucceeded) << world.last_run()->reason;
}

// A person who gives a run up is obeyed when there is room again, and may be followed by others.
TEST(UnwrittenOutcome, OfARunThatIsGivenUpIsWrittenLater) {
  World world;
  const RunRecord held = hold(world, kCases[1]);
  ASSERT_TRUE(world.worker->command(PersonCommand::kAbandon, held.id, "alice"));
  {
    const LostWrites lost(world, [](std::string_view) { return true; });
    world.run_for(5s);
  }
  EXPECT_EQ(world.last_run()->state, RunState::kHeld);
  ASSERT_TRUE(world.worker->command(PersonCommand::kRetry, held.id, "bob")) << "too late";
  world.run_for(5s);
  EXPECT_EQ(world.last_run()->state, RunState::kRefused);
  EXPECT_EQ(world.last_run()->reason, "abandoned by alice");
  EXPECT_EQ(ends_in_steps(world, held), 2);  // of the hold, and of this
}

// While nothing changes, a held run that is tried again and again stays held since the first time.
TEST(UnwrittenOutcome, AHoldThatGoesOnKeepsItsTime) {
  World world;
  const RunRecord held = hold(world, kCases[2]);
  world.run_for(60s);
  EXPECT_EQ(world.last_run()->state, RunState::kHeld);
  EXPECT_EQ(world.last_run()->ended_at, held.ended_at);
}

}  // namespace
}  // namespace farshore::simulation
