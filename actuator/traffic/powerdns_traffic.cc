#include "actuator/traffic/powerdns_traffic.h"

#include "actuator/cloud/api_client.h"
#include "actuator/traffic/record_traffic.h"
#include "common/json/json_value.h"
#include "common/json/json_writer.h"
#include "common/topology/address.h"

namespace farshore {
namespace {

std::string with_final_dot(const std::string& name) { return name.ends_with('.') ? name : name + "."; }

class PowerDnsDialect final : public ApiDialect {
 public:
  std::string provider() const override { return "PowerDNS"; }
  Status authorize(HttpRequest& request, const std::string& secret) const override {
    request.headers["X-API-Key"] = secret;
    return {};
  }
  // Statuses measured on 4.7.3. The reason is a JSON {"error"} with 422 and plain text with the others.
  Judgement judge(const HttpResponse& response) const override {
    Judgement judgement = ApiDialect::judge(response);
    if (const auto json = parse_json(response.body))
      if (const auto error = json->get_string("error")) judgement.why = one_line(*error);
    return judgement;
  }
};

const PowerDnsDialect& dialect() {
  static const PowerDnsDialect instance;
  return instance;
}

ApiSettings settings_of(const TrafficConfig& config) {
  ApiSettings settings = api_settings(config.provider, config.timeout);
  settings.token_file = config.provider.text.at("api_key_file");
  return settings;
}

std::string zone_path(const ProviderConfig& provider) {
  const auto server = provider.text.find("server_id");
  return "/api/v1/servers/" + url_encode(server == provider.text.end() ? "localhost" : server->second) +
         "/zones/" + url_encode(with_final_dot(provider.text.at("zone")));
}

// Something between us and PowerDNS that answers 200 with a page of its own may be gone the next time.
tl::unexpected<Error> garbage() {
  return fail(ErrorCode::kUnavailable, "the answer is not of the PowerDNS API");
}

struct RecordSet {
  std::string type;
  int64_t ttl = 0;
  std::vector<std::string> contents;  // enabled ones: a disabled one is not answered
};

Result<RecordSet> parse_set(const JsonValue& set) {
  const auto type = set.get_string("type");
  const auto ttl = set.get_int("ttl");
  const auto records = set.get_array("records");
  if (!type || !ttl || !records) return garbage();
  RecordSet result{*type, *ttl, {}};
  for (const JsonValue& record : *records) {
    const auto content = record.get_string("content");
    if (!content) return garbage();
    if (!record.get_bool("disabled").value_or(false)) result.contents.push_back(*content);
  }
  return result;
}

void write_set(JsonWriter& json, const std::string& name, const std::string& type, int64_t ttl,
               const std::string& content) {
  json.begin_object().field("name", name).field("type", type).field("ttl", ttl);
  json.field("changetype", "REPLACE").array("records").begin_object();
  json.field("content", content).field("disabled", false);
  json.end_object().end_array().end_object();
}

class PowerDnsRecord final : public RecordApi {
 public:
  PowerDnsRecord(const TrafficConfig& config, const TrafficDeps& deps)
      : type_(config.type),
        name_(with_final_dot(config.name)),
        zone_path_(zone_path(config.provider)),
        style_(wants_epoch_token(config.provider) ? TokenStyle::kTogether : TokenStyle::kNone),
        api_(deps.http, deps.clock, settings_of(config), dialect()) {}

  TokenStyle token_style() const override { return style_; }

  Result<RecordState> read(BootTime deadline) override {
    RecordState state;
    const auto sets = sets_of(name_, deadline);
    if (!sets) return tl::unexpected(sets.error());
    for (const RecordSet& set : *sets) {
      if (set.type == type_) {
        state.values = set.contents;
        state.ttl = set.ttl;
      } else if (set.type == "CNAME" && !set.contents.empty()) {
        state.trouble = "a CNAME record to " + set.contents.front() + " is in the way";
      }
    }
    if (style_ == TokenStyle::kNone) return state;
    const auto tokens = sets_of(epoch_token_name(name_), deadline);
    if (!tokens) return tl::unexpected(tokens.error());
    for (const RecordSet& set : *tokens)
      if (set.type == "TXT" && set.contents.size() == 1)
        state.epoch = parse_epoch_token(set.contents.front());
    return state;
  }

  Status write(const RecordChange& change, BootTime deadline) override {
    JsonWriter json;
    json.begin_object().array("rrsets");
    write_set(json, name_, type_, change.ttl,
              type_ == "CNAME" ? with_final_dot(change.target) : change.target);
    if (change.epoch)
      write_set(json, epoch_token_name(name_), "TXT", change.ttl,
                '"' + epoch_token_text(*change.epoch) + '"');
    json.end_array().end_object();
    const auto response = api_.change("PATCH", zone_path_, json.str(), deadline);
    return response ? Status() : tl::unexpected(response.error());
  }

 private:
  Result<std::vector<RecordSet>> sets_of(const std::string& name, BootTime deadline) {
    const auto response = api_.look(zone_path_ + "?rrset_name=" + url_encode(name), deadline);
    if (!response) return tl::unexpected(response.error());
    const auto zone = parse_json(response->body);
    if (!zone) return garbage();
    const auto sets = zone->get_array("rrsets");
    if (!sets) return garbage();
    std::vector<RecordSet> found;
    for (const JsonValue& each : *sets) {
      const auto owner = each.get_string("name");
      auto set = parse_set(each);
      if (!owner || !set) return garbage();
      if (same_target(*owner, name)) found.push_back(*std::move(set));
    }
    return found;
  }

  const std::string type_, name_, zone_path_;
  const TokenStyle style_;
  ApiClient api_;
};

}  // namespace

Result<std::unique_ptr<TrafficSwitch>> make_powerdns_traffic(const TrafficConfig& config,
                                                             const TrafficDeps& deps) {
  for (const char* key : {"zone", "api_url", "api_key_file"})
    if (!config.provider.text.contains(key) || config.provider.text.at(key).empty())
      return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} of kind powerdns needs '{}'",
                  config.provider.line, config.name, key);
  if (config.type.empty())
    return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} needs a record type", config.provider.line,
                config.name);
  return make_record_traffic(config, deps, std::make_unique<PowerDnsRecord>(config, deps));
}

}  // namespace farshore
