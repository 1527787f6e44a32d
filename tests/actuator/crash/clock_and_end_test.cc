// The wall clock of the actuator's host is set by an hour during a run; and SIGTERM during a run.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actuator/journal/journal_rules.h"
#include "tests/actuator/crash/crash_fixture.h"

namespace farshore::test {
namespace {

class ClockStepped : public CrashFixture, public ::testing::WithParamInterface<int64_t> {
 protected:
  // The file that the preloaded library adds to CLOCK_REALTIME.
  void prepare_clock() {
    write_file(offset_file, std::string(sizeof(int64_t), '\0'));
    stop_at("stop:admit:done");
    world.environment.push_back("FARSHORE_WALL_OFFSET_FILE=" + offset_file);
  }
  void step_clock(nanoseconds by) {
    const int64_t nanos = by.count();
    const int file = open(offset_file.c_str(), O_WRONLY | O_CLOEXEC);
    ASSERT_EQ(pwrite(file, &nanos, sizeof nanos, 0), static_cast<ssize_t>(sizeof nanos));
    close(file);
  }

  const std::string offset_file = world.folder.file("offset");
};

TEST_P(ClockStepped, TheRunGoesOnAndItsTimesAreThoseOfTheBootClock) {
  prepare_clock();
  ASSERT_NO_FATAL_FAILURE(start_and_write());
  world.lose_primary();
  ASSERT_TRUE(wait_until([&] { return world.process().stopped(); }, 30s));
  step_clock(std::chrono::hours(GetParam()));
  world.process().signal(SIGCONT);
  EXPECT_EQ(world.wait_for_run({"succeeded", "held", "refused"}), "succeeded") << world.run_text();
  expect_one_promotion();
  EXPECT_EQ(world.process().stop(SIGTERM), 0);
  const auto book = journal();
  const RunRecord run = book->runs(1)->front();
  // The step was seen: the records carry the wall clock as it was.
  const nanoseconds took = *run.ended_at - run.started_at;
  EXPECT_GT(GetParam() > 0 ? took : -took, 59min);
  const RunFacts facts = merge_facts(*book->steps(run.id));
  for (const char* name : {"exposure_seconds", "actuator_seconds", "quorum_wait_seconds"}) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(facts.contains(name));
    EXPECT_GE(std::stod(facts.at(name)), 0.0);
    EXPECT_LT(std::stod(facts.at(name)), 120.0);
  }
}

INSTANTIATE_TEST_SUITE_P(Hours, ClockStepped, ::testing::Values(1, -1),
                         [](const auto& hours) { return hours.param > 0 ? "Forward" : "Back"; });

class Ended : public CrashFixture {};

TEST_F(Ended, SigtermInARunStopsBetweenRowsAndTheNextStartGoesOn) {
  stop_at("stop:promote:intent");
  ASSERT_NO_FATAL_FAILURE(start_and_write());
  world.lose_primary();
  ASSERT_TRUE(wait_until([&] { return world.process().stopped(); }, 30s));
  world.process().signal(SIGTERM);  // waits while it is stopped
  world.process().signal(SIGCONT);
  EXPECT_EQ(world.process().wait_exit(15s), 0);
  EXPECT_EQ(last_record(), "promote done");
  stop_at("");
  world.start();
  EXPECT_EQ(world.wait_for_run({"succeeded", "held", "refused"}), "succeeded") << world.run_text();
  expect_one_promotion();
}

TEST_F(Ended, SigtermDuringARowThatTakesLongEndsTheProcessWithinABoundAllTheSame) {
  world.break_script(ScriptFault::kTrafficFails);
  ASSERT_NO_FATAL_FAILURE(start_and_write());
  world.lose_primary();
  ASSERT_TRUE(world.wait_for_step("switch_traffic"));
  world.process().signal(SIGTERM);
  EXPECT_EQ(world.process().wait_exit(20s), 0);
  world.mend_script(ScriptFault::kTrafficFails);
  world.start();
  EXPECT_EQ(world.wait_for_run({"succeeded", "refused"}), "succeeded") << world.run_text();
  expect_one_promotion();
}

}  // namespace
}  // namespace farshore::test
