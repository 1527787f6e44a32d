#include "actuator/traffic/linode_nodebalancer_traffic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json/json_value.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_dns_resolver.h"
#include "tests/fakes/http_faults.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kUrl = "http://127.0.0.1:1";
constexpr const char* kPort = "/v4/nodebalancers/12/configs/34";
constexpr const char* kOld = "192.168.1.1:5432";
constexpr const char* kNew = "192.168.1.2:5432";

struct Backend {
  int id;
  std::string address, mode, status = "UP";
};

// Holds back ends, writes down every change, and fails as it is told.
class Balancer final : public HttpClient {
 public:
  Result<HttpResponse> send(const HttpRequest& request) override {
    const std::string path = request.url.substr(std::string(kUrl).size());
    if (request.method == "GET" && path == kPort)
      return HttpResponse{200, {}, fmt::format(R"({{"id":34,"check":"{}"}})", check)};
    if (request.method == "GET") return HttpResponse{200, {}, listing()};
    ++changes;
    const int id = std::stoi(path.substr(path.rfind('/') + 1));
    const std::string mode = parse_json(request.body)->get_string("mode").value();
    done.push_back(fmt::format("{} {} {}", request.method, id, mode));
    const bool fails = fault && changes == fails_at;
    if (!fails || fault->acted)
      for (Backend& one : backends)
        if (one.id == id && !deaf) one.mode = mode;
    most_accepting = std::max(most_accepting, std::ranges::count(backends, "accept", &Backend::mode));
    if (fails) return fault->answer;
    return HttpResponse{200, {}, "{}"};
  }

  std::vector<Backend> backends = {
      {1, kOld, "accept"}, {2, kNew, "reject"}, {3, "192.168.1.3:5432", "backup"}};
  std::string check = "http";
  std::optional<HttpFault> fault;
  int fails_at = 1;   // the first change is 1
  bool deaf = false;  // says yes and does nothing
  int changes = 0;
  ptrdiff_t most_accepting = 0;
  std::vector<std::string> done;

 private:
  std::string listing() const {
    std::vector<std::string> texts;
    for (const Backend& one : backends)
      texts.push_back(fmt::format(R"({{"id":{},"address":"{}","mode":"{}","status":"{}"}})", one.id,
                                  one.address, one.mode, one.status));
    return fmt::format(R"({{"data":[{}],"page":1,"pages":1,"results":3}})", fmt::join(texts, ","));
  }
};

class LinodeNodeBalancer : public ::testing::Test {
 protected:
  LinodeNodeBalancer() {
    config_.name = "shop-pool";
    config_.timeout = 5s;
    config_.targets = {{"us-east", kOld}, {"eu-west", kNew}};
    config_.provider.kind = "linode_nodebalancer";
    config_.provider.line = 30;
    config_.provider.text = {{"nodebalancer_id", "12"},
                             {"config_id", "34"},
                             {"api_url", kUrl},
                             {"token_file", folder_.write("token", "t0ken\n")}};
  }
  TrafficSwitch& traffic() {
    if (!traffic_)
      traffic_ = make_traffic_switch(config_, {balancer_, commands_, dns_, clock_, "shop"}).value();
    return *traffic_;
  }
  Status move() { return traffic().point_to("eu-west", 7, soon()); }
  BootTime soon() { return clock_.boot_now() + 20s; }

  TemporaryFolder folder_;
  TrafficConfig config_;
  FakeClock clock_;
  Balancer balancer_;
  FakeCommandRunner commands_;
  FakeDnsResolver dns_;
  std::unique_ptr<TrafficSwitch> traffic_;
};

TEST_F(LinodeNodeBalancer, AllOthersRejectBeforeTheTargetAccepts) {
  EXPECT_EQ(traffic().current(soon()).value(), kOld);
  ASSERT_TRUE(move());
  EXPECT_THAT(balancer_.done, ElementsAre("PUT 1 reject", "PUT 3 reject", "PUT 2 accept"));
  EXPECT_EQ(traffic().current(soon()).value(), kNew);
  EXPECT_TRUE(traffic().observed(soon())->all_answer_only(kNew));
  ASSERT_TRUE(move());
  EXPECT_EQ(balancer_.done.size(), 3u) << "nothing was to be done";
}

TEST_F(LinodeNodeBalancer, ATargetThatIsNotThereLeavesTheOldOneAlone) {
  balancer_.backends.erase(balancer_.backends.begin() + 1);
  const Status moved = move();
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(balancer_.done.empty());
}

