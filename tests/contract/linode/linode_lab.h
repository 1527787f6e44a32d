// One Linode account for all tests of this program: records that a real PowerDNS answers, a Linode whose
// power is a file, a NodeBalancer. Every call to it is checked by Prism; at the end of each test, and
// before anything of its log is forgotten, no violation may stand in it.
#pragma once

#include <memory>
#include <string>

#include "actuator/fence/registry.h"
#include "actuator/traffic/registry.h"
#include "tests/contract/cloud.h"
#include "tests/fakes/fake_command_runner.h"

namespace farshore::test {

class LinodeLab {
 public:
  LinodeLab();
  static LinodeLab& shared();  // stopped at the end of the program

  Cloud& cloud() { return cloud_.cloud(); }
  const std::string& url() { return cloud_.url(); }  // through Prism
  std::string nameserver() const { return name_server_.nameserver(); }
  bool machine_runs() const;
  void reset();
  void expect_calls(bool made = true) { cloud_.expect_calls(made); }

  TrafficDeps traffic_deps() { return {*http_, commands_, *dns_, system_clock(), "shop"}; }
  FenceDeps fence_deps() { return {*http_, commands_, system_clock(), "shop", "us-east"}; }
  size_t count(const std::string& method, const std::string& path_part) {
    return cloud_.count(method, path_part);
  }

 private:
  TempDir machine_;
  PowerDnsFixture name_server_;
  JudgedCloud cloud_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
  std::unique_ptr<DnsResolver> dns_ = make_dns_resolver(system_clock());
  FakeCommandRunner commands_;
};

// Skips without Prism, begins with the seed, and holds every call against the description at the end.
class LinodeTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  static LinodeLab& lab() { return LinodeLab::shared(); }
  static BootTime soon() { return system_clock().boot_now() + 20s; }
  bool asks_ = true;  // whether the test makes calls
};

}  // namespace farshore::test
