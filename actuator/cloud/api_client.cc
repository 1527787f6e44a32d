#include "actuator/cloud/api_client.h"

#include <algorithm>
#include <charconv>

#include "common/base/secret_file.h"
#include "common/topology/provider_kinds.h"

namespace farshore {
namespace {

constexpr nanoseconds kLongestWait = 60s;
constexpr nanoseconds kFirstPause = 100ms;
constexpr nanoseconds kLongestPause = 8s;
constexpr int kMaxAttempts = 5;  // of one call: whoever calls may have something else to look at

std::optional<int64_t> to_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int64_t> number_in(const HttpResponse& response, const std::string& header) {
  const auto found = response.headers.find(header);
  return found == response.headers.end() ? std::nullopt : to_number(found->second);
}

nanoseconds clamp_wait(nanoseconds wait) { return std::clamp<nanoseconds>(wait, 0ns, kLongestWait); }

nanoseconds clamp_seconds(int64_t wait) { return seconds(std::clamp<int64_t>(wait, 0, 60)); }

// r=0;t=30 of draft-ietf-httpapi-ratelimit-headers.
std::optional<int64_t> parameter(std::string_view text, std::string_view name) {
  const size_t at = text.find(fmt::format(";{}=", name));
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + name.size() + 2);
  return to_number(text.substr(0, text.find_first_of(";, ")));
}

// IMF-fixdate of RFC 9110, section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<WallTime> http_date(const std::string& text) {
  std::tm date{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return WallTime(seconds(timegm(&date)));
}

std::string_view path_of(std::string_view url) { return url.substr(0, url.find('?')); }

}  // namespace

ErrorCode code_of(Meaning meaning) {
  switch (meaning) {
    case Meaning::kTryAgain:
    case Meaning::kLater:
      return ErrorCode::kUnavailable;
    case Meaning::kUnsure:
      return ErrorCode::kUnknown;
    case Meaning::kPermission:
      return ErrorCode::kPermission;
    case Meaning::kNotFound:
      return ErrorCode::kNotFound;
    case Meaning::kConflict:
      return ErrorCode::kConflict;
    case Meaning::kDone:
    case Meaning::kInvalid:
      break;
  }
  return ErrorCode::kInvalidArgument;
}

Result<std::string> ApiDialect::read_secret(const std::string& file) const { return read_secret_file(file); }

Status ApiDialect::authorize(HttpRequest& request, const std::string& secret) const {
  request.headers["Authorization"] = "Bearer " + secret;
  return {};
}

Judgement ApiDialect::judge(const HttpResponse& response) const {
  return {judge_status(response.status), one_line(response.body)};
}

Meaning judge_status(int status) {
  if (status >= 200 && status < 300) return Meaning::kDone;
  if (status == 401 || status == 403) return Meaning::kPermission;
  if (status == 404) return Meaning::kNotFound;
  if (status == 429) return Meaning::kTryAgain;
  if (status == 408 || status == 503) return Meaning::kLater;
  if (status == 409) return Meaning::kConflict;
  if (status == 501) return Meaning::kInvalid;
  // A proxy that lost its server, a server that failed half-way, a redirect that nobody follows.
  if (status >= 500 || status < 400) return Meaning::kUnsure;
  return Meaning::kInvalid;
}

std::string one_line(std::string_view text) {
  text = text.substr(0, std::min(text.find_first_of("\r\n"), size_t{160}));
  if (text.starts_with('<')) return {};
  std::string line(text);
  std::ranges::replace_if(line, [](char c) { return c < ' ' || c > '~'; }, '?');
  return line;
}

std::optional<nanoseconds> retry_after(const HttpResponse& response, WallTime now) {
  const auto found = response.headers.find("retry-after");
  if (found == response.headers.end()) return std::nullopt;
  if (const auto wait = to_number(found->second)) return clamp_seconds(*wait);
  if (const auto date = http_date(found->second)) return clamp_wait(*date - now);
  return std::nullopt;
}

std::optional<nanoseconds> rate_limit_pause(const HttpResponse& response, WallTime now) {
  if (number_in(response, "x-ratelimit-remaining") == 0) {
    const auto reset = number_in(response, "x-ratelimit-reset");
    const int64_t second = std::chrono::floor<seconds>(now.time_since_epoch()).count();
    return reset ? clamp_seconds(std::max<int64_t>(*reset, second) - second) : kFirstPause;
  }
  const auto draft = response.headers.find("ratelimit");
  if (draft != response.headers.end() && parameter(draft->second, "r") == 0)
    return clamp_seconds(parameter(draft->second, "t").value_or(1));
  return std::nullopt;
}

ApiSettings api_settings(const ProviderConfig& provider, nanoseconds timeout) {
  return {text_field(provider, "api_url"), text_field(provider, "token_file"),
          text_field(provider, "ca_file"), text_field(provider, "proxy"), timeout};
}

// What came of sending a request once: an answer with what it means, or an error.
struct ApiClient::Attempt {
  std::optional<HttpResponse> response;
  Error error = {};
  bool again = false;  // nothing was done, and the same request may be sent again
  bool later = false;  // it may be sent again, and may have been done all the same
};

ApiClient::ApiClient(HttpClient& http, Clock& clock, ApiSettings settings, const ApiDialect& dialect)
    : http_(http),
      clock_(clock),
      settings_(std::move(settings)),
      dialect_(dialect),
      random_(static_cast<unsigned>(clock.boot_now().time_since_epoch().count())) {}

