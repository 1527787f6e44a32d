#include "exporter/watch/health_answer.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "common/json/json_value.h"

namespace farshore {
namespace {

constexpr size_t kMaxBodyBytes = size_t{64} << 10;
constexpr size_t kLongestWord = 32;

ApplicationFailure failure_of(ProbeFailure failure) {
  switch (failure) {
    case ProbeFailure::kNone:
      return ApplicationFailure::kNone;
    case ProbeFailure::kRefused:
      return ApplicationFailure::kRefused;
    case ProbeFailure::kTimeout:
      return ApplicationFailure::kTimeout;
    case ProbeFailure::kUnreachable:
      return ApplicationFailure::kUnreachable;
    case ProbeFailure::kDns:
      return ApplicationFailure::kDns;
    case ProbeFailure::kTls:
      return ApplicationFailure::kTls;
    case ProbeFailure::kClosed:
      return ApplicationFailure::kClosed;
    case ProbeFailure::kProtocol:
      return ApplicationFailure::kProtocol;
    case ProbeFailure::kBody:
      return ApplicationFailure::kBody;
    case ProbeFailure::kOther:
      break;
  }
  return ApplicationFailure::kOther;
}

ApplicationFailure failure_of_status(int status) {
  if (status >= 200 && status < 300) return ApplicationFailure::kNone;
  return status >= 300 && status < 400 ? ApplicationFailure::kRedirect : ApplicationFailure::kStatus;
}

// "Not Writable", "NOT-WRITABLE" and "not_writable" are one word.
std::string normal_form(std::string_view word) {
  std::string result;
  for (const char c : word) {
    const bool separates = c == ' ' || c == '-';
    result += separates ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

std::string_view known_word(std::string_view word) {
  if (word.size() > kLongestWord) return "other";
  const std::string normal = normal_form(word);
  const auto* const found = std::ranges::find(kStateWords, normal);
  return found != std::end(kStateWords) ? *found : "other";
}

std::string_view state_of(const JsonValue& body) {
  for (const char* key : {"status", "state"})
    if (const auto word = body.get_string(key)) return known_word(*word);
  return {};
}

bool calls_itself_json(std::string_view content_type) {
  const std::string type = normal_form(content_type.substr(0, content_type.find(';')));
  return type.starts_with("application/json") || type.find("+json") != std::string::npos;
}

}  // namespace

std::string_view to_string(ApplicationFailure failure) {
  switch (failure) {
    case ApplicationFailure::kNone:
      return "";
    case ApplicationFailure::kRefused:
      return "refused";
    case ApplicationFailure::kTimeout:
      return "timeout";
    case ApplicationFailure::kUnreachable:
      return "unreachable";
    case ApplicationFailure::kDns:
      return "dns";
    case ApplicationFailure::kTls:
      return "tls";
    case ApplicationFailure::kClosed:
      return "closed";
    case ApplicationFailure::kProtocol:
      return "protocol";
    case ApplicationFailure::kRedirect:
      return "redirect";
    case ApplicationFailure::kStatus:
      return "status";
    case ApplicationFailure::kBody:
      return "body";
    case ApplicationFailure::kOther:
      break;
  }
  return "other";
}

HealthAnswer judge_health(const ProbeOutcome& outcome) {
  HealthAnswer answer{.failure = failure_of(outcome.failure), .state = {}};
  if (outcome.failure != ProbeFailure::kNone) return answer;
  answer.failure = failure_of_status(outcome.status);
  const bool json = calls_itself_json(outcome.content_type);
  if (!json && !outcome.body.starts_with('{')) return answer;  // "OK" and the like tell no state
  if (const auto body = parse_json(outcome.body, kMaxBodyBytes))
    answer.state = state_of(*body);
  else if (json && answer.failure == ApplicationFailure::kNone)
    answer.failure = ApplicationFailure::kBody;
  return answer;
}

}  // namespace farshore
