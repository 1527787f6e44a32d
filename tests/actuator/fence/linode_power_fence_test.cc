// What no fake server of Linode says on demand; tests/contract has the rest.
#include "actuator/fence/linode_power_fence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/http_faults.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kUrl = "http://127.0.0.1:1";
constexpr const char* kInstance = "/v4/linode/instances/1111";

std::string instance(const std::string& status, bool watchdog, const std::string& label = "db-us",
                     int id = 1111) {
  return fmt::format(R"({{"id":{},"label":"{}","status":"{}","watchdog_enabled":{}}})", id, label, status,
                     watchdog);
}

class LinodePower : public ::testing::Test {
 protected:
  LinodePower() {
    config_.server = "shop-us";
    config_.provider.kind = "linode_power";
    config_.provider.line = 12;
    config_.provider.text = {
        {"linode_id", "1111"}, {"api_url", kUrl}, {"token_file", folder_.write("token", "t0ken\n")}};
  }
  Fence& fence() {
    if (!fence_) fence_ = make_fence(config_, {http_, commands_, clock_, "shop", "us-east"}).value();
    return *fence_;
  }
  Error refused() { return make_fence(config_, {http_, commands_, clock_, "shop", "us-east"}).error(); }
  FenceProof proof() { return fence().proof(soon()); }
  BootTime soon() { return clock_.boot_now() + 30s; }
  std::vector<std::string> sent() {
    std::vector<std::string> lines;
    for (const HttpRequest& request : http_.requests())
      lines.push_back(request.method + " " + request.url.substr(std::string(kUrl).size()));
    return lines;
  }

  TemporaryFolder folder_;
  FenceConfig config_;
  FakeClock clock_;
  FakeHttpClient http_;
  FakeCommandRunner commands_;
  std::unique_ptr<Fence> fence_;
};

TEST_F(LinodePower, TheWatchdogIsTurnedOffAndReadBackBeforeTheShutdownIsAskedFor) {
  http_.answer(200, instance("running", true));
  http_.answer(200, instance("running", false));
  http_.answer(200, instance("running", false));
  http_.answer(200, "{}");
  ASSERT_TRUE(fence().isolate(soon()));
  EXPECT_THAT(sent(),
              ElementsAre(fmt::format("GET {}", kInstance), fmt::format("PUT {}", kInstance),
                          fmt::format("GET {}", kInstance), fmt::format("POST {}/shutdown", kInstance)));
  EXPECT_EQ(http_.requests()[1].body, R"({"watchdog_enabled":false})");
  EXPECT_EQ(http_.requests()[3].body, "");
}

TEST_F(LinodePower, WhatIsOffOrGoesOffIsNotAskedAgain) {
  for (const char* status : {"offline", "shutting_down"}) {
    FakeHttpClient http;
    http.answer(200, instance(status, false));
    const auto fence = make_fence(config_, {http, commands_, clock_}).value();
    EXPECT_TRUE(fence->isolate(soon())) << status;
    EXPECT_EQ(http.requests().size(), 1u) << status;
  }
}

TEST_F(LinodePower, TheShutdownIsAskedForWhateverBecomesOfTheWatchdog) {
  http_.answer(200, instance("running", true));
  http_.answer(403, R"({"errors":[{"reason":"Unauthorized"}]})");
  http_.answer(200, "{}");
  const Status asked = fence().isolate(soon());
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, ErrorCode::kPermission);
  EXPECT_THAT(sent().back(), HasSubstr("/shutdown"));
}

TEST_F(LinodePower, AWatchdogThatStaysOnIsSaid) {
  http_.answer(200, instance("running", true));
  http_.answer(200, instance("running", true));
  http_.answer(200, instance("running", true));
  http_.answer(200, "{}");
  EXPECT_THAT(fence().isolate(soon()).error().message, HasSubstr("its watchdog is on all the same"));
}

TEST_F(LinodePower, ABusyLinodeIsAskedAgainAndThenItIsSaidThatItIsBusy) {
  http_.answer(200, instance("busy", false));
  http_.answer(400, R"({"errors":[{"reason":"Linode busy."}]})");
  http_.answer(400, R"({"errors":[{"reason":"Linode busy."}]})");
  http_.answer(200, "{}");
  EXPECT_TRUE(fence().isolate(soon()));
  EXPECT_EQ(http_.requests().size(), 4u);

  FakeHttpClient always;
  always.answer(200, instance("busy", false));
  always.answer(400, R"({"errors":[{"reason":"Linode busy."}]})");
  const BootTime begin = clock_.boot_now();
  const Status asked = make_fence(config_, {always, commands_, clock_}).value()->isolate(begin + 1h);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(asked.error().message, HasSubstr("Linode busy."));
  EXPECT_LE(clock_.boot_now() - begin, 3 * config_.timeout) << "other fences wait for this answer";
}

TEST_F(LinodePower, OnlyOfflineWithTheWatchdogOffIsAProof) {
  const auto state_of = [&](const std::string& status, bool watchdog) {
    FakeHttpClient http;
    http.answer(200, instance(status, watchdog));
    return make_fence(config_, {http, commands_, clock_}).value()->proof(soon());
  };
  const FenceProof off = state_of("offline", false);
  EXPECT_EQ(off.state, FenceState::kIsolated);
  EXPECT_EQ(off.grade, "power");
  EXPECT_EQ(off.evidence, "Linode 1111 of shop-us is offline, its watchdog is off");
  EXPECT_EQ(state_of("offline", true).state, FenceState::kNotIsolated) << "Lassie may boot it";
  for (const char* status :
       {"running", "booting", "busy", "rebooting", "shutting_down", "provisioning", "deleting", "migrating",
        "rebuilding", "cloning", "restoring", "stopped", "billing_suspension"})
    EXPECT_EQ(state_of(status, false).state, FenceState::kNotIsolated) << status;
  EXPECT_EQ(state_of("hibernating", false).state, FenceState::kUnknown) << "a word of a later API";
}

