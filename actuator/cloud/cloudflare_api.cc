#include "actuator/cloud/cloudflare_api.h"

#include <algorithm>
#include <array>
#include <optional>

namespace farshore {
namespace {

struct CodeMeaning {
  int64_t code;
  Meaning meaning;
};

// Only what a code changes about its status. 10000 is left to the status: it comes with 400 and 403 for a bad
// token and with 429 for too many requests.
constexpr std::array kCodes{
    CodeMeaning{971, Meaning::kTryAgain},     // rate limited
    CodeMeaning{10100, Meaning::kTryAgain},   // rate limited
    CodeMeaning{6003, Meaning::kPermission},  // request headers: what a malformed token gives
    CodeMeaning{9109, Meaning::kPermission},  // token not valid, or not from this address
    CodeMeaning{7003, Meaning::kNotFound},    // no route: an id that is none
    CodeMeaning{81044, Meaning::kNotFound},   // record
    CodeMeaning{81053, Meaning::kConflict},   // an address record is there
    CodeMeaning{81054, Meaning::kConflict},   // a CNAME is there
    CodeMeaning{81057, Meaning::kConflict},   // the record exists
    CodeMeaning{81058, Meaning::kConflict},   // an identical record exists
};

std::optional<Meaning> meaning_of(int64_t code, int status) {
  if (code == 10000 && status == 400) return Meaning::kPermission;
  const auto* const row = std::ranges::find(kCodes, code, &CodeMeaning::code);
  return row == kCodes.end() ? std::nullopt : std::optional(row->meaning);
}

// A refusal in JSON says that nothing was done; only the server's own failure leaves that open.
Meaning without_code(int status) {
  const Meaning meaning = judge_status(status);
  return meaning == Meaning::kDone ? Meaning::kUnsure : meaning;
}

}  // namespace

Judgement CloudflareDialect::judge(const HttpResponse& response) const {
  const auto envelope = parse_json(response.body);
  const auto success = envelope ? envelope->get_bool("success") : fail(ErrorCode::kNotFound, "no envelope");
  if (!success) return {without_code(response.status), one_line(response.body)};
  if (*success) {
    const Meaning meaning = judge_status(response.status);
    return {meaning, meaning == Meaning::kDone ? "" : "success, it says"};
  }
  Judgement judgement{without_code(response.status), ""};
  bool decided = response.status == 429 || response.status >= 500;
  const auto errors = envelope->get_array("errors");
  for (const JsonValue& error : errors ? *errors : std::vector<JsonValue>{}) {
    const int64_t code = error.get_int("code").value_or(0);
    judgement.why += fmt::format("{}{} {}", judgement.why.empty() ? "" : "; ", code,
                                 one_line(error.get_string("message").value_or("")));
    const auto meaning = meaning_of(code, response.status);
    if (decided || !meaning) continue;
    judgement.meaning = *meaning;
    decided = true;
  }
  judgement.why = one_line(judgement.why);
  return judgement;
}

Result<JsonValue> cloudflare_result(const HttpResponse& response) {
  const auto envelope = parse_json(response.body);
  if (!envelope) return not_of_cloudflare();
  auto result = envelope->get("result");
  if (!result || result->is_null()) return not_of_cloudflare();
  return result;
}

bool is_cloudflare_id(std::string_view text) {
  constexpr size_t kDigits = 32;
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

tl::unexpected<Error> not_of_cloudflare() {
  return fail(ErrorCode::kUnavailable, "the answer is not of the Cloudflare API");
}

}  // namespace farshore
