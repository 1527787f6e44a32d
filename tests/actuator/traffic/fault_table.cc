#include "tests/actuator/traffic/fault_table.h"

#include "actuator/traffic/registry.h"
#include "tests/actuator/traffic/contract_suite.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_dns_resolver.h"

namespace farshore {
namespace {

// Holds one value, answers as the provider does, and fails as it is told.
class FaultyApi final : public HttpClient {
 public:
  explicit FaultyApi(ProviderAnswers& answers) : answers_(answers) {}

  Result<HttpResponse> send(const HttpRequest& request) override {
    if (request.method == "GET") {
      if (at_looks) return at_looks->answer;
      return HttpResponse{200, {}, answers_.holding(target)};
    }
    ++changes;
    const bool fails = at_first_change && changes == 1;
    if (!fails || at_first_change->acted) target = TrafficWorld::kTargetB;
    if (fails) return at_first_change->answer;
    return HttpResponse{200, {}, answers_.accepted(target)};
  }

  std::optional<HttpFault> at_looks, at_first_change;
  std::string target = TrafficWorld::kTargetA;
  int changes = 0;

 private:
  ProviderAnswers& answers_;
};

// What api_client.h and record_traffic.h promise of every provider.
FaultOutcome usual_outcome(const std::string& fault) {
  using enum ErrorCode;
  const std::map<std::string, FaultOutcome> table = {
      {"Status401", {kPermission, 1, kPermission}},
      {"Status403", {kPermission, 1, kPermission}},
      {"Status404", {kNotFound, 1, kNotFound}},
      {"Status408", {{}, 2}},
      {"Status408Acted", {{}, 2}},        // done twice it is the same
      {"Status409", {{}, 2, kConflict}},  // looked at again, and then it is its turn
      {"Status429", {{}, 2}},
      {"Status429RetryAfter", {{}, 2}},
      {"Status429NegativeRetryAfter", {{}, 2}},
      {"Status500", {{}, 2}},
      {"Status500Acted", {{}, 1}},  // unknown; the look finds that it was done
      {"Status502Page", {{}, 2}},
      {"Status502PageActed", {{}, 1}},
      {"Status503", {{}, 2}},
      {"Status503Acted", {{}, 2}},
      {"Status503RetryAfterActed", {{}, 2}},
      {"TimeoutBefore", {{}, 2, kTimeout}},
      {"TimeoutUnsent", {{}, 2}},
      {"TimeoutAfterItActed", {{}, 1}},
      {"ResetInTheBody", {{}, 1}},
      {"TlsFailure", {{}, 2}},
      {"Garbage", {{}, 1}},
      {"AnotherObject", {{}, 1}},
  };
  return table.at(fault);
}

}  // namespace

TEST_P(FaultTable, AFaultyChangeIsRepeatedOnlyAfterALookAndAFaultyLookNeverSeemsToBeAnAnswer) {
  const std::unique_ptr<ProviderAnswers> answers = GetParam().make();
  const HttpFault fault = http_faults()[GetParam().fault];
  const auto differs = answers->differs();
  const FaultOutcome expected =
      differs.contains(fault.name) ? differs.at(fault.name) : usual_outcome(fault.name);
  FaultyApi api(*answers);
  FakeClock clock;
  FakeCommandRunner commands;
  FakeDnsResolver dns;
  const auto traffic = make_traffic_switch(answers->config(), {api, commands, dns, clock, "shop"}).value();

  api.at_first_change = fault;
  const Status moved = traffic->point_to(TrafficWorld::kRegionB, 7, clock.boot_now() + 20s);
  EXPECT_EQ(moved.has_value(), !expected.move) << (moved ? "" : moved.error().message);
  if (!moved && expected.move) {
    EXPECT_EQ(moved.error().code, *expected.move) << moved.error().message;
  }
  EXPECT_EQ(api.changes, expected.changes);
  EXPECT_EQ(api.target, moved ? TrafficWorld::kTargetB : TrafficWorld::kTargetA);

  api.at_looks = fault;
  const auto look = traffic->current(clock.boot_now() + 20s);
  ASSERT_FALSE(look) << "it said " << *look;
  EXPECT_EQ(look.error().code, expected.look) << look.error().message;
  EXPECT_EQ(look.error().message.find("t0ken"), std::string::npos);
}

}  // namespace farshore
