#include "actuator/page/parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actuator/failover/steps.h"
#include "actuator/page/run_page.h"
#include "tests/actuator/page/page_states.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const WallTime kNow = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}) + 3h;
constexpr BootTime kBootNow = BootTime(1000s);

// Of the journal and the made-up Control, as the page reads them.
PageState state_of(page_states::World& world, bool may_act = true) {
  PageState state;
  state.now = kNow;
  state.boot_now = kBootNow;
  state.clusters = world.clusters;
  for (const ClusterStatus& cluster : world.clusters)
    if (cluster.open_run) state.steps[cluster.open_run->id] = *world.journal.steps(cluster.open_run->id);
  state.runs = *world.journal.runs(20);
  state.actions = *world.journal.recent_actions(10);
  state.may_act = may_act;
  return state;
}

std::string page(const std::string& name, bool may_act = true) {
  page_states::World world;
  page_states::make(name, world, kNow, kBootNow);
  return status_page(state_of(world, may_act)).str();
}

TEST(StatusPageText, SaysFirstWhetherEachClusterIsProtected) {
  const std::string calm = page("calm");
  EXPECT_THAT(calm, HasSubstr(">shop</a>: <strong>PROTECTED</strong> <span>shop-us is the primary</span>"));
  EXPECT_THAT(calm, HasSubstr(">billing</a>: <strong>PROTECTED</strong>"));
  EXPECT_THAT(calm, Not(HasSubstr("What to do")));
  const std::string empty = page("empty");
  EXPECT_THAT(empty,
              HasSubstr("<strong>NOT PROTECTED</strong> <span>no reign is adopted yet: shop-eu could"));
  EXPECT_THAT(empty, HasSubstr("No primary is adopted yet."));
  EXPECT_THAT(page("paused"), HasSubstr("paused by anna since 2026-11-22T02:20:00.000Z: moving racks"));
}

TEST(StatusPageText, SaysOfEveryClusterThatAutomationIsLatched) {
  const std::string latched = page("latched");
  EXPECT_THAT(latched, HasSubstr(">shop</a>: <strong>NOT PROTECTED</strong> <span>automation is latched"));
  EXPECT_THAT(latched, HasSubstr(">billing</a>: <strong>NOT PROTECTED</strong> <span>automation is latched"));
  EXPECT_THAT(latched, HasSubstr("us-east and eu-west are reported lost at once"));
  EXPECT_THAT(latched, HasSubstr("href=\"/latch\""));
  EXPECT_THAT(page("latched", false), Not(HasSubstr("href=\"/latch\"")));
}

TEST(StatusPageText, SaysHowFarAFailoverIs) {
  const std::string running = page("running");
  EXPECT_THAT(running, HasSubstr(fmt::format(
                           "<strong>FAILING OVER</strong> <span>step 4 of {}, fence_old_primary</span>",
                           failover_steps().size())));
  EXPECT_THAT(running, HasSubstr("See run shop-1"));
  EXPECT_THAT(running, HasSubstr("<li class=\"now\" aria-current=\"step\"><p><b>fence_old_primary</b>"));
  EXPECT_THAT(running, HasSubstr("Avoids: two writers."));
  EXPECT_THAT(running, HasSubstr("no way back from here"));
}

TEST(StatusPageText, SaysOfAHeldRunWhatToDo) {
  const std::string held = page("held");
  EXPECT_THAT(held,
              HasSubstr("<strong>HELD</strong> <span>failover.mode is approve: a person decides</span>"));
  EXPECT_THAT(held, HasSubstr("What to do: everything was put back; approve, retry or abandon the run."));
  EXPECT_THAT(held, HasSubstr("Decide about run shop-1"));
  EXPECT_THAT(page("held", false), Not(HasSubstr("Decide about")));
  EXPECT_THAT(page("past-no-return"),
              HasSubstr("What to do: mend the cause; it is past the point of no return"));
}

