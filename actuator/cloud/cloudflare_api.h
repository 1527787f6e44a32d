// What Cloudflare's API v4 has in common for all that is switched there.
//
// Source: https://developers.cloudflare.com/api/. Every answer is an envelope {success, errors[{code,
// message}], result}; the status is mostly 400, so the codes decide. `success` may be false with a status of
// 200.
#pragma once

#include <string>
#include <string_view>

#include "actuator/cloud/api_client.h"
#include "common/json/json_value.h"

namespace farshore {

// Until what it accepted is answered at its edge. It promises no figure: its staff says a minute or less, and
// it has been measured in seconds (https://blog.cloudflare.com/dns-build-improvement/).
inline constexpr nanoseconds kCloudflarePublishesWithin = 60s;

class CloudflareDialect final : public ApiDialect {
 public:
  std::string provider() const override { return "Cloudflare"; }
  Judgement judge(const HttpResponse& response) const override;
  std::string request_id_header() const override { return "cf-ray"; }
};

// The `result` of an answer that CloudflareDialect judged done. kUnavailable when it is none.
Result<JsonValue> cloudflare_result(const HttpResponse& response);

// Zones, records, accounts and pools are named by 32 hexadecimal digits.
bool is_cloudflare_id(std::string_view text);

// kUnavailable: an answer without the members that the API promises.
tl::unexpected<Error> not_of_cloudflare();

}  // namespace farshore
