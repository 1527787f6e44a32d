#include "actuator/traffic/cloudflare_dns_traffic.h"

#include <algorithm>
#include <mutex>

#include "actuator/cloud/cloudflare_api.h"
#include "actuator/traffic/record_traffic.h"
#include "common/json/json_writer.h"
#include "common/topology/address.h"
#include "common/topology/provider_kinds.h"

namespace farshore {
namespace {

constexpr int64_t kAutomaticTtl = 1;  // as the API writes it
constexpr int64_t kAutomaticSeconds = 300;
constexpr int64_t kTokenTtl = 60;
constexpr int64_t kPageSize = 100;

std::string without_final_dot(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  return name;
}

struct Record {
  std::string id, type, content;
  int64_t ttl = 0;  // seconds
  bool proxied = false;
};

Result<Record> parse_record(const JsonValue& json) {
  const auto id = json.get_string("id"), type = json.get_string("type"), content = json.get_string("content");
  const auto ttl = json.get_int("ttl");
  if (!id || !type || !content || !ttl || !is_cloudflare_id(*id)) return not_of_cloudflare();
  // Record types that cannot be proxied may leave it out.
  const bool proxied = json.find("proxied") && json.get_bool("proxied").value_or(true);
  return Record{*id, *type, *content, *ttl == kAutomaticTtl ? kAutomaticSeconds : *ttl, proxied};
}

// What the last read found, for the write that follows it: ids stand in no RecordState.
struct Found {
  std::vector<Record> records;  // of the wanted type
  std::vector<Record> tokens;
  RecordState state;
};

class CloudflareRecord final : public RecordApi {
 public:
  CloudflareRecord(const TrafficConfig& config, const TrafficDeps& deps)
      : config_(config),
        name_(without_final_dot(config.name)),
        style_(wants_epoch_token(config.provider) ? TokenStyle::kApart : TokenStyle::kNone),
        record_id_(text_field(config.provider, "record_id")),
        zone_id_(text_field(config.provider, "zone_id")),
        api_(deps.http, deps.clock, api_settings(config.provider, config.timeout), dialect_) {}

  TokenStyle token_style() const override { return style_; }
  Result<RecordState> read(BootTime deadline) override;
  Status write(const RecordChange& change, BootTime deadline) override;
  Status write_token(const RecordState& seen, int64_t epoch, BootTime deadline) override;
  std::string last_change() const override { return api_.last_request_id(); }
  nanoseconds settles_within() const override { return kCloudflarePublishesWithin; }

 private:
  Result<std::string> zone_id(BootTime deadline);
  Result<std::string> records_path(BootTime deadline);
  Result<std::vector<Record>> list(const std::string& name, BootTime deadline);
  Status judge_records(Found& found, const std::vector<Record>& all) const;
  Result<Found> found_as(const RecordState& seen);
  Status put(const std::vector<Record>& present, const std::string& kept_id, const Record& wanted,
             BootTime deadline);
  std::string body(const std::string& id, const Record& record) const;
  std::string batch_body(const std::vector<Record>& records, const Record& kept, const Record& wanted) const;