TEST(StatusPageText, ShowsServersWithRolePositionAndLag) {
  const std::string calm = page("calm");
  EXPECT_THAT(calm, HasSubstr("us-east, the primary of this epoch"));
  EXPECT_THAT(calm, HasSubstr("standby, timeline 1, WAL receiver streaming"));
  EXPECT_THAT(calm, HasSubstr("1/A2B3C4D8"));
  EXPECT_THAT(calm, HasSubstr("9.2 KiB behind"));
  EXPECT_THAT(calm, HasSubstr("0.4 s ago"));
  const std::string running = page("running");
  EXPECT_THAT(running, HasSubstr("NO ANSWER: timeout (no answer within 1.0 s); was primary"));
  EXPECT_THAT(running, HasSubstr("NO WAL receiver"));
  const std::string empty = page("empty");
  EXPECT_THAT(empty, HasSubstr("<td>not looked at yet; role not known</td>"));
  EXPECT_THAT(empty, HasSubstr("<td>never</td>"));
}

TEST(StatusPageText, ShowsVotesOnlyWhileTheyAreAskedFor) {
  EXPECT_THAT(page("calm"), HasSubstr("Prometheus servers: not asked now"));
  const std::string running = page("running");
  EXPECT_THAT(running, HasSubstr("the alert must fire at 2 of 3"));
  EXPECT_THAT(running,
              HasSubstr("<th scope=\"row\">us-east</th><td>not known: it has not answered yet</td>"));
  EXPECT_THAT(running, HasSubstr("<th scope=\"row\">eu-west</th><td>fires</td><td>no</td>"));
}

TEST(StatusPageText, ALivePrimaryThatAVantageSeesIsSaidLoudly) {
  page_states::World world;
  page_states::make("running", world, kNow, kBootNow);
  world.clusters[0].votes[1].live_primary = true;
  EXPECT_THAT(status_page(state_of(world)).str(), HasSubstr("YES, which forbids a failover"));
}

TEST(StatusPageText, SaysWhetherItCouldFailOverNowAndWhatStandsInTheWay) {
  const std::string calm = page("calm");
  EXPECT_THAT(calm, HasSubstr("Yes, without asking anybody."));
  EXPECT_THAT(calm, HasSubstr("shop-eu would be promoted; the loss would be 9.2 KiB, 0.2 s of writes"));
  EXPECT_THAT(calm, HasSubstr("Not rehearsed yet."));  // billing
  const std::string not_ready = page("not-ready");
  EXPECT_THAT(not_ready,
              HasSubstr("<strong>NOT PROTECTED</strong> <span>shop-eu replays with a delay of 1 h"));
  EXPECT_THAT(not_ready, HasSubstr("failover.mode is approve (an approval passes it)"));
  EXPECT_THAT(not_ready, HasSubstr("<strong>No.</strong>"));
  EXPECT_THAT(not_ready, HasSubstr(">billing</a>: <strong>PROTECTED, IF A PERSON APPROVES</strong>"));
}

TEST(StatusPageText, ALossThatIsNotKnownIsNotZero) {
  page_states::World world;
  page_states::make("calm", world, kNow, kBootNow);
  world.clusters[0].plan->loss_bytes.reset();
  world.clusters[0].plan->loss_time.reset();
  EXPECT_THAT(status_page(state_of(world)).str(), HasSubstr("the loss would be not known."));
}

TEST(StatusPageText, OnlyObstaclesThatAnApprovalPassesLeaveItProtectedByAPerson) {
  page_states::World world;
  page_states::make("calm", world, kNow, kBootNow);
  world.clusters[0].plan =
      page_states::plan_of("shop", {{"cooldown", "the last failover was 5 min ago", true}}, kNow);
  const std::string text = status_page(state_of(world)).str();
  EXPECT_THAT(text,
              HasSubstr("PROTECTED, IF A PERSON APPROVES</strong> <span>the last failover was 5 min ago"));
  EXPECT_THAT(text, HasSubstr("Yes, if a person approves."));
}

