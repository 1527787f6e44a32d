// A client of the clouds that knows nothing of them, and what their name server says.
#pragma once

#include <stdexcept>
#include <string>

#include "common/dns/resolver.h"
#include "common/http/client.h"
#include "common/json/json_value.h"
#include "tests/support/powerdns_server.h"

namespace farshore::test {

class Caller {
 public:
  // `header` is what it shows to be let in: {"Authorization", "Bearer ..."}.
  explicit Caller(std::pair<std::string, std::string> header) : header_(std::move(header)) {}

  Result<HttpResponse> send(const std::string& method, const std::string& url, const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    request.url = url;
    request.body = body;
    request.headers.insert(header_);
    if (!body.empty()) request.headers["Content-Type"] = "application/json";
    request.timeout = 3s;
    return http_->send(request);
  }
  HttpResponse call(const std::string& method, const std::string& url, const std::string& body = "") {
    const auto answer = send(method, url, body);
    if (!answer) throw std::runtime_error(answer.error().message);
    return *answer;
  }

 private:
  std::pair<std::string, std::string> header_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
};

// The first answer to a question for an address; "" = none.
inline std::string address_of(const PowerDnsFixture& server, const std::string& name) {
  const auto answer =
      make_dns_resolver(system_clock())->ask(server.nameserver(), name, "A", system_clock().boot_now() + 5s);
  return answer && !answer->answers.empty() ? answer->answers.front().data : "";
}

}  // namespace farshore::test
