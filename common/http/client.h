// One HTTP request, one answer, within a deadline. Redirects are never followed; bodies are bounded.
// Implementations: make_curl_client() here, a scripted one in tests/fakes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

// AWS Signature Version 4, made by libcurl. Region and service are told, never guessed from the host; the
// query must be in alphabetical order with every parameter written name=value (curl#9717).
struct SigV4 {
  std::string region, service;
  std::string key_id, secret;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::map<std::string, std::string> headers;
  std::string body;
  nanoseconds timeout = 5s;  // connect, send and receive together
  size_t max_response_bytes = size_t{1} << 20;
  std::string ca_file = {};  // PEM; empty = the system's store
  std::string proxy = {};    // http://host:port; empty = none, whatever the environment says
  std::optional<SigV4> sigv4 = {};
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Thread-safe. Errors: kTimeout and kUnavailable when the request cannot have reached the server; kUnknown
// when it may have and no whole answer came (look before repeating it); kInvalidArgument for a bad URL. Any
// status is an answer.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

std::unique_ptr<HttpClient> make_curl_client();

// Percent-encodes everything except unreserved characters (RFC 3986, section 2.3).
std::string url_encode(std::string_view text);

}  // namespace farshore
