// What Route 53's API (REST with XML, version 2013-04-01) has of its own: signed requests, two shapes of
// errors, and codes that decide where the status is 400 for everything.
//
// Source: https://docs.aws.amazon.com/Route53/latest/APIReference/.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "actuator/cloud/api_client.h"

namespace farshore {

struct AwsCredentials {
  std::string key_id, secret;
  std::string session_token;  // of temporary credentials; may be empty
};

// One profile of an AWS credentials file: "[default]", then aws_access_key_id, aws_secret_access_key and
// perhaps aws_session_token, each "name = value"; '#' and ';' begin comments. Errors show nothing of the
// file: kInvalidArgument.
Result<AwsCredentials> parse_aws_credentials(std::string_view text, std::string_view profile);

class Route53Dialect final : public ApiDialect {
 public:
  Route53Dialect(std::string region, std::string profile)
      : region_(std::move(region)), profile_(std::move(profile)) {}
  std::string provider() const override { return "Route 53"; }
  Result<std::string> read_secret(const std::string& file) const override;
  Status authorize(HttpRequest& request, const std::string& secret) const override;
  Judgement judge(const HttpResponse& response) const override;
  std::string request_id_header() const override { return "x-amzn-requestid"; }

 private:
  const std::string region_, profile_;
};

// Hosted zones and changes are named by up to 32 capital letters and digits.
bool is_route53_id(std::string_view text);
// Without the "/hostedzone/" or "/change/" that answers put before it: a slash in the path would break the
// signature. kInvalidArgument when it is no id.
Result<std::string> bare_route53_id(std::string_view text);

}  // namespace farshore
