// The same files to our reader and to promtool, so that a file which serves other exporters serves ours.
#include <gtest/gtest.h>

#include "tests/common/web/web_config_cases.h"
#include "tests/support/certificates.h"

namespace farshore {
namespace {

TEST(WebConfigBesidePromtool, IsTakenAndRefusedAsTheTableSays) {
  const test::CertificateAuthority ca;
  ca.issue("web");
  test::write_file(ca.folder().file("ca.pem"), test::read_file(ca.certificate()));
  const std::string file = ca.folder().file("web.yml");
  for (const test::WebConfigCase& one : test::kWebConfigCases) {
    test::write_file(file, test::fill(one.text));
    const test::CommandResult result = test::run_command({"promtool", "check", "web-config", file});
    EXPECT_EQ(result.exit_code == 0, one.promtool == test::Promtool::kTakes) << one.text << "\n"
                                                                             << result.output;
    if (one.promtool == test::Promtool::kTooOld) {
      EXPECT_NE(result.output.find("not found in type"), std::string::npos) << one.text << "\n"
                                                                            << result.output;
    }
  }
}

}  // namespace
}  // namespace farshore
