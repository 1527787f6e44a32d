#include "common/base/version.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(Version, TextFollowsThePrometheusFamily) {
  const std::string text = version_text("farshore-exporter");
  EXPECT_EQ(text.rfind("farshore-exporter, version " + std::string(kVersion) + " (revision: ", 0), 0U)
      << text;
  EXPECT_NE(text.find("compiler:"), std::string::npos);
  EXPECT_FALSE(kRevision.empty());
}

}  // namespace
}  // namespace farshore
