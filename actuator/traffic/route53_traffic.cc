#include "actuator/traffic/route53_traffic.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "actuator/cloud/route53_api.h"
#include "actuator/traffic/record_traffic.h"
#include "common/base/log.h"
#include "common/topology/address.h"
#include "common/topology/provider_kinds.h"
#include "common/xml/xml_element.h"

namespace farshore {
namespace {

constexpr std::string_view kVersion = "/2013-04-01";
constexpr int kPageSize = 100;
// "Changes generally propagate to all Route 53 name servers within 60 seconds" (Developer Guide, "Editing
// records").
constexpr nanoseconds kPublishedWithin = 60s;
constexpr nanoseconds kFirstPoll = 250ms;
constexpr nanoseconds kPollEvery = 2s;
// Left of the deadline for reading back and for the question to the name servers.
constexpr nanoseconds kReserve = 1500ms;

std::string text_or(const TrafficConfig& config, const std::string& field, const std::string& otherwise) {
  const std::string text = text_field(config.provider, field);
  return text.empty() ? otherwise : text;
}

std::string with_final_dot(const std::string& name) { return name.ends_with('.') ? name : name + "."; }

tl::unexpected<Error> garbage() {
  return fail(ErrorCode::kUnavailable, "the answer is not of the Route 53 API");
}

struct RecordSet {
  std::string name, type;
  int64_t ttl = 0;  // seconds
  std::vector<std::string> values;
  bool simple = true;  // no alias, no routing policy
};

struct Listing {
  std::vector<RecordSet> sets;
  bool truncated = false;
  std::string next_name;
};

// What the last read found, for the write that follows it.
struct Found {
  std::optional<RecordSet> record, token;
  RecordState state;
};

std::optional<int64_t> to_seconds_of_ttl(const std::string& text) {
  constexpr size_t kMaxDigits = 10;
  if (text.empty() || text.size() > kMaxDigits || text.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoll(text);
}

Result<RecordSet> parse_set(const XmlElement& element) {
  RecordSet set{element.text_of("Name"), element.text_of("Type"), 0, {}, true};
  for (const char* mark : {"SetIdentifier", "AliasTarget", "HealthCheckId", "TrafficPolicyInstanceId"})
    set.simple = set.simple && element.child(mark) == nullptr;
  const auto ttl = to_seconds_of_ttl(element.text_of("TTL"));
  const XmlElement* records = element.child("ResourceRecords");
  if (set.name.empty() || set.type.empty() || (set.simple && (!ttl || !records))) return garbage();
  set.ttl = ttl.value_or(0);
  for (const XmlElement& record : records ? records->children : std::vector<XmlElement>{})
    set.values.push_back(record.text_of("Value"));
  return set;
}

Result<Listing> parse_listing(const std::string& body) {
  const auto root = parse_xml(body);
  if (!root || root->name != "ListResourceRecordSetsResponse") return garbage();
  const XmlElement* sets = root->child("ResourceRecordSets");
  if (sets == nullptr) return garbage();
  Listing listing{{}, root->text_of("IsTruncated") == "true", root->text_of("NextRecordName")};
  for (const XmlElement& element : sets->children) {
    auto set = parse_set(element);
    if (!set) return tl::unexpected(set.error());
    listing.sets.push_back(*std::move(set));
  }
  return listing;
}

// The order of the elements is prescribed.
std::string change_xml(std::string_view action, const RecordSet& set) {
  std::string text = fmt::format(
      "<Change><Action>{}</Action><ResourceRecordSet><Name>{}</Name><Type>{}</Type><TTL>{}</"
      "TTL><ResourceRecords>",
      action, xml_escape(set.name), xml_escape(set.type), set.ttl);
  for (const std::string& value : set.values)
    text += "<ResourceRecord><Value>" + xml_escape(value) + "</Value></ResourceRecord>";
  return text + "</ResourceRecords></ResourceRecordSet></Change>";
}

std::string batch_xml(const std::string& comment, const std::string& changes) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ChangeResourceRecordSetsRequest "
         "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Comment>" +
         xml_escape(comment) + "</Comment><Changes>" + changes +
         "</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>";
}

struct ChangeInfo {
  std::string id;
  bool in_sync = false;
};

Result<ChangeInfo> parse_change(const std::string& body) {
  const auto root = parse_xml(body);
  const XmlElement* info = root ? root->child("ChangeInfo") : nullptr;
  if (info == nullptr) return garbage();
  const auto id = bare_route53_id(info->text_of("Id"));
  if (!id) return garbage();
  return ChangeInfo{*id, info->text_of("Status") == "INSYNC"};
}

class Route53Record final : public RecordApi {
 public:
  Route53Record(const TrafficConfig& config, const TrafficDeps& deps)
      : config_(config),
        clock_(deps.clock),
        name_(with_final_dot(config.name)),
        token_name_(with_final_dot(epoch_token_name(config.name))),
        style_(wants_epoch_token(config.provider) ? TokenStyle::kCompared : TokenStyle::kNone),
        dialect_(text_or(config, "region", "us-east-1"), text_or(config, "profile", "default")),
        zone_id_(text_field(config.provider, "zone_id")),
        api_(deps.http, deps.clock, settings_of(config), dialect_) {}

