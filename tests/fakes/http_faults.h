// What goes wrong between us and a provider's API, one row per fault, as an HttpClient shows it. What is sent
// over real connections for each of them: tests/contract and tests/common/http.
#pragma once

#include <string>
#include <vector>

#include "common/http/client.h"

namespace farshore {

struct HttpFault {
  std::string name;  // for the name of a test
  Result<HttpResponse> answer;
  bool acted = false;  // the server did what it was asked, whatever it answered
};

inline std::vector<HttpFault> http_faults() {
  const auto status = [](int code, std::map<std::string, std::string> headers = {}) {
    return HttpResponse{code, std::move(headers), R"({"error":"as the fault table says"})"};
  };
  const auto page = [](int code) {
    return HttpResponse{code, {{"content-type", "text/html"}}, "<html>bad gateway</html>"};
  };
  const auto none = [](ErrorCode code) -> Result<HttpResponse> { return fail(code, "no answer"); };
  return {
      {"Status401", status(401)},
      {"Status403", status(403)},
      {"Status404", status(404)},
      {"Status408", status(408)},
      {"Status408Acted", status(408), true},
      {"Status409", status(409)},
      {"Status429", status(429)},
      {"Status429RetryAfter", status(429, {{"retry-after", "1"}})},
      {"Status429NegativeRetryAfter", status(429, {{"retry-after", "-3"}})},
      {"Status500", status(500)},
      {"Status500Acted", status(500), true},
      {"Status502Page", page(502)},
      {"Status502PageActed", page(502), true},
      {"Status503", status(503)},
      {"Status503Acted", status(503), true},
      {"Status503RetryAfterActed", status(503, {{"retry-after", "1"}}), true},
      {"TimeoutBefore", none(ErrorCode::kTimeout)},
      {"TimeoutUnsent", none(ErrorCode::kUnknown)},
      {"TimeoutAfterItActed", none(ErrorCode::kUnknown), true},
      {"ResetInTheBody", none(ErrorCode::kUnknown), true},
      {"TlsFailure", none(ErrorCode::kUnavailable)},
      {"Garbage", HttpResponse{200, {}, "{\"half\":"}, true},
      {"AnotherObject", HttpResponse{200, {}, "{\"ready\":true}"}, true},
  };
}

}  // namespace farshore
