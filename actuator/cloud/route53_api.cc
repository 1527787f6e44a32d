#include "actuator/cloud/route53_api.h"

#include <algorithm>
#include <array>

#include "common/base/secret_file.h"
#include "common/xml/xml_element.h"

namespace farshore {
namespace {

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

struct CodeMeaning {
  std::string_view code;
  Meaning meaning;
};

constexpr std::array kCodes{
    CodeMeaning{"Throttling", Meaning::kTryAgain},
    CodeMeaning{"ThrottlingException", Meaning::kTryAgain},
    CodeMeaning{"PriorRequestNotComplete", Meaning::kTryAgain},  // one change at a time for each zone
    CodeMeaning{"RequestExpired", Meaning::kTryAgain},           // each attempt is signed anew
    CodeMeaning{"InvalidChangeBatch", Meaning::kConflict},       // the whole batch was refused
    CodeMeaning{"NoSuchHostedZone", Meaning::kNotFound},
    CodeMeaning{"NoSuchChange", Meaning::kNotFound},
    CodeMeaning{"AccessDenied", Meaning::kPermission},
    CodeMeaning{"AccessDeniedException", Meaning::kPermission},
    CodeMeaning{"ExpiredToken", Meaning::kPermission},
    CodeMeaning{"ExpiredTokenException", Meaning::kPermission},
    CodeMeaning{"IncompleteSignature", Meaning::kPermission},
    CodeMeaning{"InvalidClientTokenId", Meaning::kPermission},
    CodeMeaning{"MissingAuthenticationToken", Meaning::kPermission},
    CodeMeaning{"SignatureDoesNotMatch", Meaning::kPermission},
    CodeMeaning{"UnrecognizedClientException", Meaning::kPermission},
};

struct Refusal {
  std::string code, words;
};

// <ErrorResponse><Error><Code/><Message/></Error></ErrorResponse>, or for a bad batch
// <InvalidChangeBatch><Messages><Message/>...</Messages></InvalidChangeBatch>.
Refusal parse_refusal(const std::string& body) {
  const auto root = parse_xml(body);
  if (!root) return {};
  if (const XmlElement* error = root->child("Error"))
    return {error->text_of("Code"), error->text_of("Message")};
  Refusal refusal{root->name == "InvalidChangeBatch" ? root->name : "", ""};
  if (const XmlElement* messages = root->child("Messages"))
    for (const XmlElement& message : messages->children)
      refusal.words += (refusal.words.empty() ? "" : "; ") + message.text;
  return refusal;
}

}  // namespace

Result<AwsCredentials> parse_aws_credentials(std::string_view text, std::string_view profile) {
  AwsCredentials found;
  bool in_profile = false, seen = false;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      in_profile = line.ends_with(']') && trim(line.substr(1, line.size() - 2)) == profile;
      seen = seen || in_profile;
      continue;
    }
    const size_t equals = line.find('=');
    if (!in_profile || equals == std::string_view::npos) continue;
    const std::string_view name = trim(line.substr(0, equals));
    const std::string value(trim(line.substr(equals + 1)));
    if (name == "aws_access_key_id") found.key_id = value;
    if (name == "aws_secret_access_key") found.secret = value;
    if (name == "aws_session_token") found.session_token = value;
  }
  if (!seen) return fail(ErrorCode::kInvalidArgument, "the credentials file has no profile [{}]", profile);
  if (found.key_id.empty() || found.secret.empty())
    return fail(ErrorCode::kInvalidArgument,
                "profile [{}] of the credentials file lacks aws_access_key_id or aws_secret_access_key",
                profile);
  return found;
}

Result<std::string> Route53Dialect::read_secret(const std::string& file) const {
  return read_secret_lines(file);
}

Status Route53Dialect::authorize(HttpRequest& request, const std::string& secret) const {
  const auto credentials = parse_aws_credentials(secret, profile_);
  if (!credentials) return tl::unexpected(credentials.error());
  request.sigv4 = SigV4{region_, "route53", credentials->key_id, credentials->secret};
  if (!credentials->session_token.empty())
    request.headers["X-Amz-Security-Token"] = credentials->session_token;
  return {};
}

Judgement Route53Dialect::judge(const HttpResponse& response) const {
  if (judge_status(response.status) == Meaning::kDone) return {Meaning::kDone, ""};
  const Refusal refusal = parse_refusal(response.body);
  Judgement judgement{judge_status(response.status), one_line(refusal.code + " " + refusal.words)};
  if (refusal.code.empty()) judgement.why = one_line(response.body);
  const auto* const row = std::ranges::find(kCodes, refusal.code, &CodeMeaning::code);
  // What a server says that failed itself is no more than that.
  if (row != kCodes.end() && response.status < 500) judgement.meaning = row->meaning;
  return judgement;
}

bool is_route53_id(std::string_view text) {
  constexpr size_t kMaxLength = 32;
  return !text.empty() && text.size() <= kMaxLength &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == std::string_view::npos;
}

Result<std::string> bare_route53_id(std::string_view text) {
  for (const std::string_view prefix : {"/hostedzone/", "/change/"})
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  if (!is_route53_id(text)) return fail(ErrorCode::kInvalidArgument, "'{}' is no id", one_line(text));
  return std::string(text);
}

}  // namespace farshore
