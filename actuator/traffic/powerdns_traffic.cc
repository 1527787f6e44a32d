#include "actuator/traffic/powerdns_traffic.h"

#include <algorithm>
#include <optional>

#include "actuator/traffic/nameserver_view.h"
#include "actuator/traffic/targets.h"
#include "common/base/secret_file.h"
#include "common/json/json_value.h"
#include "common/json/json_writer.h"
#include "common/topology/address.h"

namespace farshore {
namespace {

constexpr int kAttempts = 4;
constexpr nanoseconds kRetryPause = 50ms;

std::string with_final_dot(const std::string& name) { return name.ends_with('.') ? name : name + "."; }

// One printable line of what the server said: a JSON {"error"} or a plain text; never a page of HTML.
std::string reason_of(const HttpResponse& response) {
  std::string text = response.body;
  if (const auto json = parse_json(response.body))
    if (const auto error = json->get_string("error")) text = *error;
  text = text.substr(0, std::min(text.find('\n'), size_t{160}));
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  const bool page = text.starts_with('<');
  return text.empty() || !printable || page ? "" : ": " + text;
}

// What a status other than success means. Research: the table of measured statuses of 4.7.3.
tl::unexpected<Error> refused(const HttpResponse& response) {
  ErrorCode code = ErrorCode::kInvalidArgument;  // 400, 405, 422: the request or the record is wrong
  if (response.status == 401 || response.status == 403) code = ErrorCode::kPermission;
  if (response.status == 404) code = ErrorCode::kNotFound;
  if (response.status == 409) code = ErrorCode::kConflict;
  if (response.status == 408 || response.status == 429 || response.status >= 500)
    code = ErrorCode::kUnavailable;
  // A proxy that lost its server cannot say whether the request took effect.
  if (response.status == 502 || response.status == 504) code = ErrorCode::kUnknown;
  if (response.status < 400) code = ErrorCode::kUnavailable;
  return fail(code, "PowerDNS answers {}{}", response.status, reason_of(response));
}

struct RecordSet {
  std::vector<std::string> contents;
  int64_t ttl = 0;
};

class PowerDnsTraffic final : public TrafficSwitch {
 public:
  PowerDnsTraffic(const TrafficConfig& config, const TrafficDeps& deps)
      : config_(config),
        deps_(deps),
        record_name_(with_final_dot(config.name)),
        zone_url_(zone_url(config)),
        key_file_(config.provider.text.at("api_key_file")) {}

  const std::string& name() const override { return config_.name; }
  const std::string& kind() const override { return config_.provider.kind; }

  Result<std::string> target_of(const std::string& region) const override {
    return target_for(config_, region);
  }

  Result<std::string> current(BootTime deadline) override {
    const Result<RecordSet> records = read(deadline);
    if (!records) return tl::unexpected(records.error());
    if (records->contents.empty())
      return fail(ErrorCode::kNotFound, "{} has no {} record", config_.name, config_.type);
    if (records->contents.size() > 1)
      return fail(ErrorCode::kConflict, "{} points at {} places at once", config_.name,
                  records->contents.size());
    return records->contents.front();
  }

  Status point_to(const std::string& region, int64_t epoch, BootTime deadline) override {
    const Result<std::string> target = target_for(config_, region);
    if (!target) return tl::unexpected(target.error());
    Status outcome;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      if (attempt > 0 && !pause(deadline)) break;
      const Result<RecordSet> records = read(deadline);
      if (records && points_at(*records, *target)) return {};
      outcome = records ? write(*target, deadline) : Status(tl::unexpected(records.error()));
      if (outcome) outcome = check(*target, deadline);
      if (outcome) return {};
      if (!outcome.error().retryable()) break;
    }
    return wrap(fmt::format("{} to {} for epoch {}", config_.name, region, epoch), outcome.error());
  }

  Result<TrafficView> observed(BootTime deadline) override {
    return ask_nameservers(deps_.dns, deps_.clock, config_, deadline);
  }

 private:
  static std::string zone_url(const TrafficConfig& config) {
    const auto& text = config.provider.text;
    const auto server = text.find("server_id");
    return text.at("api_url") + "/api/v1/servers/" +
           url_encode(server == text.end() ? "localhost" : server->second) + "/zones/" +
           url_encode(with_final_dot(text.at("zone")));
  }

  bool pause(BootTime deadline) {
    if (deps_.clock.boot_now() + kRetryPause >= deadline) return false;
    return deps_.clock.sleep_for(kRetryPause);
  }

