// One Cloudflare account for all tests of this program: a zone that a real PowerDNS answers, and a load
// balancer with a pool for each region. Every call to it is checked by Prism; at the end of each test, and
// before anything of its log is forgotten, no violation may stand in it.
#pragma once

#include <memory>
#include <string>

#include "actuator/traffic/registry.h"
#include "common/json/json_value.h"
#include "tests/contract/cloud.h"
#include "tests/fakes/fake_command_runner.h"

namespace farshore::test {

class CloudflareLab {
 public:
  static constexpr const char* kZone = "00000000000000000000000000000033";
  static constexpr const char* kRecord = "00000000000000000000000000000044";
  static constexpr const char* kAccount = "0000000000000000000000000000000a";
  static constexpr const char* kPoolA = "0000000000000000000000000000000b";
  static constexpr const char* kPoolB = "0000000000000000000000000000000c";

  CloudflareLab();
  static CloudflareLab& shared();  // stopped at the end of the program

  Cloud& cloud() { return cloud_.cloud(); }
  const std::string& url() { return cloud_.url(); }  // through Prism
  std::string nameserver() const { return name_server_.nameserver(); }
  void reset() { cloud_.reset(); }
  void expect_calls(bool made = true) { cloud_.expect_calls(made); }

  TrafficDeps deps() { return {*http_, commands_, *dns_, system_clock(), "shop"}; }
  JsonValue held(const std::string& path);  // the `result` of a GET, unchecked and not in the log
  size_t count(const std::string& method, const std::string& path_part) {
    return cloud_.count(method, path_part);
  }

 private:
  PowerDnsFixture name_server_;
  JudgedCloud cloud_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
  std::unique_ptr<DnsResolver> dns_ = make_dns_resolver(system_clock());
  FakeCommandRunner commands_;
};

// Skips without Prism, begins with the seed, and holds every call against the description at the end.
class CloudflareTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  static CloudflareLab& lab() { return CloudflareLab::shared(); }
  static BootTime soon() { return system_clock().boot_now() + 20s; }
  bool asks_ = true;  // whether the test makes calls
};

}  // namespace farshore::test
