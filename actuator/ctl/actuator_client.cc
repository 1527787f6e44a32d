#include "actuator/ctl/actuator_client.h"

#include "common/base/secret_file.h"

namespace farshore {
namespace {

constexpr nanoseconds kTimeout = 10s;
constexpr size_t kMaxBody = size_t{16} << 20;  // a thousand runs with their reasons

ErrorCode code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::kPermission;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kConflict;
    default:
      return status >= 400 && status < 500 ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable;
  }
}

Result<JsonValue> read_answer(const HttpResponse& response) {
  Result<JsonValue> body = parse_json(response.body, kMaxBody);
  if (response.status == 200 && body) return body;
  if (response.status == 200) return fail(ErrorCode::kUnavailable, "the answer is not of the actuator's API");
  std::string why;
  if (body)
    if (const auto error = body->get_object("error")) why = error->get_string("message").value_or("");
  if (why.empty()) why = fmt::format("the answer is {}", response.status);
  return tl::unexpected(Error{code_of(response.status), why});
}

}  // namespace

bool is_refusal(ErrorCode code) {
  return code == ErrorCode::kPermission || code == ErrorCode::kNotFound || code == ErrorCode::kConflict ||
         code == ErrorCode::kInvalidArgument;
}

Result<JsonValue> ActuatorClient::get(const std::string& path) { return ask_each("GET", path, ""); }

Result<JsonValue> ActuatorClient::post(const std::string& path, const std::string& body) {
  return ask_each("POST", path, body);
}

Result<JsonValue> ActuatorClient::ask_each(const std::string& method, const std::string& path,
                                           const std::string& body) {
  HttpRequest request;
  request.method = method;
  request.body = body;
  request.timeout = kTimeout;
  request.max_response_bytes = kMaxBody;
  if (method == "POST") request.headers["Content-Type"] = "application/json";
  if (!access_.token_file.empty()) {
    const Result<std::string> token = read_secret_file(access_.token_file);
    // Nobody was asked, so nobody refused.
    if (!token) return fail(ErrorCode::kUnavailable, "{}", token.error().message);
    request.headers["Authorization"] = "Bearer " + *token;
  }
  std::string failures;
  for (const std::string& url : access_.urls) {
    request.url = url + path;
    const Result<HttpResponse> response = http_.send(request);
    if (response) return read_answer(*response);
    failures += fmt::format("{}{}: {}", failures.empty() ? "" : "; ", url, response.error().message);
    // An order that may have arrived is not given again: look first.
    if (method == "POST" && response.error().code == ErrorCode::kUnknown)
      return fail(ErrorCode::kUnknown, "{}: it may have been done, look before you repeat it", failures);
  }
  return fail(ErrorCode::kUnavailable, "no actuator answers: {}", failures);
}

}  // namespace farshore