  bool points_at(const RecordSet& records, const std::string& target) const {
    return records.contents.size() == 1 && same_target(records.contents.front(), target) &&
           records.ttl == std::chrono::floor<seconds>(config_.ttl).count();
  }

  Result<HttpResponse> send(HttpRequest request, BootTime deadline) {
    const nanoseconds left = deadline - deps_.clock.boot_now();
    if (left <= 0ns) return fail(ErrorCode::kTimeout, "no time left to ask PowerDNS");
    Result<std::string> key = read_secret_file(key_file_);
    if (!key) return tl::unexpected(key.error());
    request.headers["X-API-Key"] = *std::move(key);
    request.timeout = std::min(left, config_.timeout);
    return deps_.http.send(request);
  }

  // Enabled records only: a disabled one is not answered.
  Result<RecordSet> read(BootTime deadline) {
    HttpRequest request;
    request.url =
        zone_url_ + "?rrset_name=" + url_encode(record_name_) + "&rrset_type=" + url_encode(config_.type);
    const Result<HttpResponse> response = send(request, deadline);
    if (!response) return tl::unexpected(looked(response.error()));
    if (response->status != 200) {
      Error error = refused(*response).value();
      return tl::unexpected(looked(error));
    }
    return parse(response->body);
  }

  // A look changes nothing, so whatever happened to it, nothing took effect.
  static Error looked(Error error) {
    if (error.code == ErrorCode::kUnknown) error.code = ErrorCode::kUnavailable;
    return error;
  }

  Result<RecordSet> parse(const std::string& body) const {
    // Something between us and PowerDNS that answers 200 with a page of its own may be gone the next time.
    const auto garbage = [] {
      return fail(ErrorCode::kUnavailable, "the answer is not of the PowerDNS API");
    };
    const auto zone = parse_json(body);
    if (!zone) return garbage();
    const auto sets = zone->get_array("rrsets");
    if (!sets) return garbage();
    RecordSet result;
    for (const JsonValue& set : *sets) {
      const auto set_name = set.get_string("name");
      const auto type = set.get_string("type");
      const auto ttl = set.get_int("ttl");
      const auto records = set.get_array("records");
      if (!set_name || !type || !ttl || !records) return garbage();
      if (!same_target(*set_name, record_name_) || *type != config_.type) continue;
      result.ttl = *ttl;
      for (const JsonValue& record : *records) {
        const auto content = record.get_string("content");
        if (!content) return garbage();
        if (!record.get_bool("disabled").value_or(false)) result.contents.push_back(*content);
      }
    }
    return result;
  }

  Status write(const std::string& target, BootTime deadline) {
    JsonWriter json;
    json.begin_object().array("rrsets").begin_object();
    json.field("name", record_name_).field("type", config_.type);
    json.field("ttl", static_cast<int64_t>(std::chrono::floor<seconds>(config_.ttl).count()));
    json.field("changetype", "REPLACE").array("records").begin_object();
    json.field("content", config_.type == "CNAME" ? with_final_dot(target) : target).field("disabled", false);
    json.end_object().end_array().end_object().end_array().end_object();
    HttpRequest request;
    request.method = "PATCH";
    request.url = zone_url_;
    request.headers["Content-Type"] = "application/json";
    request.body = json.str();
    const Result<HttpResponse> response = send(request, deadline);
    if (!response) return tl::unexpected(response.error());
    if (response->status != 204 && response->status != 200) return refused(*response);
    return {};
  }

  // Accepted is not done: another writer may have come between, or a proxy may have answered for PowerDNS.
  Status check(const std::string& target, BootTime deadline) {
    const Result<RecordSet> records = read(deadline);
    if (!records) return fail(ErrorCode::kUnknown, "written, but not read back: {}", records.error().message);
    if (points_at(*records, target)) return {};
    return fail(ErrorCode::kUnknown, "written, but PowerDNS tells another value");
  }

  const TrafficConfig config_;
  const TrafficDeps deps_;
  const std::string record_name_, zone_url_, key_file_;
};

}  // namespace

Result<std::unique_ptr<TrafficSwitch>> make_powerdns_traffic(const TrafficConfig& config,
                                                             const TrafficDeps& deps) {
  for (const char* key : {"zone", "api_url", "api_key_file"})
    if (!config.provider.text.contains(key) || config.provider.text.at(key).empty())
      return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} of kind powerdns needs '{}'",
                  config.provider.line, config.name, key);
  if (config.type.empty() || config.nameservers.empty())
    return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} needs a record type and nameservers",
                config.provider.line, config.name);
  return std::make_unique<PowerDnsTraffic>(config, deps);
}

}  // namespace farshore
