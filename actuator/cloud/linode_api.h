// Akamai (Linode) API v4, as all Linode providers use it: how its errors read, objects, lists by pages.
// Paths begin with /v4. https://techdocs.akamai.com/linode-api/reference/api
#pragma once

#include <string>
#include <vector>

#include "actuator/cloud/api_client.h"
#include "common/json/json_value.h"

namespace farshore {

// 400 "Linode busy." (another job runs or is queued) says that nothing was done and may be sent again, a 400
// page of HTML (its front) only that it may be later; every other 400 is final.
const ApiDialect& linode_dialect();

// Thread-safe. Errors as ApiClient's; an answer that is not of this API is kUnavailable when it was looked
// for and kUnknown when something was to change.
class LinodeApi {
 public:
  LinodeApi(HttpClient& http, Clock& clock, const ProviderConfig& provider, nanoseconds timeout);

  Result<JsonValue> get(const std::string& path, BootTime deadline);
  // Every page of a list. `filter` is what X-Filter takes, a JSON object, or empty; whoever asks compares
  // again.
  Result<std::vector<JsonValue>> list(const std::string& path, const std::string& filter, BootTime deadline);
  Result<JsonValue> change(const std::string& method, const std::string& path, const std::string& body,
                           BootTime deadline, IfDoneTwice twice = IfDoneTwice::kByMethod);

  std::string last_change() const { return client_.last_request_id(); }

 private:
  ApiClient client_;
};

// For the evidence of a fence: by which name the provider knows the last change; empty when it gave none.
std::string change_named(const LinodeApi& api);

// {"<field>":"<text>"}, for X-Filter.
std::string linode_filter(const std::string& field, const std::string& text);

}  // namespace farshore