TEST_F(LinodeNodeBalancer, AYesThatDidNothingIsNotBelievedAndTheTargetStaysShut) {
  balancer_.deaf = true;
  const Status moved = move();
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kUnknown);
  EXPECT_THAT(balancer_.done, ::testing::Not(::testing::Contains("PUT 2 accept")));
}

TEST_F(LinodeNodeBalancer, NoFaultOfAnyChangeLetsTwoAcceptAtOnce) {
  for (const HttpFault& fault : http_faults()) {
    for (int at = 1; at <= 3; ++at) {
      Balancer balancer;
      balancer.fault = fault;
      balancer.fails_at = at;
      const auto traffic = make_traffic_switch(config_, {balancer, commands_, dns_, clock_, "shop"}).value();
      const Status moved = traffic->point_to("eu-west", 7, soon());
      EXPECT_LE(balancer.most_accepting, 1) << fault.name << " at " << at;
      const bool final = fault.name == "Status401" || fault.name == "Status403";
      EXPECT_EQ(moved.has_value(), !final) << fault.name << " at " << at;
      if (moved) {
        EXPECT_TRUE(traffic->observed(soon())->all_answer_only(kNew)) << fault.name << " at " << at;
      }
    }
  }
}

TEST_F(LinodeNodeBalancer, TwoThatAcceptAreAConflictAndOneThatIsDownDoesNotHold) {
  balancer_.backends[1].mode = "accept";
  EXPECT_EQ(traffic().current(soon()).error().code, ErrorCode::kConflict);
  EXPECT_FALSE(traffic().observed(soon())->all_answer_only(kOld));
  balancer_.backends[1] = {2, kNew, "accept", "DOWN"};
  balancer_.backends[0].mode = balancer_.backends[2].mode = "reject";
  EXPECT_FALSE(traffic().observed(soon())->all_answer_only(kNew));
  balancer_.backends[1].mode = "reject";
  EXPECT_EQ(traffic().current(soon()).error().code, ErrorCode::kNotFound);
}

TEST_F(LinodeNodeBalancer, OneThatDrainsBesideTheTargetIsShut) {
  balancer_.backends = {{1, kOld, "drain"}, {2, kNew, "accept"}};
  EXPECT_EQ(traffic().current(soon()).value(), kNew);
  EXPECT_FALSE(traffic().observed(soon())->all_answer_only(kNew));
  ASSERT_TRUE(move());
  EXPECT_THAT(balancer_.done, ElementsAre("PUT 1 reject"));
  EXPECT_TRUE(traffic().observed(soon())->all_answer_only(kNew));
}

TEST_F(LinodeNodeBalancer, ItIsAskedOnceASecondAndAFailedChangeIsNamed) {
  EXPECT_EQ(traffic().look_pace().first, 1s);
  HttpFault refused{.name = "refused", .answer = HttpResponse{403, {{"x-request-id", "8f2a"}}, ""}};
  balancer_.fault = refused;
  ASSERT_FALSE(move());
  EXPECT_EQ(traffic().receipt().change, "8f2a");
}

TEST_F(LinodeNodeBalancer, WhatWouldGoWrongIsSaidBeforeTheDay) {
  balancer_.check = "connection";
  balancer_.backends.erase(balancer_.backends.begin() + 1);
  EXPECT_THAT(traffic().faults(soon()).value(),
              ElementsAre("it has no back end 192.168.1.2:5432, the target of eu-west",
                          "192.168.1.3:5432 is in mode backup: only accept and reject are safe",
                          HasSubstr("its check is 'connection', which a standby passes")));
}

TEST_F(LinodeNodeBalancer, ItNeedsItsNumbersATokenAndAddressesAsTargets) {
  const auto refused = [&] {
    return make_traffic_switch(config_, {balancer_, commands_, dns_, clock_, "shop"}).error().message;
  };
  config_.targets["us-east"] = "shop-us";
  EXPECT_THAT(refused(), HasSubstr("target 'shop-us' of us-east is no address of a back end"));
  config_.provider.text.erase("token_file");
  EXPECT_THAT(refused(), HasSubstr("needs 'token_file'"));
  config_.provider.text.erase("config_id");
  EXPECT_THAT(refused(), HasSubstr("needs 'config_id'"));
}

}  // namespace
}  // namespace farshore
