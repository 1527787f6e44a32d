#include "actuator/notify/json_post.h"

#include <algorithm>

#include "common/base/secret_file.h"

namespace farshore {
namespace {

constexpr size_t kMostAnswer = size_t{16} << 10;
constexpr size_t kMostReason = 160;

// One printable line of what it said; never a page of HTML.
std::string reason_of(const std::string& body) {
  const std::string line = body.substr(0, std::min(body.find('\n'), kMostReason));
  const bool printable = std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; });
  return line.empty() || !printable || line.starts_with('<') ? "" : ": " + line;
}

// What a person or time may mend is tried again: a token, a rate limit, a server that is down.
ErrorCode code_of(int status) {
  if (status == 401 || status == 403) return ErrorCode::kPermission;
  if (status == 502 || status == 504) return ErrorCode::kUnknown;  // of a proxy: the receiver may have it
  const bool for_now = status == 404 || status == 408 || status == 425 || status == 429;
  return status >= 400 && status < 500 && !for_now ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable;
}

}  // namespace

Result<JsonTarget> json_target(const NotifyConfig& config, const std::string& path) {
  const auto& text = config.provider.text;
  const auto url = text.find("url");
  if (url == text.end() || url->second.empty())
    return fail(ErrorCode::kInvalidArgument, "line {}: notify of kind {} needs 'url'", config.provider.line,
                config.provider.kind);
  JsonTarget target;
  target.url = url->second;
  while (!path.empty() && target.url.ends_with('/')) target.url.pop_back();
  target.url += path;
  if (const auto token = text.find("token_file"); token != text.end()) target.token_file = token->second;
  target.timeout = config.timeout;
  return target;
}

Status post_json(HttpClient& http, const JsonTarget& target, const std::string& body) {
  HttpRequest request;
  request.method = "POST";
  request.url = target.url;
  request.headers["Content-Type"] = "application/json";
  request.body = body;
  request.timeout = target.timeout;
  request.max_response_bytes = kMostAnswer;
  if (!target.token_file.empty()) {
    Result<std::string> token = read_secret_file(target.token_file);
    if (!token) return fail(ErrorCode::kPermission, "{}", token.error().message);
    request.headers["Authorization"] = "Bearer " + *token;
  }
  const Result<HttpResponse> response = http.send(request);
  if (!response) {
    // The address was checked at the start, so what the client dislikes is of the moment.
    Error error = response.error();
    if (error.code == ErrorCode::kInvalidArgument) error.code = ErrorCode::kUnavailable;
    return tl::unexpected(error);
  }
  if (response->status >= 200 && response->status < 300) return {};
  return fail(code_of(response->status), "answers {}{}", response->status, reason_of(response->body));
}

}  // namespace farshore
