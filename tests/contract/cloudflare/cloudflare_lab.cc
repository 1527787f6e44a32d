#include "tests/contract/cloudflare/cloudflare_lab.h"

namespace farshore::test {
namespace {

constexpr const char* kSeed = R"({
  "account": "0000000000000000000000000000000a",
  "zones": [{"id": "00000000000000000000000000000033", "name": "farshore.test",
             "records": [{"id": "00000000000000000000000000000044", "type": "A", "name": "orders.farshore.test",
                          "content": "192.0.2.10", "ttl": 60, "comment": "of the shop"},
                         {"id": "00000000000000000000000000000045", "type": "A", "name": "www.farshore.test",
                          "content": "192.0.2.99", "ttl": 60}],
             "load_balancers": [{"id": "0000000000000000000000000000000d", "name": "pool.farshore.test",
                                 "default_pools": ["0000000000000000000000000000000b",
                                                   "0000000000000000000000000000000c"],
                                 "fallback_pool": "0000000000000000000000000000000e"}]}],
  "pools": [{"id": "0000000000000000000000000000000b", "name": "us-east",
             "origins": [{"name": "a", "address": "192.0.2.10", "enabled": true, "weight": 1}]},
            {"id": "0000000000000000000000000000000c", "name": "eu-west", "enabled": false,
             "origins": [{"name": "b", "address": "198.51.100.20", "enabled": true, "weight": 0.5},
                         {"name": "c", "address": "198.51.100.21", "enabled": false, "weight": 0.5}]},
            {"id": "0000000000000000000000000000000e", "name": "sorry",
             "origins": [{"name": "s", "address": "203.0.113.1", "enabled": true, "weight": 1}]}]})";

std::unique_ptr<CloudflareLab>& shared_lab() {
  static std::unique_ptr<CloudflareLab> lab;
  return lab;
}

class StopsTheLab final : public ::testing::Environment {
 public:
  void TearDown() override { shared_lab().reset(); }
};

const auto* const kStopper = ::testing::AddGlobalTestEnvironment(new StopsTheLab);

}  // namespace

CloudflareLab::CloudflareLab()
    : cloud_("cloudflare_cloud.py", {.seed = kSeed, .publish_into = &name_server_, .delay = 100ms}) {}

CloudflareLab& CloudflareLab::shared() {
  if (!shared_lab()) shared_lab() = std::make_unique<CloudflareLab>();
  return *shared_lab();
}

JsonValue CloudflareLab::held(const std::string& path) {
  HttpRequest request;
  request.url = cloud().url() + "/client/v4" + path;
  request.headers["Authorization"] = "Bearer token-of-the-cloud";
  return parse_json(http_->send(request).value().body).value().get("result").value();
}

void CloudflareTest::SetUp() {
  if (const std::string why = contract_missing(); !why.empty()) GTEST_SKIP() << why;
  lab().reset();
}

void CloudflareTest::TearDown() {
  if (contract_missing().empty()) lab().expect_calls(asks_);
}

}  // namespace farshore::test
