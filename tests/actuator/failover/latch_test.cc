// What latches automation, and what a latch does to runs.
#include "actuator/failover/latch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/log.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_journal.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;

class LatchTest : public ::testing::Test {
 protected:
  LatchTest() { init_logging(LogLevel::kError, LogFormat::kLogfmt); }

  AlertRecord loss(const std::string& cluster, const std::string& region) {
    AlertRecord alert;
    alert.received_at = clock_.wall_now();
    alert.action = "failover";
    alert.cluster = cluster;
    alert.region = region;
    alert.starts_at = clock_.wall_now();
    return alert;
  }
  bool latched() { return journal_.latched().value().has_value(); }

  LogCapture log_;
  FakeClock clock_;
  MemoryJournal journal_;
  Latch latch_{journal_, clock_};
};

TEST_F(LatchTest, SeveralClustersOfOneRegionAreARegionLoss) {
  ASSERT_TRUE(latch_.note({loss("shop", "us-east"), loss("crm", "us-east"), loss("billing", "us-east")}));
  EXPECT_FALSE(latched());
}

TEST_F(LatchTest, TwoRegionsInOneDeliveryLatchAndSayWhichOnes) {
  ASSERT_TRUE(latch_.note({loss("shop", "us-east"), loss("crm", "eu-west")}));
  ASSERT_TRUE(latched());
  EXPECT_THAT(journal_.latched().value()->reason, HasSubstr("region us-east (cluster shop)"));
  EXPECT_THAT(journal_.latched().value()->reason, HasSubstr("region eu-west (cluster crm)"));
  EXPECT_TRUE(log_.contains("automation is latched"));
}

TEST_F(LatchTest, TwoRegionsWithinAMinuteLatch) {
  ASSERT_TRUE(latch_.note({loss("shop", "us-east")}));
  clock_.advance(kAtOnce - 1s);
  ASSERT_TRUE(latch_.note({loss("crm", "eu-west")}));
  EXPECT_TRUE(latched());
}

TEST_F(LatchTest, ASecondLossThatBeginsLaterIsNotAtOnceHoweverLongTheFirstIsRepeated) {
  const AlertRecord first = loss("shop", "us-east");
  for (int repeat = 0; repeat < 8; ++repeat) {
    ASSERT_TRUE(latch_.note({first}));
    clock_.advance(15s);
  }
  ASSERT_TRUE(latch_.note({loss("crm", "eu-west")}));
  EXPECT_FALSE(latched());
}

TEST_F(LatchTest, ALossThatBeginsAgainBesideAnotherRegionsIsAtOnce) {
  ASSERT_TRUE(latch_.note({loss("shop", "us-east")}));
  clock_.advance(10min);
  ASSERT_TRUE(latch_.note({loss("shop", "us-east")}));  // a new startsAt
  ASSERT_TRUE(latch_.note({loss("crm", "eu-west")}));
  EXPECT_TRUE(latched());
}

TEST_F(LatchTest, AWallClockThatIsSteppedChangesNothing) {
  ASSERT_TRUE(latch_.note({loss("shop", "us-east")}));
  clock_.step_wall(1h);
  ASSERT_TRUE(latch_.note({loss("crm", "eu-west")}));
  EXPECT_TRUE(latched());
}

TEST_F(LatchTest, ARestartMakesNoOldLossANewOne) {
  std::vector<AlertRecord> first = {loss("shop", "us-east")};
  ASSERT_TRUE(latch_.note(first));
  ASSERT_TRUE(journal_.record_alerts(first));
  clock_.advance(5min);
  Latch restarted(journal_, clock_);
  ASSERT_TRUE(restarted.note(first));
  ASSERT_TRUE(restarted.note({loss("crm", "eu-west")}));
  EXPECT_FALSE(latched());
}

TEST_F(LatchTest, ARestartForgetsNoLossOfAMomentAgo) {
  std::vector<AlertRecord> first = {loss("shop", "us-east")};
  ASSERT_TRUE(journal_.record_alerts(first));
  clock_.advance(5s);
  Latch restarted(journal_, clock_);
  ASSERT_TRUE(restarted.note({loss("crm", "eu-west")}));
  EXPECT_TRUE(latched());
}

