// Rounds of real programs: their order, what hangs, a newer reign, the end of the process.
#include <gtest/gtest.h>

#include "actuator/hooks/command_hooks.h"
#include "tests/support/child_process.h"

namespace farshore::test {
namespace {

class HookRounds : public ::testing::Test {
 protected:
  void add(const std::string& name, const std::string& script, nanoseconds timeout = 20s) {
    hooks.push_back({name, {"/bin/sh", "-c", script, "sh", folder.path()}, {}, timeout, 0});
    names.push_back(name);
  }
  void build() { rounds = make_command_hooks(hooks, *commands, system_clock()); }
  HookFacts facts(int64_t epoch) const {
    HookFacts facts;
    facts.cluster = "shop";
    facts.epoch = epoch;
    return facts;
  }
  bool is_over(int64_t epoch) {
    return wait_until([&] { return !rounds->newest(epoch).at_work; }, 20s);
  }
  std::string acts() const { return read_file(folder.file("acts")); }

  TempDir folder{"farshore-hooks"};
  std::vector<HookConfig> hooks;
  std::vector<std::string> names;
  std::unique_ptr<CommandRunner> commands = make_command_runner(system_clock());
  std::unique_ptr<Hooks> rounds;
};

TEST_F(HookRounds, RunInTheOrderOfTheTopologyAndOneThatFailsStopsNone) {
  add("first", "echo first >> $1/acts");
  add("second", "echo second >> $1/acts; echo broken >&2; exit 7");
  add("third", "echo third >> $1/acts");
  build();
  rounds->begin(facts(2), {"third", "second", "first"});
  ASSERT_TRUE(is_over(2));
  EXPECT_EQ(acts(), "first\nsecond\nthird\n");
  const HookRound round = rounds->newest(2);
  ASSERT_EQ(round.outcomes.size(), 3U);
  EXPECT_TRUE(round.outcomes[0].in_force);
  EXPECT_EQ(round.outcomes[1].detail, "act: exit 7: broken");
  EXPECT_TRUE(round.outcomes[2].in_force);
  rounds->begin(facts(2), {"second"});
  ASSERT_TRUE(is_over(2));
  EXPECT_EQ(acts(), "first\nsecond\nthird\nsecond\n") << "only what is asked for";
}

TEST_F(HookRounds, OneThatHangsEndsAtItsTimeoutAndTheNextHasItsTurn) {
  add("hangs", "sleep 60", 300ms);
  add("next", "echo next >> $1/acts");
  build();
  rounds->begin(facts(2), names);
  ASSERT_TRUE(is_over(2));
  EXPECT_EQ(acts(), "next\n");
  EXPECT_NE(rounds->newest(2).outcomes[0].detail.find("stopped at its deadline"), std::string::npos);
}

TEST_F(HookRounds, BeginReturnsAtOnceAndASecondOneOfTheSameReignChangesNothing) {
  add("waits", "echo waits >> $1/acts; while [ ! -e $1/go ]; do sleep 0.05; done");
  build();
  rounds->begin(facts(2), names);
  ASSERT_TRUE(wait_until([&] { return !acts().empty(); }, 20s));
  EXPECT_TRUE(rounds->newest(2).at_work);
  rounds->begin(facts(2), names);
  write_file(folder.file("go"), "1");
  ASSERT_TRUE(is_over(2));
  EXPECT_EQ(acts(), "waits\n");
  EXPECT_TRUE(rounds->newest(2).outcomes.at(0).in_force);
}

TEST_F(HookRounds, ANewerReignStopsTheRoundOfTheOlderOneFirst) {
  add("slow", "echo $FARSHORE_EPOCH >> $1/acts; [ $FARSHORE_EPOCH = 2 ] && sleep 60; echo end >> $1/acts");
  build();
  rounds->begin(facts(2), names);
  ASSERT_TRUE(wait_until([&] { return !acts().empty(); }, 20s));
  rounds->begin(facts(3), names);
  ASSERT_TRUE(is_over(3));
  EXPECT_EQ(acts(), "2\n3\nend\n");
  EXPECT_TRUE(rounds->newest(3).outcomes.at(0).in_force);
  EXPECT_TRUE(rounds->newest(2).outcomes.empty()) << "of a reign that is over nothing is told";
}

TEST_F(HookRounds, TheEndDoesNotWaitForOneThatHangs) {
  add("hangs", "echo $$ >> $1/acts; exec sleep 86400", 24h);
  build();
  rounds->begin(facts(2), names);
  ASSERT_TRUE(wait_until([&] { return !acts().empty(); }, 20s));
  rounds.reset();  // returns
}

}  // namespace
}  // namespace farshore::test
