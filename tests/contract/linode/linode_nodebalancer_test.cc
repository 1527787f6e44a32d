#include <gmock/gmock.h>

#include "tests/contract/linode/linode_lab.h"

namespace farshore {
namespace {

constexpr const char* kOld = "192.168.1.1:5432";
constexpr const char* kNew = "192.168.1.2:5432";

class LinodeNodeBalancerContract : public test::LinodeTest {
 protected:
  TrafficSwitch& traffic() {
    if (traffic_) return *traffic_;
    TrafficConfig config;
    config.name = "shop-pool";
    config.timeout = 2s;
    config.targets = {{"us-east", kOld}, {"eu-west", kNew}};
    config.provider.kind = "linode_nodebalancer";
    config.provider.text = {{"nodebalancer_id", "1"},
                            {"config_id", "2"},
                            {"api_url", lab().url()},
                            {"token_file", lab().cloud().token_file()}};
    traffic_ = make_traffic_switch(config, lab().traffic_deps()).value();
    return *traffic_;
  }
  Status move() { return traffic().point_to("eu-west", 7, soon()); }

  std::unique_ptr<TrafficSwitch> traffic_;
};

TEST_F(LinodeNodeBalancerContract, TheOldBackEndRejectsBeforeTheNewOneAccepts) {
  EXPECT_EQ(traffic().current(soon()).value(), kOld);
  ASSERT_TRUE(move());
  EXPECT_EQ(traffic().current(soon()).value(), kNew);
  EXPECT_TRUE(traffic().observed(soon())->all_answer_only(kNew));
  std::vector<std::string> changes;
  for (const test::CloudCall& call : lab().cloud().log())
    if (call.method == "PUT") changes.push_back(call.path + " " + call.body);
  EXPECT_THAT(changes, ::testing::ElementsAre(R"(/v4/nodebalancers/1/configs/2/nodes/3 {"mode":"reject"})",
                                              R"(/v4/nodebalancers/1/configs/2/nodes/4 {"mode":"accept"})"));
  EXPECT_EQ(traffic().faults(soon()).value().size(), 1u) << "its check is 'connection'";
}

TEST_F(LinodeNodeBalancerContract, FaultsThatPassAreOutlived) {
  for (const char* kind : {"reset", "garbage", "timeout_after", "html"}) {
    lab().reset();
    lab().cloud().fault({.method = "PUT",
                         .times = 2,
                         .kind = kind,
                         .with = kind == std::string("timeout_after") ? R"("seconds": 4)" : ""});
    ASSERT_TRUE(move()) << kind;
    EXPECT_EQ(traffic().current(soon()).value(), kNew) << kind;
  }
}

TEST_F(LinodeNodeBalancerContract, OneThatIsDownByItsCheckDoesNotHold) {
  ASSERT_TRUE(move());
  lab().cloud().fault(
      {.method = "GET", .path = "/nodes", .kind = "edit", .with = R"("set": {"data.1.status": "DOWN"})"});
  EXPECT_FALSE(traffic().observed(soon())->all_answer_only(kNew));
}

}  // namespace
}  // namespace farshore
