// A whole actuator between real servers that can be stopped exactly where a record of its journal is durable
// (tests/support/process_stop), and what must hold of the servers at the end.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "actuator/journal/sqlite_journal.h"
#include "tests/support/whole/whole_actuator.h"

namespace farshore::test {

class CrashFixture : public ::testing::Test {
 protected:
  explicit CrashFixture(WholeOptions options = {}) : world(std::move(options)) {}
  void TearDown() override {
    if (HasFailure()) fmt::print("{}\n", world.log());
  }

  // Preloads the library for the next start: `at` is "kill:promote:intent" or "stop:...", empty for no stop.
  void stop_at(const std::string& at) {
    world.environment = {"LD_PRELOAD=" FARSHORE_BINARY_DIR
                         "/tests/support/process_stop/libfarshore_stop_at.so"};
    if (!at.empty()) world.environment.push_back("FARSHORE_STOP_AT=" + at);
  }

  // Starts it, lets it adopt the reign, and has the standby hold what the primary acknowledged.
  void start_and_write() {
    world.start();
    ASSERT_TRUE(world.reign_is(1)) << world.log();
    world.primary->sql("CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id");
    ASSERT_TRUE(world.standby->wait_for_sql(
        "SELECT (SELECT count(*) FROM orders) || ' ' || (SELECT count(*) FROM farshore.epoch)", "1000 1"));
  }

  void expect_killed_itself() {
    EXPECT_EQ(world.process().wait_exit(40s), 128 + SIGKILL) << "the point was not reached";
  }

  // The journal of a process that is dead.
  std::unique_ptr<Journal> journal() {
    auto opened = open_sqlite_journal(world.folder.file("storage/journal.sqlite"), system_clock());
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  // "promote intent": what a dead process wrote last about its newest run.
  std::string last_record() {
    const auto book = journal();
    const auto runs = book->runs(1);
    if (!runs || runs->empty()) return "no run";
    const auto steps = book->steps(runs->front().id);
    if (!steps || steps->empty()) return "no step";
    return steps->back().step + " " + std::string(to_string(steps->back().event));
  }

  // Whatever the journal says: one promotion, nothing lost that was replicated, clients at the new primary.
  void expect_one_promotion(int64_t epoch = 2) {
    EXPECT_EQ(world.standby->sql("SELECT pg_is_in_recovery()"), "f");
    EXPECT_TRUE(world.standby->wait_for_sql("SELECT timeline_id FROM pg_control_checkpoint()", "2"));
    EXPECT_EQ(world.standby->sql(
                  "SELECT string_agg(epoch || ' ' || server, ',' ORDER BY epoch) FROM farshore.epoch"),
              fmt::format("1 shop-us,{} shop-eu", epoch));
    EXPECT_EQ(world.standby->sql("SELECT count(*) FROM orders"), "1000");
    EXPECT_EQ(world.target(), "198.51.100.20\n");
    EXPECT_TRUE(wait_until([this, epoch] { return world.clients() == world.clients_of_shop_eu(epoch); }, 30s))
        << world.clients();
    const std::string moves = world.moves();
    EXPECT_GE(moves.size(), 14U);
    EXPECT_EQ(moves.find("192.0.2.10"), std::string::npos) << moves;
  }

  WholeActuator world;
};

}  // namespace farshore::test