TEST_F(LatchTest, RepeatsDoNotCloseALatchThatAPersonCleared) {
  const std::vector<AlertRecord> both = {loss("shop", "us-east"), loss("crm", "eu-west")};
  ASSERT_TRUE(latch_.note(both));
  ASSERT_TRUE(journal_.unlatch());
  ASSERT_TRUE(latch_.note(both));
  EXPECT_FALSE(latched());
}

TEST_F(LatchTest, NothingIsAcceptedWhileTheLatchCannotBeWrittenAndTheNextDeliveryClosesIt) {
  const std::vector<AlertRecord> both = {loss("shop", "us-east"), loss("crm", "eu-west")};
  journal_.before_write = [](std::string_view) -> Status {
    return fail(ErrorCode::kUnavailable, "disk full");
  };
  EXPECT_FALSE(latch_.note(both));
  journal_.before_write = {};
  EXPECT_TRUE(latch_.note(both));
  EXPECT_TRUE(latched());
}

// ---- the look at itself ----

class SelfLookTest : public ::testing::Test {
 protected:
  ServerObservation server(bool answers) {
    ServerObservation seen;
    seen.cluster = "shop";
    seen.up = answers;
    seen.failure = answers ? FailureClass::kNone : FailureClass::kTimeout;
    seen.attempt_finished = clock_.boot_now();
    if (answers) seen.last_success = clock_.boot_now();
    return seen;
  }
  static AlertVote vote(Vote vote) {
    AlertVote made;
    made.vote = vote;
    return made;
  }
  // Looks once a second for fifteen seconds.
  std::optional<std::string> look(const std::function<std::vector<ServerObservation>()>& servers,
                                  const std::vector<AlertVote>& votes) {
    std::optional<std::string> reason;
    for (int i = 0; i < 15 && !reason; ++i) {
      clock_.advance(1s);
      reason = look_.judge(servers(), votes, clock_.boot_now());
    }
    return reason;
  }

  FakeClock clock_;
  SelfLook look_;
};

TEST_F(SelfLookTest, FailsWhenNobodyAtAllAnswers) {
  const auto reason = look([&] { return std::vector{server(false), server(false)}; }, {vote(Vote::kUnknown)});
  ASSERT_TRUE(reason.has_value());
  EXPECT_THAT(*reason, HasSubstr("none of the 2 servers of all clusters and none of 1 Prometheus servers"));
}

TEST_F(SelfLookTest, OneServerThatAnswersIsEnough) {
  EXPECT_FALSE(look([&] { return std::vector{server(false), server(true)}; }, {vote(Vote::kUnknown)}));
}

TEST_F(SelfLookTest, AnAnswerThatRefusesUsIsAnAnswer) {
  EXPECT_FALSE(look(
      [&] {
        auto refusing = server(false);
        refusing.failure = FailureClass::kTooManyClients;
        return std::vector{server(false), refusing};
      },
      {vote(Vote::kUnknown)}));
}

TEST_F(SelfLookTest, OnePrometheusServerThatAnswersIsEnough) {
  EXPECT_FALSE(
      look([&] { return std::vector{server(false)}; }, {vote(Vote::kUnknown), vote(Vote::kNotFiring)}));
}

TEST_F(SelfLookTest, AnObserverThatStoodStillIsNoAnswer) {
  const auto frozen = std::vector{server(true)};
  EXPECT_TRUE(look([&] { return frozen; }, {vote(Vote::kUnknown)}));
}

TEST_F(SelfLookTest, AShortSilenceIsNone) {
  clock_.advance(1s);
  EXPECT_FALSE(look_.judge({server(false)}, {}, clock_.boot_now()));
  clock_.advance(4s);
  EXPECT_FALSE(look_.judge({server(false)}, {}, clock_.boot_now()));
  EXPECT_FALSE(look_.judge({server(true)}, {}, clock_.boot_now()));
  clock_.advance(6s);
  EXPECT_FALSE(look_.judge({server(false)}, {}, clock_.boot_now()));
}

}  // namespace
}  // namespace farshore
