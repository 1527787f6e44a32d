#include "actuator/cloud/route53_api.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

constexpr std::string_view kFile = R"(# made by hand
[default]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
region = eu-west-1

; the actuator's own
[ farshore ]
aws_access_key_id = ASIAEXAMPLE
aws_secret_access_key = secret=with=signs
aws_session_token = token==

[broken]
aws_access_key_id = AKIDONLY
)";

TEST(AwsCredentials, AProfileIsRead) {
  const auto credentials = parse_aws_credentials(kFile, "default");
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->key_id, "AKIDEXAMPLE");
  EXPECT_EQ(credentials->secret, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  EXPECT_EQ(credentials->session_token, "");
}

TEST(AwsCredentials, TemporaryOnesHaveASessionToken) {
  const auto credentials = parse_aws_credentials(kFile, "farshore");
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->key_id, "ASIAEXAMPLE");
  EXPECT_EQ(credentials->secret, "secret=with=signs");
  EXPECT_EQ(credentials->session_token, "token==");
}

TEST(AwsCredentials, WhatIsMissingIsSaidWithoutShowingWhatIsThere) {
  EXPECT_EQ(parse_aws_credentials(kFile, "other").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(parse_aws_credentials("", "default").error().code, ErrorCode::kInvalidArgument);
  const auto broken = parse_aws_credentials(kFile, "broken");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message.find("AKIDONLY"), std::string::npos);
  const auto bare = parse_aws_credentials("AKIDEXAMPLE\nsecret\n", "default");
  ASSERT_FALSE(bare);
  EXPECT_EQ(bare.error().message.find("secret\n"), std::string::npos);
}

TEST(AwsCredentials, ARequestIsSignedForTheRegionAndCarriesTheSessionToken) {
  const Route53Dialect dialect("us-east-1", "farshore");
  HttpRequest request;
  ASSERT_TRUE(dialect.authorize(request, std::string(kFile)));
  ASSERT_TRUE(request.sigv4);
  EXPECT_EQ(request.sigv4->region, "us-east-1");
  EXPECT_EQ(request.sigv4->service, "route53");
  EXPECT_EQ(request.sigv4->key_id, "ASIAEXAMPLE");
  EXPECT_EQ(request.headers.at("X-Amz-Security-Token"), "token==");
  EXPECT_FALSE(request.headers.contains("Authorization"));
}

std::string error_of(const std::string& code) {
  return R"(<?xml version="1.0"?><ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error>)"
         "<Type>Sender</Type><Code>" +
         code + "</Code><Message>why</Message></Error><RequestId>r</RequestId></ErrorResponse>";
}

constexpr const char* kBadBatch =
    R"(<?xml version="1.0"?><InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages>)"
    "<Message>Tried to delete it, but it was not found</Message><Message>and more</Message></Messages>"
    "<RequestId>r</RequestId></InvalidChangeBatch>";

struct Case {
  int status;
  std::string body;
  Meaning meaning;
};

class Route53Answers : public ::testing::TestWithParam<Case> {};

TEST_P(Route53Answers, AreDecidedByTheirCode) {
  const Judgement judgement =
      Route53Dialect("us-east-1", "default").judge({GetParam().status, {}, GetParam().body});
  EXPECT_EQ(judgement.meaning, GetParam().meaning) << GetParam().status << " " << GetParam().body;
}

INSTANTIATE_TEST_SUITE_P(Codes, Route53Answers,
                         ::testing::Values(Case{200, "<ChangeResourceRecordSetsResponse/>", Meaning::kDone},
                                           Case{400, error_of("Throttling"), Meaning::kTryAgain},
                                           Case{400, error_of("ThrottlingException"), Meaning::kTryAgain},
                                           Case{400, error_of("PriorRequestNotComplete"), Meaning::kTryAgain},
                                           Case{400, error_of("RequestExpired"), Meaning::kTryAgain},
                                           Case{400, error_of("InvalidChangeBatch"), Meaning::kConflict},
                                           Case{400, kBadBatch, Meaning::kConflict},
                                           Case{400, error_of("InvalidInput"), Meaning::kInvalid},
                                           Case{404, error_of("NoSuchHostedZone"), Meaning::kNotFound},
                                           Case{403, error_of("SignatureDoesNotMatch"), Meaning::kPermission},
                                           Case{403, error_of("AccessDenied"), Meaning::kPermission},
                                           Case{400, error_of("IncompleteSignature"), Meaning::kPermission},
                                           Case{503, error_of("ServiceUnavailable"), Meaning::kLater},
                                           Case{500, error_of("InternalFailure"), Meaning::kUnsure},
                                           Case{502, "<html>Bad Gateway</html>", Meaning::kUnsure},
                                           Case{400, "<html>Bad Request</html>", Meaning::kInvalid},
                                           Case{400, "", Meaning::kInvalid},
                                           Case{429, "", Meaning::kTryAgain}));

TEST(Route53Api, BothShapesOfARefusalAreShown) {
  const Route53Dialect dialect("us-east-1", "default");
  EXPECT_EQ(dialect.judge({400, {}, error_of("Throttling")}).why, "Throttling why");
  EXPECT_EQ(dialect.judge({400, {}, kBadBatch}).why,
            "InvalidChangeBatch Tried to delete it, but it was not found; and more");
  EXPECT_EQ(dialect.judge({502, {}, "<html>Bad Gateway</html>"}).why, "");
}

TEST(Route53Api, IdsLoseTheirPrefixAndHoldNothingElse) {
  EXPECT_EQ(bare_route53_id("/hostedzone/Z111").value(), "Z111");
  EXPECT_EQ(bare_route53_id("/change/C222").value(), "C222");
  EXPECT_EQ(bare_route53_id("Z111").value(), "Z111");
  for (const char* text :
       {"", "/hostedzone/", "Z1/../x", "z1", "/hostedzone/Z1%2F", "/hostedzone//hostedzone/Z1"})
    EXPECT_FALSE(bare_route53_id(text)) << text;
}

}  // namespace
}  // namespace farshore