TEST(StatusPageText, ShowsHistoryAndWhatPeopleDid) {
  const std::string text = page("succeeded");
  EXPECT_THAT(text,
              HasSubstr("<a id=\"history-shop-2\" href=\"/runs/shop-2\">shop-2</a></th><td>succeeded</td>"));
  EXPECT_THAT(text, HasSubstr("shop-us to nobody"));
  EXPECT_THAT(text, HasSubstr("<td>refused: shop-us answered 0.4 s ago</td>"));
  EXPECT_THAT(text, HasSubstr("<th scope=\"row\">ben</th><td>pause shop</td><td>done</td>"));
  EXPECT_THAT(page("calm"), HasSubstr("There have been no runs."));
}

TEST(StatusPageText, NamesTheWorstClusterInItsTitle) {
  page_states::World world;
  page_states::make("calm", world, kNow, kBootNow);
  EXPECT_EQ(page_title(state_of(world)), "Farshore: all protected");
  world.clusters[1].pause = Pause{"billing", "anna", "racks", kNow};
  EXPECT_EQ(page_title(state_of(world)), "billing NOT PROTECTED - Farshore");
}

TEST(StatusPageText, SaysWhenTheJournalCannotBeRead) {
  page_states::World world;
  page_states::make("calm", world, kNow, kBootNow);
  PageState state = state_of(world);
  state.journal_error = "disk I/O error";
  EXPECT_THAT(status_page(state).str(), HasSubstr("The journal cannot be read: disk I/O error"));
}

TEST(StatusPageText, EscapesEveryTextThatComesFromOutside) {
  const std::string evil = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>";
  page_states::World world;
  page_states::make("running", world, kNow, kBootNow);
  ClusterStatus& shop = world.clusters[0];
  shop.cluster = shop.mode = shop.problem = evil;
  shop.reign->server = evil;
  shop.pause = Pause{evil, evil, evil, kNow};
  shop.approval_digest = evil;
  RunRecord& run = *shop.open_run;
  const auto steps = *world.journal.steps(run.id);
  run.id = run.cluster = run.old_primary = run.old_region = run.candidate = run.region = run.reason = evil;
  shop.servers[0].server = shop.servers[0].region = shop.servers[0].failure_text = evil;
  shop.servers[1].facts->receiver = WalReceiverFacts{evil, {}, {}, {}};
  shop.votes[0].region = shop.votes[0].detail = evil;
  shop.plan = page_states::plan_of(evil, {{evil, evil, false}}, kNow);
  shop.plan->primary = shop.plan->candidate = evil;
  for (PlanStep& step : shop.plan->steps) step.name = step.danger = step.text = evil;
  PageState state = state_of(world);
  state.steps[evil] = steps;
  for (StepRecord& step : state.steps[evil]) step.detail = evil;
  state.runs = {run};
  state.actions = {{kNow, evil, evil, evil, evil, evil}};
  state.journal_error = evil;
  run.state = RunState::kHeld;
  RunView view{kNow, run, state.steps[evil], evil};
  for (StepRecord& step : view.steps)
    step.facts = {
        {"needs", "proof," + evil}, {"best_candidate", evil}, {"fence_evidence", evil}, {evil, evil}};
  Session session{{evil, {Role::kOperator}}, evil, {}, Notice{evil, true, {}}};
  for (const std::string& text :
       {status_page(state).str(), run_page(view, session).str(), cluster_page(shop, session).str(),
        latch_page(LatchRecord{evil, kNow}, Session{{}, evil, {}, {}}).str(),
        sign_in_page(evil, evil).str()}) {
    EXPECT_THAT(text, HasSubstr("&lt;script&gt;alert(1)"));
    EXPECT_THAT(text, Not(HasSubstr("<script")));
    EXPECT_THAT(text, Not(HasSubstr("<img")));
    EXPECT_THAT(text, Not(HasSubstr("\"&gt;&lt;")));
    EXPECT_THAT(text, Not(HasSubstr("'alert")));
  }
}

}  // namespace
}  // namespace farshore
