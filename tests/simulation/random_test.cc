// Seeded random schedules: two webhooks, deaths and restarts, steps of the wall clock, lost replies,
// refusals, partitions that heal, Prometheus servers that vanish. Whatever happens, S1-S7 hold and the run
// has an end.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/simulation/world.h"

namespace farshore::simulation {
namespace {

// Sanitizers make a schedule many times slower; what they look for does not need as many.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSchedules = 1000;
#else
constexpr uint64_t kSchedules = 10000;
#endif

class Schedule {
 public:
  explicit Schedule(uint64_t seed) : world_(seed) {}

  void play() {
    world_.run_for(3s);
    world_.weather = {chance(30) ? pick(40) : 0, chance(30) ? pick(40) : 0};
    world_.fence_works = !chance(15);
    world_.dns_works = !chance(15);
    world_.hooks_work = !chance(15);
    if (chance(50)) world_.die_at(1 + static_cast<size_t>(pick(120)));
    chance(50) ? world_.lose_primary() : world_.cut_off_primary();
    const bool comes_back = chance(40);
    world_.prometheus_alive = chance(20) ? pick(4) : 3;
    world_.run_for(milliseconds(3500 + pick(1500)));
    world_.deliver_alert();
    if (chance(70)) world_.deliver_alert();
    for (int i = 0; i < 8; ++i) disturb(comes_back);
    calm_down();
  }

  World& world() { return world_; }

 private:
  bool chance(int percent) { return pick(100) < percent; }
  int pick(int below) { return static_cast<int>(world_.random() % static_cast<uint64_t>(below)); }

  void disturb(bool comes_back) {
    world_.run_for(milliseconds(pick(3000)));
    if (chance(10)) world_.clock.step_wall(chance(50) ? 1h : -1h);
    if (chance(10)) world_.restart_process();
    if (chance(10)) world_.die_at(1 + static_cast<size_t>(pick(40)));
    if (comes_back && chance(20)) world_.heal_primary();
    if (comes_back && chance(10)) world_.return_primary();
    if (chance(5)) world_.dns = World::target_of("us-east");  // somebody's old automation
    if (chance(20)) world_.deliver_alert(1 + pick(2));
    if (chance(10)) world_.server("shop-ap").cut_off = !world_.server("shop-ap").cut_off;
  }

  // The providers work again, nobody dies any more: now the run has to end.
  void calm_down() {
    world_.weather = {};
    world_.dns_works = true;
    world_.hooks_work = true;
    world_.die_at(0);
    world_.server("shop-ap").cut_off = false;
    world_.run_for(150s);
    world_.check_the_end();
  }

  World world_;
};

// The journal of a schedule that went wrong, for the person who looks for the cause.
std::string history(World& world) {
  std::string text;
  const auto runs = world.journal.runs(20);
  for (const RunRecord& run : *runs) {
    text += fmt::format("\n{} {} at {}: {}", run.id, to_string(run.state), run.step, run.reason);
    const auto steps = world.journal.steps(run.id);
    for (const StepRecord& step : *steps)
      text += fmt::format("\n  {} {} {} {}: {}", format_rfc3339(step.at), step.attempt, step.step,
                          to_string(step.event), step.detail);
  }
  return text;
}

TEST(RandomSimulation, HoldsEveryInvariantInEverySchedule) {
  uint64_t first = 1, count = kSchedules;
  if (const char* seed = std::getenv("FARSHORE_SEED")) {
    first = std::strtoull(seed, nullptr, 10);
    count = 1;
  }
  std::map<std::string, int> endings;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    Schedule schedule(seed);
    schedule.play();
    World& world = schedule.world();
    const auto run = world.last_run();
    ++endings[run ? std::string(to_string(run->state)) : "no run"];
    ASSERT_TRUE(world.violations().empty())
        << world.violations().front() << "; again with FARSHORE_SEED=" << seed << history(world);
    if (run && run->state == RunState::kSucceeded) {
      ASSERT_EQ(world.dns, world.target_of(run->region)) << "FARSHORE_SEED=" << seed << history(world);
      for (const HookConfig& hook : world.config.hooks)
        ASSERT_EQ(world.clients[hook.name], run->candidate) << "FARSHORE_SEED=" << seed << history(world);
      for (const char* other : {"shop-eu", "shop-ap"})
        ASSERT_EQ(world.server(other).rows.empty() ? 0 : world.server(other).rows.back().epoch, run->epoch)
            << other << " does not follow; FARSHORE_SEED=" << seed << history(world);
    }
  }
  for (const auto& [ending, number] : endings) fmt::print("{}: {}\n", ending, number);
  if (count == 1) return;
  EXPECT_GT(endings["succeeded"], static_cast<int>(count / 5));
  EXPECT_GT(endings["held"] + endings["refused"], static_cast<int>(count / 50));
}

}  // namespace
}  // namespace farshore::simulation
