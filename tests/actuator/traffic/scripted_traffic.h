// A traffic switch whose provider answers from a script, and what it was asked. For a provider's own tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "actuator/traffic/registry.h"
#include "tests/actuator/traffic/contract_suite.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_dns_resolver.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/support/temporary_folder.h"

namespace farshore {

class ScriptedTraffic : public ::testing::Test {
 protected:
  TrafficSwitch& traffic() {
    if (!traffic_) traffic_ = make_traffic_switch(config_, {http_, commands_, dns_, clock_, "shop"}).value();
    return *traffic_;
  }
  Status move(int64_t epoch = 7) { return traffic().point_to(TrafficWorld::kRegionB, epoch, soon()); }
  BootTime soon() { return clock_.boot_now() + 20s; }
  // Method and path of each request to http://127.0.0.1:1.
  std::vector<std::string> sent() {
    std::vector<std::string> lines;
    for (const HttpRequest& request : http_.requests())
      lines.push_back(request.method + " " + request.url.substr(std::string("http://127.0.0.1:1").size()));
    return lines;
  }

  TemporaryFolder folder_;
  TrafficConfig config_;  // set by the test's constructor
  FakeClock clock_;
  FakeHttpClient http_;
  FakeCommandRunner commands_;
  FakeDnsResolver dns_;
  std::unique_ptr<TrafficSwitch> traffic_;
};

}  // namespace farshore
