// What check-config --live prints and how it ends; what it checks is tested in tests/actuator/check.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "actuator/ctl/ctl.h"
#include "common/cli/command_line.h"
#include "common/json/json_value.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;

// Nobody listens at any of these addresses.
constexpr const char* kDeadTopology = R"(
vantages: {{names: [us-east, eu-west, eu-central], quorum: majority}}
prometheus: {{servers: [{{region: eu-central, url: "http://127.0.0.1:1"}}], quorum: majority}}
alertmanagers: [{{region: eu-central, url: "http://127.0.0.1:1"}}]
exporters: [{{vantage: us-east, address: "127.0.0.1:1"}}, {{vantage: eu-west, address: "127.0.0.1:2"}}, {{vantage: eu-central, address: "127.0.0.1:3"}}]
actuators: [{{address: "127.0.0.1:1"}}]
clusters:
  - name: shop
    servers:
      - {{name: shop-us, region: us-east, conninfo: "host=127.0.0.1 port={0} dbname=postgres user=m", admin: {{user: a, passfile: /nonexistent}}}}
      - {{name: shop-eu, region: eu-west, conninfo: "host=127.0.0.1 port={1} dbname=postgres user=m", admin: {{user: a, passfile: /nonexistent}}}}
    failover: {{mode: approve}}
    fence: [{{kind: command, server: shop-us, act: [/bin/false], proof: [/bin/false]}}]
)";

TEST(CheckConfigLive, PrintsALineForEachCheckWithItsRemedyAndFailsWhenOneFails) {
  const test::TempDir folder("farshore-ctl");
  const std::string file = folder.file("farshore.yml");
  test::write_file(file, fmt::format(kDeadTopology, test::free_port(), test::free_port()));
  FakeHttpClient http;
  std::ostringstream out, err;
  const CtlEnvironment environment{out, err, http, [](const std::string&) { return true; }};
  const auto run = [&](std::vector<const char*> arguments) {
    out.str("");
    arguments.insert(arguments.begin(), "farshorectl");
    return run_ctl(static_cast<int>(arguments.size()), arguments.data(), environment);
  };
  EXPECT_EQ(run({"check-config", file.c_str()}), kExitOk) << err.str();
  EXPECT_EQ(run({"check-config", "--live", file.c_str()}), kExitFailure);
  EXPECT_THAT(out.str(), HasSubstr("valid; clusters 1"));
  EXPECT_THAT(out.str(), HasSubstr("\nfail  shop-us: the monitoring role is not let in: "));
  EXPECT_THAT(out.str(), HasSubstr(" -> start the server, open its network"));
  EXPECT_THAT(out.str(), HasSubstr("\nok    fence shop-us: its proof can be read and says: not isolated\n"));
  EXPECT_THAT(out.str(), HasSubstr("\nwarn  fence shop-eu: there is none"));
  EXPECT_THAT(out.str(), HasSubstr("\nwarn  cluster shop: no traffic is moved"));
  EXPECT_THAT(out.str(), HasSubstr("\n1 ok, 2 warnings, 9 failures\n"));
  EXPECT_EQ(run({"check-config", "--live", "--json", file.c_str()}), kExitFailure);
  const auto shown = parse_json(out.str());
  ASSERT_TRUE(shown) << out.str();
  EXPECT_EQ(shown->get_array("checks")->size(), 12u);
  EXPECT_EQ(shown->get_array("checks")->front().get_string("state"), "fail");
}

}  // namespace
}  // namespace farshore