  const TrafficConfig config_;
  const std::string name_;
  const TokenStyle style_;
  const std::string record_id_;
  const CloudflareDialect dialect_;
  std::mutex mutex_;
  std::string zone_id_;
  Found found_;
  ApiClient api_;
};

// The zone's id never changes, so it is asked for once.
Result<std::string> CloudflareRecord::zone_id(BootTime deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (!zone_id_.empty()) return zone_id_;
  }
  const std::string zone = without_final_dot(text_field(config_.provider, "zone"));
  const auto response = api_.look("/client/v4/zones?name=" + url_encode(zone) + "&per_page=50", deadline);
  if (!response) return tl::unexpected(response.error());
  const auto result = cloudflare_result(*response);
  if (!result || !result->is_array()) return not_of_cloudflare();
  std::vector<std::string> ids;
  for (const JsonValue& each : result->items()) {
    const auto name = each.get_string("name"), id = each.get_string("id");
    if (!name || !id || !is_cloudflare_id(*id)) return not_of_cloudflare();
    if (same_target(*name, zone)) ids.push_back(*id);
  }
  if (ids.empty()) return fail(ErrorCode::kNotFound, "the token sees no zone {} at Cloudflare", zone);
  if (ids.size() > 1)
    return fail(ErrorCode::kConflict, "the token sees {} zones {}: zone_id must say which", ids.size(), zone);
  const std::lock_guard lock(mutex_);
  zone_id_ = ids.front();
  return zone_id_;
}

Result<std::string> CloudflareRecord::records_path(BootTime deadline) {
  const auto zone = zone_id(deadline);
  if (!zone) return tl::unexpected(zone.error());
  return "/client/v4/zones/" + *zone + "/dns_records";
}

// Of every type: a CNAME or a second address beside the record is not to be overlooked.
Result<std::vector<Record>> CloudflareRecord::list(const std::string& name, BootTime deadline) {
  const auto path = records_path(deadline);
  if (!path) return tl::unexpected(path.error());
  const auto response =
      api_.look(fmt::format("{}?name={}&per_page={}", *path, url_encode(name), kPageSize), deadline);
  if (!response) return tl::unexpected(response.error());
  const auto result = cloudflare_result(*response);
  if (!result || !result->is_array()) return not_of_cloudflare();
  if (result->items().size() >= kPageSize)
    return fail(ErrorCode::kConflict, "{} has {} records or more", name, kPageSize);
  std::vector<Record> records;
  for (const JsonValue& each : result->items()) {
    const auto its_name = each.get_string("name");
    if (!its_name) return not_of_cloudflare();
    if (!same_target(*its_name, name)) continue;
    auto record = parse_record(each);
    if (!record) return tl::unexpected(record.error());
    records.push_back(*std::move(record));
  }
  return records;
}

Status CloudflareRecord::judge_records(Found& found, const std::vector<Record>& all) const {
  for (const Record& record : all) {
    // One proxied address record makes Cloudflare treat all of the name as proxied.
    if (record.proxied) found.state.trouble = "it is proxied: clients get Cloudflare's addresses";
    if (record.type == "CNAME" && config_.type != "CNAME")
      found.state.trouble = "a CNAME of the same name answers in its place";
    if (record.type != config_.type) continue;
    found.records.push_back(record);
    found.state.values.push_back(record.content);
    found.state.ttl = std::max(found.state.ttl.value_or(0), record.ttl);
  }
  const bool configured_is_there =
      std::ranges::any_of(found.records, [this](const Record& record) { return record.id == record_id_; });
  if (record_id_.empty() || configured_is_there) return {};
  return fail(ErrorCode::kNotFound, "record {} is no {} record of {}", record_id_, config_.type, name_);
}

Result<RecordState> CloudflareRecord::read(BootTime deadline) {
  const auto records = list(name_, deadline);
  if (!records) return tl::unexpected(records.error());
  Found found;
  if (const Status judged = judge_records(found, *records); !judged) return tl::unexpected(judged.error());
  if (style_ == TokenStyle::kApart) {
    auto tokens = list(epoch_token_name(name_), deadline);
    if (!tokens) return tl::unexpected(tokens.error());
    std::erase_if(*tokens, [](const Record& token) { return !parse_epoch_token(token.content); });
    for (const Record& token : *tokens)
      found.state.epoch = std::max(found.state.epoch, parse_epoch_token(token.content));
    found.tokens = *std::move(tokens);
  }
  const std::lock_guard lock(mutex_);
  found_ = std::move(found);
  return found_.state;
}

// The ids that belong to what the caller saw. Another read may have come between, of another thread.
Result<Found> CloudflareRecord::found_as(const RecordState& seen) {
  const std::lock_guard lock(mutex_);
  if (found_.state.values == seen.values && found_.state.epoch == seen.epoch) return found_;
  return fail(ErrorCode::kConflict, "{} was read again meanwhile and is another", name_);
}

// Without `id` it makes a record.
std::string CloudflareRecord::body(const std::string& id, const Record& record) const {
  JsonWriter json;
  json.begin_object();
  if (!id.empty()) json.field("id", id);
  json.field("type", record.type);
  json.field("name", record.type == "TXT" ? epoch_token_name(name_) : name_);
  json.field("content", record.content).field("ttl", record.ttl);
  if (record.type != "TXT") json.field("proxied", false);
  return json.end_object().str();
}

// More than one value: what is too much goes in the same database transaction in which the kept one changes.
std::string CloudflareRecord::batch_body(const std::vector<Record>& records, const Record& kept,
                                         const Record& wanted) const {
  JsonWriter json;
  json.begin_object().array("deletes");
  for (const Record& record : records)
    if (record.id != kept.id) json.begin_object().field("id", record.id).end_object();
  json.end_array().array("patches").raw(body(kept.id, wanted)).end_array();
  return json.end_object().str();
}

Status CloudflareRecord::put(const std::vector<Record>& present, const std::string& kept_id,
                             const Record& wanted, BootTime deadline) {
  const auto path = records_path(deadline);
  if (!path) return tl::unexpected(path.error());
  const auto sent = [&] {
    if (present.empty()) return api_.change("POST", *path, body("", wanted), deadline);
    const auto configured = std::ranges::find(present, kept_id, &Record::id);
    const Record& kept = configured == present.end() ? present.front() : *configured;
    if (present.size() == 1) return api_.change("PATCH", *path + "/" + kept.id, body("", wanted), deadline);
    return api_.change("POST", *path + "/batch", batch_body(present, kept, wanted), deadline);
  }();
  if (!sent) return tl::unexpected(sent.error());
  return {};
}

Status CloudflareRecord::write(const RecordChange& change, BootTime deadline) {
  const auto found = found_as(change.seen);
  if (!found) return tl::unexpected(found.error());
  return put(found->records, record_id_,
             {"", config_.type, without_final_dot(change.target), change.ttl, false}, deadline);
}

Status CloudflareRecord::write_token(const RecordState& seen, int64_t epoch, BootTime deadline) {
  const auto found = found_as(seen);
  if (!found) return tl::unexpected(found.error());
  // In quotes, as Cloudflare stores it; without them it warns in its dashboard.
  const std::string text = '"' + epoch_token_text(epoch) + '"';
  return put(found->tokens, "", {"", "TXT", text, kTokenTtl, false}, deadline);
}

tl::unexpected<Error> refuse(const TrafficConfig& config, const std::string& why) {
  return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} of kind cloudflare_dns {}",
              config.provider.line, config.name, why);
}

}  // namespace

Result<std::unique_ptr<TrafficSwitch>> make_cloudflare_dns_traffic(const TrafficConfig& config,
                                                                   const TrafficDeps& deps) {
  for (const char* key : {"zone", "api_url", "token_file"})
    if (text_field(config.provider, key).empty()) return refuse(config, fmt::format("needs '{}'", key));
  for (const char* key : {"zone_id", "record_id"})
    if (const std::string id = text_field(config.provider, key); !id.empty() && !is_cloudflare_id(id))
      return refuse(config, fmt::format("has a '{}' that is not 32 hexadecimal digits", key));
  if (config.type.empty()) return refuse(config, "needs a record type");
  // Refused here and not by Cloudflare on the day.
  const seconds shortest = text_field(config.provider, "enterprise") == "on" ? 30s : 60s;
  if (config.ttl < shortest || config.ttl > 24h)
    return refuse(config, fmt::format("takes a ttl from {} to 86400 s (30 only with enterprise: on)",
                                      shortest.count()));
  return make_record_traffic(config, deps, std::make_unique<CloudflareRecord>(config, deps));
}

}  // namespace farshore
