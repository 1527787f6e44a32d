#include "actuator/notify/json_post.h"

#include "actuator/cloud/api_client.h"
#include "common/base/secret_file.h"

namespace farshore {
namespace {

constexpr size_t kMostAnswer = size_t{16} << 10;

// What a person or time may mend is tried again: a token, a rate limit, a server that is down. A conflict is
// no other writer's here: the receiver dislikes what it was told.
ErrorCode refusal_of(Meaning meaning) {
  return meaning == Meaning::kConflict ? ErrorCode::kInvalidArgument : code_of(meaning);
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
  const Meaning meaning = judge_status(response->status);
  if (meaning == Meaning::kDone) return {};
  return fail(refusal_of(meaning), "answers {} {}", response->status, one_line(response->body));
}

}  // namespace farshore
