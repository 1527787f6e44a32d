#include "actuator/failover/evidence.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"

namespace farshore {
namespace {

class OneView final : public ClusterView {
 public:
  std::shared_ptr<const Snapshot> snapshot() const override { return std::make_shared<Snapshot>(shown); }
  std::vector<WalPoint> history(const std::string&) const override { return {}; }
  void look_now() override {}
  Snapshot shown;
};

class OwnEvidence : public ::testing::Test {
 protected:
  OwnEvidence() {
    config.failover.evidence_window = 3s;
    deps.cluster = &config;
    deps.clock = &clock;
    deps.view = &view;
    seen.cluster = "shop";
    seen.server = "shop-us";
    // A primary that answered 10 s ago and refuses since; the last look ended half a second ago.
    seen.last_success = clock.boot_now() - 10s;
    seen.attempt_started = clock.boot_now() - 600ms;
    seen.attempt_finished = clock.boot_now() - 500ms;
    seen.attempt_new_session = true;
    seen.failure = FailureClass::kRefused;
  }
  Life life() {
    view.shown.servers = {seen};
    RunRecord run;
    run.cluster = "shop";
    run.old_primary = "shop-us";
    RunContext context(deps, run, Reign());
    context.attempt_started = clock.boot_now() - 1s;
    return own_evidence(context).life;
  }

  FakeClock clock;
  ClusterConfig config;
  OneView view;
  EngineDeps deps;
  ServerObservation seen;
};

TEST_F(OwnEvidence, SilenceNeedsANewSessionThatFailedAfterTheLastAnswer) {
  EXPECT_EQ(life(), Life::kSilent);
  seen.attempt_new_session = false;
  EXPECT_EQ(life(), Life::kUnknown);
}

TEST_F(OwnEvidence, AnAnswerWithinTheWindowForbidsAndOneSinceTheStartProvesLife) {
  seen.last_success = clock.boot_now() - 2900ms;
  EXPECT_EQ(life(), Life::kUnknown);
  seen.last_success = clock.boot_now() - 900ms;
  EXPECT_EQ(life(), Life::kAlive);
}

TEST_F(OwnEvidence, ALookThatEndedLongAgoOrNeverProvesNothing) {
  seen.attempt_finished = clock.boot_now() - 3100ms;
  EXPECT_EQ(life(), Life::kUnknown);
  seen.attempt_finished.reset();
  EXPECT_EQ(life(), Life::kUnknown);
}

TEST_F(OwnEvidence, EveryClassOfFailureMeansWhatItProves) {
  for (const auto failure : {FailureClass::kRefused, FailureClass::kTimeout, FailureClass::kUnreachable}) {
    seen.failure = failure;
    EXPECT_EQ(life(), Life::kSilent) << to_string(failure);
  }
  for (const auto failure : {FailureClass::kDns, FailureClass::kClosed, FailureClass::kTls}) {
    seen.failure = failure;
    EXPECT_EQ(life(), Life::kUnknown) << to_string(failure);
  }
  for (const auto failure : {FailureClass::kAuth, FailureClass::kTooManyClients, FailureClass::kStartingUp,
                             FailureClass::kShuttingDown, FailureClass::kQuery}) {
    seen.failure = failure;
    EXPECT_EQ(life(), Life::kAlive) << to_string(failure);
  }
}

TEST_F(OwnEvidence, AServerThatIsNotObservedIsUnknown) {
  seen.server = "another";
  EXPECT_EQ(life(), Life::kUnknown);
}

TEST_F(OwnEvidence, AReceiverThatHeardWithinTheWindowForbidsAndSilenceNeedsAReadableStandby) {
  RunRecord run;
  RunContext context(deps, run, Reign());
  context.attempt_started = clock.boot_now() - 1s;
  class Named final : public PostgresServer {
   public:
    const std::string& name() const override { return name_; }
    const std::string& region() const override { return name_; }
    Result<ServerLook> look(BootTime, FailureClass*) override { return ServerLook(); }
    Result<SavedSettings> read_settings(BootTime) override { return SavedSettings(); }
    Status cut_streams(BootTime) override { return {}; }
    Status push_replay(BootTime) override { return {}; }
    Status make_slot(const std::string&, BootTime) override { return {}; }
    Status restore_settings(const SavedSettings&, BootTime) override { return {}; }
    Status promote(BootTime) override { return {}; }
    Status commit_epoch_row(const EpochRow&, BootTime) override { return {}; }
    Status request_checkpoint(BootTime) override { return {}; }

   private:
    const std::string name_ = "shop-eu";
  } server;
  const auto heard = [&](std::optional<nanoseconds> age) {
    LookResult look;
    look.server = &server;
    look.look.emplace();
    look.look->facts.receiver = WalReceiverFacts{"streaming", {}, {}, age};
    return receiver_evidence(context, {look}, clock.boot_now()).life;
  };
  EXPECT_EQ(heard(500ms), Life::kAlive);
  EXPECT_EQ(heard(2s), Life::kUnknown);
  EXPECT_EQ(heard(4s), Life::kSilent);
  EXPECT_EQ(heard(std::nullopt), Life::kSilent);
  EXPECT_EQ(receiver_evidence(context, {LookResult{&server, std::nullopt, FailureClass::kTimeout, "no"}},
                              clock.boot_now())
                .life,
            Life::kUnknown);
}

TEST(VoteEvidence, CountsOnlyWhatWasSaid) {
  AlertVote firing, silent, unknown;
  firing.vote = Vote::kFiring;
  silent.vote = Vote::kNotFiring;
  silent.live_primary = true;
  EXPECT_TRUE(vote_evidence({firing, firing, unknown}, 2).quorum);
  EXPECT_FALSE(vote_evidence({firing, silent, unknown}, 2).quorum);
  EXPECT_TRUE(vote_evidence({firing, silent, unknown}, 2).live_primary);
  unknown.live_primary = true;  // an answer that is too old says nothing, not even this
  EXPECT_FALSE(vote_evidence({firing, firing, unknown}, 2).live_primary);
}

}  // namespace
}  // namespace farshore