  TokenStyle token_style() const override { return style_; }
  Result<RecordState> read(BootTime deadline) override;
  Status write(const RecordChange& change, BootTime deadline) override;
  nanoseconds settles_within() const override { return kPublishedWithin; }
  std::string last_change() const override {
    const std::lock_guard lock(mutex_);
    return last_change_;
  }

 private:
  static ApiSettings settings_of(const TrafficConfig& config) {
    ApiSettings settings = api_settings(config.provider, config.timeout);
    settings.token_file = text_field(config.provider, "credentials_file");
    return settings;
  }

  Result<std::string> zone_path(BootTime deadline);
  Result<std::string> find_zone(BootTime deadline);
  Result<Listing> list(const std::string& query, BootTime deadline);
  void judge_record(Found& found, const Listing& listing) const;
  Status find_token(Found& found, const Listing& listing, BootTime deadline);
  Result<Found> found_as(const RecordState& seen);
  std::string batch(const Found& found, const RecordChange& change) const;
  void await_in_sync(const std::string& id, BootTime deadline);

  const TrafficConfig config_;
  Clock& clock_;
  const std::string name_, token_name_;
  const TokenStyle style_;
  const Route53Dialect dialect_;
  mutable std::mutex mutex_;
  std::string zone_id_, last_change_;
  Found found_;
  ApiClient api_;
};

// The zone's id never changes, so it is asked for once.
Result<std::string> Route53Record::zone_path(BootTime deadline) {
  std::string known;
  {
    const std::lock_guard lock(mutex_);
    known = zone_id_;
  }
  if (known.empty()) {
    auto id = find_zone(deadline);
    if (!id) return id;
    const std::lock_guard lock(mutex_);
    known = zone_id_ = *std::move(id);
  }
  return fmt::format("{}/hostedzone/{}/rrset", kVersion, known);
}

Result<std::string> Route53Record::find_zone(BootTime deadline) {
  const std::string zone = with_final_dot(text_field(config_.provider, "zone"));
  const auto response = api_.look(
      fmt::format("{}/hostedzonesbyname?dnsname={}&maxitems={}", kVersion, url_encode(zone), kPageSize),
      deadline);
  if (!response) return tl::unexpected(response.error());
  const auto root = parse_xml(response->body);
  const XmlElement* zones = root ? root->child("HostedZones") : nullptr;
  if (zones == nullptr) return garbage();
  std::vector<std::string> ids;
  for (const XmlElement& each : zones->children) {
    const XmlElement* settings = each.child("Config");
    const bool is_private = settings != nullptr && settings->text_of("PrivateZone") == "true";
    const auto id = bare_route53_id(each.text_of("Id"));
    if (!id) return garbage();
    if (!is_private && same_target(each.text_of("Name"), zone)) ids.push_back(*id);
  }
  if (ids.empty())
    return fail(ErrorCode::kNotFound, "the credentials see no public zone {} at Route 53", zone);
  if (ids.size() > 1)
    return fail(ErrorCode::kConflict, "the credentials see {} zones {}: zone_id must say which", ids.size(),
                zone);
  return ids.front();
}

// `query` in alphabetical order, each parameter written name=value: libcurl signs it as it stands.
Result<Listing> Route53Record::list(const std::string& query, BootTime deadline) {
  const auto path = zone_path(deadline);
  if (!path) return tl::unexpected(path.error());
  const auto response = api_.look(*path + "?" + query, deadline);
  if (!response) return tl::unexpected(response.error());
  return parse_listing(response->body);
}

void Route53Record::judge_record(Found& found, const Listing& listing) const {
  RecordState& state = found.state;
  for (const RecordSet& set : listing.sets) {
    if (!same_target(set.name, name_)) continue;
    if (set.type == "CNAME" && config_.type != "CNAME") state.trouble = "a CNAME record is in the way";
    if (set.type != config_.type) continue;
    state.values.insert(state.values.end(), set.values.begin(), set.values.end());
    state.ttl = std::max(state.ttl.value_or(0), set.ttl);
    if (!set.simple)
      state.trouble = "it is an alias or has a routing policy, and only a simple record is switched";
    found.record = set;
  }
}

// A name below another comes after it, so the token is mostly on the same page.
Status Route53Record::find_token(Found& found, const Listing& listing, BootTime deadline) {
  const auto is_token = [this](const RecordSet& set) {
    return set.type == "TXT" && same_target(set.name, token_name_);
  };
  const auto take = [&](const std::vector<RecordSet>& sets) {
    const auto token = std::ranges::find_if(sets, is_token);
    if (token == sets.end()) return false;
    found.token = *token;
    for (const std::string& value : token->values)
      found.state.epoch = std::max(found.state.epoch, parse_epoch_token(value));
    return true;
  };
  if (take(listing.sets) || !listing.truncated) return {};
  const auto more = list(fmt::format("maxitems=1&name={}&type=TXT", url_encode(token_name_)), deadline);
  if (!more) return tl::unexpected(more.error());
  (void)take(more->sets);
  return {};
}

Result<RecordState> Route53Record::read(BootTime deadline) {
  const auto listing = list(fmt::format("maxitems={}&name={}", kPageSize, url_encode(name_)), deadline);
  if (!listing) return tl::unexpected(listing.error());
  if (listing->truncated && same_target(listing->next_name, name_))
    return fail(ErrorCode::kConflict, "{} has over {} record sets", config_.name, kPageSize);
  Found found;
  judge_record(found, *listing);
  if (style_ == TokenStyle::kCompared)
    if (const Status looked = find_token(found, *listing, deadline); !looked)
      return tl::unexpected(looked.error());
  const std::lock_guard lock(mutex_);
  found_ = std::move(found);
  return found_.state;
}

// The record sets that belong to what the caller saw. A read of another thread may have come between.
Result<Found> Route53Record::found_as(const RecordState& seen) {
  const std::lock_guard lock(mutex_);
  if (found_.state.values == seen.values && found_.state.epoch == seen.epoch) return found_;
  return fail(ErrorCode::kConflict, "{} was read again meanwhile and is another", config_.name);
}

std::string Route53Record::batch(const Found& found, const RecordChange& change) const {
  std::string changes;
  if (found.record) changes += change_xml("DELETE", *found.record);
  if (change.epoch && found.token) changes += change_xml("DELETE", *found.token);
  changes += change_xml("CREATE", {name_, config_.type, change.ttl, {change.target}});
  std::string comment = "Farshore";
  if (change.epoch) {
    changes +=
        change_xml("CREATE", {token_name_, "TXT", change.ttl, {'"' + epoch_token_text(*change.epoch) + '"'}});
    comment += ", " + epoch_token_text(*change.epoch);
  }
  return batch_xml(comment, changes);
}

Status Route53Record::write(const RecordChange& change, BootTime deadline) {
  const auto found = found_as(change.seen);
  if (!found) return tl::unexpected(found.error());
  if (found->record && !found->record->simple)
    return fail(ErrorCode::kConflict, "{}: {}", config_.name, found->state.trouble);
  const auto path = zone_path(deadline);
  if (!path) return tl::unexpected(path.error());
  // A batch deletes what was read: once it has taken effect, a second one fails as a whole.
  const auto response = api_.change("POST", *path + "/", batch(*found, change), deadline,
                                    IfDoneTwice::kTheSame, "application/xml");
  const auto accepted = response ? parse_change(response->body) : tl::unexpected(response.error());
  {
    // A change that was not accepted has no id, and its request has one, which AWS's support asks for.
    const std::lock_guard lock(mutex_);
    last_change_ = accepted ? accepted->id : api_.last_request_id();
  }
  if (!response) return tl::unexpected(response.error());
  if (!accepted) return fail(ErrorCode::kUnknown, "{}", accepted.error().message);
  if (!accepted->in_sync) await_in_sync(accepted->id, deadline);
  return {};
}

// Until all name servers have it, or the time is up: what was accepted stays, and the clients' view decides.
void Route53Record::await_in_sync(const std::string& id, BootTime deadline) {
  const BootTime until = deadline - kReserve;
  nanoseconds pause = kFirstPoll;
  std::string why = "PENDING";
  while (clock_.boot_now() + pause < until && clock_.sleep_for(pause)) {
    pause = std::min(pause * 2, kPollEvery);
    const auto response = api_.look(fmt::format("{}/change/{}", kVersion, id), until);
    const auto info = response ? parse_change(response->body) : tl::unexpected(response.error());
    if (info && info->in_sync) return;
    why = info ? "PENDING" : info.error().message;
    if (!info && !info.error().retryable()) break;  // a token without route53:GetChange
  }
  log_warn("change not seen INSYNC", {{"record", config_.name}, {"change", id}, {"why", why}});
}

tl::unexpected<Error> refuse(const TrafficConfig& config, const std::string& why) {
  return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} of kind route53 {}", config.provider.line,
              config.name, why);
}

}  // namespace

Result<std::unique_ptr<TrafficSwitch>> make_route53_traffic(const TrafficConfig& config,
                                                            const TrafficDeps& deps) {
  for (const char* key : {"zone", "api_url", "credentials_file"})
    if (text_field(config.provider, key).empty()) return refuse(config, fmt::format("needs '{}'", key));
  if (const std::string id = text_field(config.provider, "zone_id"); !id.empty() && !is_route53_id(id))
    return refuse(config, "has a 'zone_id' that is not capital letters and digits, without /hostedzone/");
  if (config.type.empty()) return refuse(config, "needs a record type");
  return make_record_traffic(config, deps, std::make_unique<Route53Record>(config, deps));
}

}  // namespace farshore
