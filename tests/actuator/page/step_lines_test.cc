#include "actuator/page/step_lines.h"

#include <gtest/gtest.h>

#include "actuator/failover/steps.h"
#include "actuator/page/words.h"

namespace farshore {
namespace {

const WallTime kNow = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}) + 3h;

StepRecord step(std::string_view name, StepEvent event, nanoseconds before_now, int attempt = 1,
                const std::string& detail = "") {
  return {"shop-1", 0, attempt, std::string(name), event, kNow - before_now, detail, {}};
}

RunRecord run_in(RunState state, bool promoting = false) {
  RunRecord run;
  run.state = state;
  run.promoting = promoting;
  run.started_at = kNow - 30s;
  return run;
}

// The states of the table's rows as letters: d(one), n(ow), t(o come), f(ailed), - (not reached).
std::string states(const std::vector<StepLine>& lines) {
  constexpr std::string_view kLetters = "dntf-";
  std::string text;
  for (const StepLine& line : lines) text += kLetters[static_cast<size_t>(line.state)];
  return text;
}

std::string row_at_work(const std::vector<StepLine>& lines) {
  const StepLine* line = line_at_work(lines);
  return line == nullptr ? "none" : line->name;
}

std::string padded(std::string text, char rest) {
  return text + std::string(failover_steps().size() - text.size(), rest);
}

TEST(StepLines, ARunThatHasJustBegunIsAtTheFirstRow) {
  const auto lines = step_lines(run_in(RunState::kRunning), {step("start", StepEvent::kDone, 2s)}, kNow);
  EXPECT_EQ(states(lines), padded("n", 't'));
  EXPECT_DOUBLE_EQ(*lines[0].seconds, 2.0);
  EXPECT_EQ(lines[0].danger, failover_steps()[0].danger);
}

TEST(StepLines, TheRowAfterTheLastOneThatIsOverIsTheOneItIsAt) {
  const auto lines =
      step_lines(run_in(RunState::kRunning),
                 {step("confirm_outage", StepEvent::kDone, 9s), step("admit", StepEvent::kDone, 5s)}, kNow);
  EXPECT_EQ(states(lines), padded("ddn", 't'));
  EXPECT_EQ(line_at_work(lines)->name, "take_claim");
  EXPECT_DOUBLE_EQ(*lines[2].seconds, 5.0);
}

TEST(StepLines, AnIntentIsWorkAndSaysWhatItDoes) {
  const auto lines = step_lines(run_in(RunState::kRunning),
                                {step("confirm_outage", StepEvent::kDone, 9s),
                                 step("fence_old_primary", StepEvent::kIntent, 3s, 1, "asks every fence")},
                                kNow);
  EXPECT_EQ(line_at_work(lines)->name, "fence_old_primary");
  EXPECT_EQ(line_at_work(lines)->detail, "asks every fence");
  EXPECT_DOUBLE_EQ(*line_at_work(lines)->seconds, 3.0);
}

TEST(StepLines, OnlyTheNewestAttemptCounts) {
  const auto lines =
      step_lines(run_in(RunState::kRunning),
                 {step("confirm_outage", StepEvent::kDone, 99s), step("admit", StepEvent::kFailed, 90s),
                  step("confirm_outage", StepEvent::kDone, 1s, 2)},
                 kNow);
  EXPECT_EQ(states(lines), padded("dn", 't'));
}

TEST(StepLines, AHeldRunShowsWhereItFailedAndWhatWasNotReached) {
  const auto lines = step_lines(run_in(RunState::kHeld),
                                {step("confirm_outage", StepEvent::kDone, 9s),
                                 step("admit", StepEvent::kFailed, 5s, 1, "the loss is not known")},
                                kNow);
  EXPECT_EQ(states(lines), padded("df", '-'));
  EXPECT_EQ(lines[1].detail, "the loss is not known");
  EXPECT_EQ(line_at_work(lines), nullptr);
}

TEST(StepLines, ARowThatIsTriedUntilItHoldsIsTheOneItIsAt) {
  std::vector<StepRecord> steps;
  for (const Step& row : failover_steps()) {
    if (row.name == "switch_traffic") break;
    steps.push_back(step(row.name, StepEvent::kDone, 20s));
  }
  steps.push_back(step("switch_traffic", StepEvent::kFailed, 4s, 1, "503"));
  EXPECT_EQ(row_at_work(step_lines(run_in(RunState::kRunning, true), steps, kNow)), "switch_traffic");
  const auto held = step_lines(run_in(RunState::kHeld, true), steps, kNow);
  EXPECT_EQ(line_at_work(held), nullptr);
  EXPECT_EQ(held.back().state, LineState::kToCome) << "it goes on by itself";
  steps.push_back(step("follow", StepEvent::kFailed, 3s));
  steps[steps.size() - 2].event = StepEvent::kDone;
  steps.push_back(step("refence", StepEvent::kDone, 3s));
  steps.push_back(step("reconfigure", StepEvent::kFailed, 2s));
  EXPECT_EQ(row_at_work(step_lines(run_in(RunState::kRunning, true), steps, kNow)), "account")
      << "a row whose failure is only noted was gone past";
}

TEST(StepLines, ASucceededRunIsAtNoRow) {
  std::vector<StepRecord> steps;
  for (const Step& row : failover_steps()) steps.push_back(step(row.name, StepEvent::kDone, 20s));
  EXPECT_EQ(states(step_lines(run_in(RunState::kSucceeded), steps, kNow)), padded("", 'd'));
  EXPECT_EQ(line_at_work(step_lines(run_in(RunState::kRunning), steps, kNow)), nullptr);
}

TEST(Words, GiveFiguresThatPeopleCanRead) {
  EXPECT_EQ(bytes_in_words(0), "0 bytes");
  EXPECT_EQ(bytes_in_words(1), "1 byte");
  EXPECT_EQ(bytes_in_words(1536), "1.5 KiB");
  EXPECT_EQ(bytes_in_words(int64_t{16} << 20), "16.0 MiB");
  EXPECT_EQ(span_in_words(340ms), "0.3 s");
  EXPECT_EQ(span_in_words(125s), "2 min 5 s");
  EXPECT_EQ(span_in_words(3h + 2min), "3 h 2 min");
  EXPECT_EQ(span_in_words(50h), "2 d 2 h");
}

}  // namespace
}  // namespace farshore
