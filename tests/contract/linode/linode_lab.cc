#include "tests/contract/linode/linode_lab.h"

#include <filesystem>

namespace farshore::test {
namespace {

constexpr const char* kSeed = R"({
  "domains": [{"id": 33, "domain": "farshore.test",
               "records": [{"id": 44, "type": "A", "name": "orders", "target": "192.0.2.10", "ttl_sec": 30},
                           {"id": 45, "type": "A", "name": "www", "target": "192.0.2.99", "ttl_sec": 30}]}],
  "instances": [{"id": 123, "label": "shop-us"}],
  "firewalls": [{"id": 9, "devices": [{"id": 91, "entity": {"id": 123, "type": "linode"}}],
                 "rules": {"inbound": [{"label": "postgres", "action": "ACCEPT", "protocol": "TCP", "ports": "5432",
                                        "addresses": {"ipv4": ["10.0.0.0/8"]}}],
                           "inbound_policy": "DROP"}}],
  "nodebalancers": [{"id": 1, "configs": [{"id": 2, "nodes": [
      {"id": 3, "address": "192.168.1.1:5432", "label": "shop-us", "mode": "accept"},
      {"id": 4, "address": "192.168.1.2:5432", "label": "shop-eu", "mode": "reject"}]}]}]})";

std::unique_ptr<LinodeLab>& shared_lab() {
  static std::unique_ptr<LinodeLab> lab;
  return lab;
}

class StopsTheLab final : public ::testing::Environment {
 public:
  void TearDown() override { shared_lab().reset(); }
};

const auto* const kStopper = ::testing::AddGlobalTestEnvironment(new StopsTheLab);

}  // namespace

LinodeLab::LinodeLab()
    : cloud_("linode_cloud.py",
             {.seed = kSeed,
              .publish_into = &name_server_,
              .delay = 100ms,
              .arguments = {"--queue-seconds", "0.1", "--job-seconds", "0.3", "--instance",
                            "123=touch " + machine_.file("off") + ",rm -f " + machine_.file("off")}}) {}

LinodeLab& LinodeLab::shared() {
  if (!shared_lab()) shared_lab() = std::make_unique<LinodeLab>();
  return *shared_lab();
}

bool LinodeLab::machine_runs() const { return !std::filesystem::exists(machine_.file("off")); }

void LinodeLab::reset() {
  std::filesystem::remove(machine_.file("off"));
  cloud_.reset();
}

void LinodeTest::SetUp() {
  if (const std::string why = contract_missing(); !why.empty()) GTEST_SKIP() << why;
  lab().reset();
}

void LinodeTest::TearDown() {
  if (contract_missing().empty()) lab().expect_calls(asks_);
}

}  // namespace farshore::test
