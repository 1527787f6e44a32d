#include "actuator/notify/json_post.h"

#include "actuator/cloud/api_client.h"
#include "common/base/secret_file.h"
#include "common/topology/address.h"
#include "common/topology/provider_kinds.h"

namespace farshore {
namespace {

constexpr size_t kMostAnswer = size_t{16} << 10;

// What a person or time may mend is tried again: a token, a rate limit, a server that is down. A conflict is
// no other writer's here: the receiver dislikes what it was told.
ErrorCode refusal_of(Meaning meaning) {
  return meaning == Meaning::kConflict ? ErrorCode::kInvalidArgument : code_of(meaning);
}

size_t begin_of_host(std::string_view url) {
  const size_t scheme = url.find("://");
  return scheme == std::string_view::npos ? 0 : scheme + 3;
}

// Scheme, host and port.
std::string_view origin_of(std::string_view url) {
  return url.substr(0, url.find_first_of("/?#", begin_of_host(url)));
}

// What a message may not tell of the URL: what follows the port. Of one from a file nothing is known, and its
// host is often the secret.
std::string_view secret_part(const JsonTarget& target, std::string_view url) {
  return url.substr(target.url_file.empty() ? origin_of(url).size() : begin_of_host(url));
}

// Whether the text tells anything of it: servers like to repeat the path that they do not know, and may cut
// it short.
bool tells(std::string_view text, std::string_view secret) {
  constexpr size_t kLeast = 4, kEnough = 8;
  constexpr std::string_view kBetween = "/?#&=:";
  std::string_view rest = secret;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find_first_of(kBetween), rest.size());
    // Of a value that is looked for next; a '=' that nothing follows belongs to the value.
    const bool is_name =
        end + 1 < rest.size() && rest[end] == '=' && kBetween.find(rest[end + 1]) == std::string_view::npos;
    if (!is_name && end >= kLeast &&
        text.find(rest.substr(0, std::min(end, kEnough))) != std::string_view::npos)
      return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

std::string words_of(const HttpResponse& response, std::string_view secret) {
  if (tells(response.body, secret)) return "(its words repeat its address and are not shown)";
  return one_line(response.body);
}

// The client names what it asked for.
std::string without_address(const std::string& message, std::string_view secret) {
  if (!tells(message, secret)) return message;
  const size_t at = message.find(": ");
  const std::string reason = at == std::string::npos ? "" : message.substr(at + 2);
  return reason.empty() || tells(reason, secret) ? "it could not be asked" : reason;
}

// The URL as it is now. What its file holds stands in no message.
Result<std::string> url_of(const JsonTarget& target) {
  if (target.url_file.empty()) return target.url;
  Result<std::string> url = read_secret_file(target.url_file);
  if (!url) return fail(ErrorCode::kPermission, "{}", url.error().message);
  if (const Status is_url = check_url(*url); !is_url)
    return fail(ErrorCode::kPermission, "what {} holds is no URL: {}", target.url_file,
                is_url.error().message);
  return url;
}

}  // namespace

std::string receiver_name(const std::string& kind, const JsonTarget& target) {
  return fmt::format("{} {}", kind, target.url_file.empty() ? origin_of(target.url) : target.url_file);
}

Result<JsonTarget> json_target(const NotifyConfig& config, const std::string& path) {
  JsonTarget target;
  target.url = text_field(config.provider, "url");
  target.url_file = text_field(config.provider, "url_file");
  if (target.url.empty() == target.url_file.empty())
    return fail(ErrorCode::kInvalidArgument, "line {}: notify of kind {} needs 'url'", config.provider.line,
                config.provider.kind);
  target.path = path;
  while (!path.empty() && target.url.ends_with('/')) target.url.pop_back();
  target.token_file = text_field(config.provider, "token_file");
  target.ca_file = text_field(config.provider, "ca_file");
  target.proxy = text_field(config.provider, "proxy");
  target.timeout = config.timeout;
  return target;
}

Status post_json(HttpClient& http, const JsonTarget& target, const std::string& body) {
  const Result<std::string> url = url_of(target);
  if (!url) return tl::unexpected(url.error());
  HttpRequest request;
  request.method = "POST";
  request.url = *url + target.path;
  request.headers["Content-Type"] = "application/json";
  request.body = body;
  request.timeout = target.timeout;
  request.ca_file = target.ca_file;
  request.proxy = target.proxy;
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
    error.message = without_address(error.message, secret_part(target, *url));
    return tl::unexpected(error);
  }
  const Meaning meaning = judge_status(response->status);
  if (meaning == Meaning::kDone) return {};
  return fail(refusal_of(meaning), "answers {} {}", response->status,
              words_of(*response, secret_part(target, *url)));
}

}  // namespace farshore
