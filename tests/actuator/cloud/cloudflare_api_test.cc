#include "actuator/cloud/cloudflare_api.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

std::string refusal(int code, const std::string& message) {
  return fmt::format(
      R"({{"success":false,"errors":[{{"code":{},"message":"{}"}}],"messages":[],"result":null}})", code,
      message);
}

struct Case {
  int status;
  std::string body;
  Meaning meaning;
};

class CloudflareAnswers : public ::testing::TestWithParam<Case> {};

TEST_P(CloudflareAnswers, AreDecidedByTheirCode) {
  const Judgement judgement = CloudflareDialect().judge({GetParam().status, {}, GetParam().body});
  EXPECT_EQ(judgement.meaning, GetParam().meaning) << GetParam().status << " " << GetParam().body;
}

INSTANTIATE_TEST_SUITE_P(
    Codes, CloudflareAnswers,
    ::testing::Values(Case{200, R"({"success":true,"errors":[],"messages":[],"result":{}})", Meaning::kDone},
                      Case{400, refusal(81044, "Record does not exist."), Meaning::kNotFound},
                      Case{400, refusal(81053, "An A, AAAA, or CNAME record exists."), Meaning::kConflict},
                      Case{400, refusal(81054, "A CNAME record exists."), Meaning::kConflict},
                      Case{400, refusal(81057, "The record already exists."), Meaning::kConflict},
                      Case{400, refusal(81058, "An identical record exists."), Meaning::kConflict},
                      Case{400, refusal(7003, "Could not route"), Meaning::kNotFound},
                      Case{400, refusal(6003, "Invalid request headers"), Meaning::kPermission},
                      Case{403, refusal(9109, "Invalid access token"), Meaning::kPermission},
                      Case{403, refusal(10000, "Authentication error"), Meaning::kPermission},
                      Case{400, refusal(10000, "Authentication error"), Meaning::kPermission},
                      Case{429, refusal(10000, "rate limited"), Meaning::kTryAgain},
                      Case{429, refusal(971, "rate limited"), Meaning::kTryAgain},
                      Case{400, refusal(10100, "rate limited"), Meaning::kTryAgain},
                      Case{400, refusal(1004, "DNS Validation Error"), Meaning::kInvalid},
                      Case{500, refusal(81058, "what a server that failed says of it"), Meaning::kUnsure}));

// A refusal with 200 that names a code is that refusal; one that names none may have done anything.
INSTANTIATE_TEST_SUITE_P(
    WithStatus200, CloudflareAnswers,
    ::testing::Values(Case{200, refusal(81058, "An identical record exists."), Meaning::kConflict},
                      Case{200, refusal(1, "odd"), Meaning::kUnsure},
                      Case{200, R"({"success":false})", Meaning::kUnsure},
                      Case{200, R"({"success":"yes"})", Meaning::kUnsure},
                      Case{200, "<html>Welcome</html>", Meaning::kUnsure}, Case{200, "", Meaning::kUnsure},
                      Case{200, "[1]", Meaning::kUnsure}));

INSTANTIATE_TEST_SUITE_P(
    WithoutAnEnvelope, CloudflareAnswers,
    ::testing::Values(Case{520, "<html>Web server is returning an unknown error</html>", Meaning::kUnsure},
                      Case{502, "<html>Bad Gateway</html>", Meaning::kUnsure}, Case{503, "", Meaning::kLater},
                      Case{429, "error code: 1015", Meaning::kTryAgain},
                      Case{403, "<html>blocked</html>", Meaning::kPermission},
                      Case{404, "", Meaning::kNotFound}, Case{302, "", Meaning::kUnsure},
                      Case{501, R"({"success":true})", Meaning::kInvalid}));

TEST(CloudflareApi, TheWordsOfARefusalAreOneBoundedPrintableLine) {
  const Judgement judgement =
      CloudflareDialect().judge({400, {}, refusal(1004, "DNS\\nValidation\\u0000 " + std::string(900, 'x'))});
  EXPECT_EQ(judgement.why.find("1004 DNS"), 0u);
  EXPECT_LE(judgement.why.size(), 160u);
  EXPECT_EQ(judgement.why.find('\n'), std::string::npos);
  EXPECT_EQ(CloudflareDialect().judge({502, {}, "<html>x</html>"}).why, "");
}

TEST(CloudflareApi, AnIdIsThirtyTwoHexadecimalDigits) {
  EXPECT_TRUE(is_cloudflare_id("023e105f4ecef8ad9ca31a8372d0c353"));
  for (const char* text : {"", "023e105f4ecef8ad9ca31a8372d0c35", "023e105f4ecef8ad9ca31a8372d0c3533",
                           "023E105f4ecef8ad9ca31a8372d0c353", "../../../../../../../../../../x/"})
    EXPECT_FALSE(is_cloudflare_id(text)) << text;
}

}  // namespace
}  // namespace farshore
