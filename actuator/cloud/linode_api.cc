#include "actuator/cloud/linode_api.h"

#include "common/json/json_writer.h"

namespace farshore {
namespace {

// A domain holds at most 12,000 records, which are 24 pages of the largest size.
constexpr int kPageSize = 500;
constexpr int64_t kMaxPages = 24;
constexpr const char* kNotOfThisApi = "the answer is not of the Linode API";

// {"errors":[{"reason":"...","field":"..."}]}; `field` only when it is about the input.
std::string reasons_of(const HttpResponse& response, bool& busy) {
  const auto json = parse_json(response.body);
  if (!json) return one_line(response.body);
  const auto errors = json->get_array("errors");
  if (!errors) return {};
  std::string text;
  for (const JsonValue& error : *errors) {
    const auto reason = error.get_string("reason");
    if (!reason) continue;
    busy = busy || *reason == "Linode busy.";
    const auto field = error.find_string("field");
    text += (text.empty() ? "" : "; ") + *reason;
    if (field && *field) text += " (" + **field + ")";
  }
  return one_line(text);
}

bool is_page(const HttpResponse& response) {
  const auto type = response.headers.find("content-type");
  return response.body.starts_with('<') ||
         (type != response.headers.end() && type->second.starts_with("text/html"));
}

class LinodeDialect final : public ApiDialect {
 public:
  std::string provider() const override { return "Linode"; }
  Judgement judge(const HttpResponse& response) const override {
    bool busy = false;
    Judgement judgement{judge_status(response.status), {}};
    if (judgement.meaning == Meaning::kDone) return judgement;
    judgement.why = reasons_of(response, busy);
    if (response.status == 400 && busy) judgement.meaning = Meaning::kTryAgain;
    if (response.status == 400 && is_page(response)) judgement.meaning = Meaning::kLater;
    return judgement;
  }
};

Result<JsonValue> parse_object(const HttpResponse& response, ErrorCode otherwise) {
  auto json = parse_json(response.body);
  if (!json || !json->is_object()) return fail(otherwise, "{}", kNotOfThisApi);
  return std::move(*json);
}

}  // namespace

const ApiDialect& linode_dialect() {
  static const LinodeDialect dialect;
  return dialect;
}

LinodeApi::LinodeApi(HttpClient& http, Clock& clock, const ProviderConfig& provider, nanoseconds timeout)
    : client_(http, clock, api_settings(provider, timeout), linode_dialect()) {}

Result<JsonValue> LinodeApi::get(const std::string& path, BootTime deadline) {
  const auto response = client_.look(path, deadline);
  if (!response) return tl::unexpected(response.error());
  return parse_object(*response, ErrorCode::kUnavailable);
}

Result<std::vector<JsonValue>> LinodeApi::list(const std::string& path, const std::string& filter,
                                               BootTime deadline) {
  std::map<std::string, std::string> headers;
  if (!filter.empty()) headers["X-Filter"] = filter;
  std::vector<JsonValue> items;
  int64_t pages = 1;
  for (int64_t page = 1; page <= pages; ++page) {
    const auto response =
        client_.look(fmt::format("{}?page={}&page_size={}", path, page, kPageSize), deadline, headers);
    if (!response) return tl::unexpected(response.error());
    const auto json = parse_object(*response, ErrorCode::kUnavailable);
    if (!json) return tl::unexpected(json.error());
    auto data = json->get_array("data");
    const auto count = json->get_int("pages");
    if (!data || !count) return fail(ErrorCode::kUnavailable, "{}", kNotOfThisApi);
    if (*count > kMaxPages)
      return fail(ErrorCode::kInvalidArgument, "{} has {} pages, at most {} are read", path, *count,
                  kMaxPages);
    pages = *count;
    items.insert(items.end(), data->begin(), data->end());
  }
  return items;
}

Result<JsonValue> LinodeApi::change(const std::string& method, const std::string& path,
                                    const std::string& body, BootTime deadline, IfDoneTwice twice) {
  const auto response = client_.change(method, path, body, deadline, twice);
  if (!response) return tl::unexpected(response.error());
  return parse_object(*response, ErrorCode::kUnknown);
}

std::string change_named(const LinodeApi& api) {
  const std::string id = api.last_change();
  return id.empty() ? "" : fmt::format(" (last change: request {})", id);
}

std::string linode_filter(const std::string& field, const std::string& text) {
  JsonWriter json;
  json.begin_object().field(field, text).end_object();
  return json.str();
}

}  // namespace farshore