TEST_F(LinodePower, EveryFaultOfALookIsUnknownWithTheReason) {
  for (const HttpFault& fault : http_faults()) {
    FakeHttpClient http;
    http.answer(fault.answer);
    const BootTime begin = clock_.boot_now();
    const FenceProof proof = make_fence(config_, {http, commands_, clock_}).value()->proof(begin + 1h);
    EXPECT_EQ(proof.state, FenceState::kUnknown) << fault.name;
    EXPECT_THAT(proof.evidence, HasSubstr("Linode 1111 of shop-us could not be looked at: ")) << fault.name;
    EXPECT_EQ(proof.evidence.find("t0ken"), std::string::npos) << fault.name;
    EXPECT_EQ(proof.read_at, begin) << fault.name;
    EXPECT_LE(clock_.boot_now() - begin, config_.timeout) << fault.name;
  }
}

TEST_F(LinodePower, NoFaultOfAShutdownIsTakenForOneThatWasAccepted) {
  for (const HttpFault& fault : http_faults()) {
    if (fault.name == "AnotherObject") continue;  // whatever a 200 holds, it is accepted; the proof looks
    FakeHttpClient http;
    http.answer(200, instance("running", false));
    http.answer(fault.answer);
    const Status asked = make_fence(config_, {http, commands_, clock_}).value()->isolate(soon());
    EXPECT_FALSE(asked) << fault.name;
  }
}

TEST_F(LinodePower, AMissingTokenFileIsUnknownAndNothingIsSent) {
  config_.provider.text["token_file"] = folder_.file("none");
  EXPECT_EQ(proof().state, FenceState::kUnknown);
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(LinodePower, ALabelIsLookedUpOnceAndComparedEachTime) {
  config_.provider.text.erase("linode_id");
  config_.provider.text["label"] = "db-us";
  http_.answer(200, fmt::format(R"({{"data":[{},{}],"page":1,"pages":1,"results":2}})",
                                instance("running", true, "db-us-2", 1), instance("running", true)));
  http_.answer(200, instance("offline", false));
  http_.answer(200, instance("offline", false));
  http_.answer(200, instance("offline", false, "renamed"));
  EXPECT_EQ(proof().state, FenceState::kIsolated);
  EXPECT_EQ(proof().state, FenceState::kIsolated);
  EXPECT_THAT(sent(), ElementsAre("GET /v4/linode/instances?page=1&page_size=500",
                                  fmt::format("GET {}", kInstance), fmt::format("GET {}", kInstance)));
  EXPECT_EQ(proof().state, FenceState::kUnknown);
}

TEST_F(LinodePower, NothingIsDoneToALinodeWhoseNumberAndLabelDisagree) {
  config_.provider.text["label"] = "db-eu";
  http_.answer(200, instance("running", true));
  const Status asked = fence().isolate(soon());
  ASSERT_FALSE(asked);
  EXPECT_THAT(asked.error().message, HasSubstr("Linode 1111 has the label db-us and not db-eu"));
  EXPECT_EQ(http_.requests().size(), 1u);
}

TEST_F(LinodePower, AnAnswerOfAnotherLinodeIsNoProof) {
  http_.answer(200, instance("offline", false, "db-us", 2222));
  EXPECT_EQ(proof().state, FenceState::kUnknown);
}

TEST_F(LinodePower, ReleaseBootsItAndTurnsTheWatchdogOnAgain) {
  http_.answer(200, instance("offline", false));
  http_.answer(200, "{}");
  http_.answer(200, instance("booting", true));
  http_.answer(200, instance("booting", true));
  ASSERT_TRUE(fence().release(soon()));
  EXPECT_THAT(sent(), ElementsAre(fmt::format("GET {}", kInstance), fmt::format("POST {}/boot", kInstance),
                                  fmt::format("PUT {}", kInstance), fmt::format("GET {}", kInstance)));
  EXPECT_EQ(http_.requests()[2].body, R"({"watchdog_enabled":true})");
}

TEST_F(LinodePower, ReleaseLeavesALinodeAloneThatIsNeitherOffNorOn) {
  http_.answer(200, instance("stopped", false));
  EXPECT_THAT(fence().release(soon()).error().message, HasSubstr("it is stopped"));
  EXPECT_EQ(http_.requests().size(), 1u);
}

TEST_F(LinodePower, ItIsNamedByNumberOrLabelAndNeedsAToken) {
  config_.provider.text.erase("linode_id");
  EXPECT_EQ(refused().message, "line 12: the linode_power fence of shop-us needs 'linode_id' or 'label'");
  config_.provider.text["linode_id"] = "1111";
  config_.provider.text.erase("token_file");
  EXPECT_EQ(refused().message, "line 12: the linode_power fence of shop-us needs 'token_file'");
}

TEST_F(LinodePower, TheEvidenceNamesTheRequestByWhichTheProviderCanFindIt) {
  http_.answer(200, instance("running", false));
  HttpResponse asked;
  asked.status = 200;
  asked.body = "{}";
  asked.headers["x-request-id"] = "8f2a";
  http_.answer(asked);
  http_.answer(200, instance("offline", false));
  ASSERT_TRUE(fence().isolate(soon()));
  EXPECT_EQ(proof().evidence,
            "Linode 1111 of shop-us is offline, its watchdog is off (last change: request 8f2a)");
}

}  // namespace
}  // namespace farshore