Result<HttpResponse> ApiClient::look(const std::string& path, BootTime deadline,
                                     const std::map<std::string, std::string>& headers) {
  HttpRequest request;
  request.url = settings_.base_url + path;
  request.headers = headers;
  return send(request, Effect::kNone, deadline);
}

Result<HttpResponse> ApiClient::change(const std::string& method, const std::string& path,
                                       const std::string& body, BootTime deadline, IfDoneTwice twice,
                                       const std::string& content_type) {
  {
    const std::lock_guard lock(mutex_);
    last_request_id_.clear();  // one that is never answered has no name
  }
  HttpRequest request;
  request.method = method;
  request.url = settings_.base_url + path;
  request.headers["Content-Type"] = content_type;
  request.body = body;
  const bool same = method != "POST" || twice == IfDoneTwice::kTheSame;
  return send(request, same ? Effect::kTheSame : Effect::kOnce, deadline);
}

Result<HttpResponse> ApiClient::send(const HttpRequest& request, Effect effect, BootTime deadline) {
  const bool changes = effect != Effect::kNone;
  bool maybe_done = false;
  for (int attempts = 1;; ++attempts) {
    Attempt attempt = try_once(request, deadline);
    if (attempt.response) remember(attempt, changes);
    if (attempt.response && attempt.error.message.empty()) return *std::move(attempt.response);
    maybe_done = changes && (maybe_done || attempt.later);
    const bool unsure = attempt.error.code == ErrorCode::kUnknown;
    // A look changes nothing, so whatever happened to it, nothing took effect.
    if (unsure && !changes) attempt.error.code = ErrorCode::kUnavailable;
    const bool again = attempt.again || (unsure && !changes) || (attempt.later && effect != Effect::kOnce);
    if (again && attempts < kMaxAttempts && wait(pause_after(attempt.response, attempts), deadline)) continue;
    // That the last attempt did nothing says nothing of those before it.
    if (maybe_done && attempt.error.retryable()) attempt.error.code = ErrorCode::kUnknown;
    return tl::unexpected(std::move(attempt.error));
  }
}

ApiClient::Attempt ApiClient::try_once(HttpRequest request, BootTime deadline) {
  BootTime not_before;
  {
    const std::lock_guard lock(mutex_);
    not_before = not_before_;
  }
  const std::string what = fmt::format("{} {} {}", dialect_.provider(), request.method, path_of(request.url));
  const nanoseconds blocked = not_before - clock_.boot_now();
  if (blocked > 0ns && !wait(blocked, deadline))
    return {{}, {ErrorCode::kUnavailable, what + ": it asked to be left alone for now"}, false};
  const nanoseconds left = deadline - clock_.boot_now();
  if (left <= 0ns) return {{}, {ErrorCode::kTimeout, what + ": no time is left"}, false};
  const Result<std::string> secret = dialect_.read_secret(settings_.token_file);
  if (!secret) return {{}, secret.error(), false};
  if (const Status signed_ = dialect_.authorize(request, *secret); !signed_)
    return {{}, signed_.error(), false};
  request.timeout = std::min(left, settings_.timeout);
  request.ca_file = settings_.ca_file;
  request.proxy = settings_.proxy;
  Result<HttpResponse> response = http_.send(request);
  if (!response)
    return {
        {}, response.error(), response.error().code != ErrorCode::kUnknown && response.error().retryable()};
  const Judgement judgement = dialect_.judge(*response);
  if (judgement.meaning == Meaning::kDone) return {*std::move(response)};
  Error error{code_of(judgement.meaning), fmt::format("{} answers {}{}{}", what, response->status,
                                                      judgement.why.empty() ? "" : ": ", judgement.why)};
  return {*std::move(response), std::move(error), judgement.meaning == Meaning::kTryAgain,
          judgement.meaning == Meaning::kLater};
}

nanoseconds ApiClient::pause_after(const std::optional<HttpResponse>& response, int attempts) {
  if (response)
    if (const auto asked = retry_after(*response, clock_.wall_now())) return std::max(*asked, kFirstPause);
  const nanoseconds most = std::min(kLongestPause, kFirstPause * (int64_t{1} << std::min(attempts, 10)));
  const std::lock_guard lock(mutex_);
  return std::uniform_int_distribution<int64_t>(kFirstPause.count() / 2, most.count())(random_) * 1ns;
}

bool ApiClient::wait(nanoseconds pause, BootTime deadline) {
  if (clock_.boot_now() + pause >= deadline) return false;
  return clock_.sleep_for(pause);
}

void ApiClient::remember(const Attempt& attempt, bool changes) {
  const HttpResponse& response = *attempt.response;
  const bool refused_for_now = attempt.again || attempt.later;
  const auto limit = rate_limit_pause(response, clock_.wall_now());
  const auto asked = refused_for_now ? retry_after(response, clock_.wall_now()) : std::nullopt;
  const auto id = response.headers.find(dialect_.request_id_header());
  const BootTime now = clock_.boot_now();
  const std::lock_guard lock(mutex_);
  if (limit) not_before_ = now + *limit;
  // Also for the next caller, when this one has not the time to wait.
  if (asked) not_before_ = std::max(not_before_, now + *asked);
  if (changes) last_request_id_ = id == response.headers.end() ? "" : one_line(id->second);
}

std::string ApiClient::last_request_id() const {
  const std::lock_guard lock(mutex_);
  return last_request_id_;
}

}  // namespace farshore
