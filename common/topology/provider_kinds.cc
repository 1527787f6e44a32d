#include "common/topology/provider_kinds.h"

#include <charconv>

#include "common/topology/address.h"
#include "common/topology/plain_text.h"

namespace farshore {
namespace {

// Of every kind that sends HTTP requests: whom it trusts and through whom it goes.
std::vector<ProviderField> with_http_fields(std::vector<ProviderField> fields) {
  fields.push_back({"ca_file", FieldType::kFile, Need::kOptional});
  fields.push_back({"proxy", FieldType::kBaseUrl, Need::kOptional});
  return fields;
}

// What every kind that speaks to a provider's API understands. actuator/cloud/api_client.h reads them.
std::vector<ProviderField> with_api_fields(std::vector<ProviderField> fields, const std::string& api_url) {
  fields.push_back(
      {"api_url", FieldType::kApiUrl, api_url.empty() ? Need::kRequired : Need::kOptional, api_url});
  return with_http_fields(std::move(fields));
}

const ProviderField kEpochToken{"epoch_token", FieldType::kOnOff, Need::kOptional, "on"};

std::vector<ProviderField> with_linode_fields(std::vector<ProviderField> fields) {
  fields.push_back({"token_file", FieldType::kFile});
  return with_api_fields(std::move(fields), "https://api.linode.com");
}

ProviderField optional_id(const std::string& name) { return {name, FieldType::kId, Need::kOptional}; }

}  // namespace

const std::vector<ProviderKind>& fence_kinds() {
  static const std::vector<ProviderKind> kinds = {
      // The user's own STONITH: `act` isolates, exit 0 of `proof` is the proof. Both are told the cluster,
      // the server and its region through the environment.
      {.kind = "command", .fields = {{"act", FieldType::kCommand}, {"proof", FieldType::kCommand}}},
      // Every process of the instance stopped by examples/fences/ssh/farshore-fence-agent on its host.
      {.kind = "ssh",
       .fields = {{"address", FieldType::kHostPort},
                  {.name = "user", .check = check_login_name},
                  {.name = "identity_file", .type = FieldType::kFile, .check = check_plain_path},
                  {.name = "known_hosts_file", .type = FieldType::kFile, .check = check_plain_path},
                  {.name = "data_directory", .type = FieldType::kFile, .check = check_plain_path},
                  {.name = "unit", .need = Need::kOptional, .check = check_unit_name}}},
      // Akamai (Linode) API v4, /v4/linode/instances: the machine by its number, its label, or both.
      {.kind = "linode_power",
       .fields =
           with_linode_fields({optional_id("linode_id"), {"label", FieldType::kText, Need::kOptional}})},
      // /v4/networking/firewalls: the Cloud Firewall of one; linode_firewall_fence.h says what it is worth.
      {.kind = "linode_firewall",
       .fields = with_linode_fields({optional_id("linode_id"),
                                     {"label", FieldType::kText, Need::kOptional},
                                     optional_id("firewall_id"),
                                     {"open_sessions", FieldType::kText, Need::kOptional, "unknown"}})},
  };
  return kinds;
}

const std::vector<ProviderKind>& traffic_kinds() {
  static const std::vector<ProviderKind> kinds = {
      // PowerDNS Authoritative Server's HTTP API, /api/v1/servers/{server_id}/zones/{zone}.
      {.kind = "powerdns",
       .fields = with_api_fields({{"zone"},
                                  {"server_id", FieldType::kText, Need::kOptional, "localhost"},
                                  {"api_key_file", FieldType::kFile},
                                  kEpochToken},
                                 ""),
       .is_dns = true},
      // Akamai (Linode) API v4, /v4/domains: the domain by number or name, the record by number or by the
      // entry's name and type.
      {.kind = "linode_dns",
       .fields = with_linode_fields({optional_id("domain_id"),
                                     optional_id("record_id"),
                                     {"domain", FieldType::kText, Need::kOptional},
                                     kEpochToken}),
       .is_dns = true},
      // The modes of the back ends behind one port of a NodeBalancer; targets are their addresses.
      {.kind = "linode_nodebalancer",
       .fields = with_linode_fields({{"nodebalancer_id", FieldType::kId}, {"config_id", FieldType::kId}})},
      // Cloudflare's API v4, /client/v4/zones/{zone_id}/dns_records/{record_id}; ids are looked up when not
      // given.
      {.kind = "cloudflare_dns",
       .fields = with_api_fields({{"zone"},
                                  {"zone_id", FieldType::kText, Need::kOptional},
                                  {"record_id", FieldType::kText, Need::kOptional},
                                  {"enterprise", FieldType::kOnOff, Need::kOptional, "off"},
                                  {"token_file", FieldType::kFile},
                                  kEpochToken},
                                 "https://api.cloudflare.com"),
       .is_dns = true},
      // Cloudflare's load balancing, /client/v4/accounts/{account_id}/load_balancers/pools/{pool}. A target
      // is the address of an origin in its region's pool.
      {.kind = "cloudflare_pool",
       .fields = with_api_fields(
           {{"account_id"}, {"pools", FieldType::kRegionMap}, {"token_file", FieldType::kFile}},
           "https://api.cloudflare.com")},
      // Route 53's API of 2013-04-01. Credentials as in ~/.aws/credentials; region: of the signature.
      {.kind = "route53",
       .fields = with_api_fields({{"zone"},
                                  {"zone_id", FieldType::kText, Need::kOptional},
                                  {"credentials_file", FieldType::kFile},
                                  {"profile", FieldType::kText, Need::kOptional, "default"},
                                  {"region", FieldType::kText, Need::kOptional, "us-east-1"},
                                  kEpochToken},
                                 "https://route53.amazonaws.com"),
       .is_dns = true},
      // A signed UPDATE at the primary of the zone (RFC 2136).
      {.kind = "rfc2136",
       .fields = {{"server", FieldType::kHostPort}, {"zone"}, {"key_file", FieldType::kFile}, kEpochToken},
       .is_dns = true},
      // `act` moves, `read` prints the region that is set; both get region and target through the
      // environment.
      {.kind = "command", .fields = {{"act", FieldType::kCommand}, {"read", FieldType::kCommand}}},
  };
  return kinds;
}

bool read_command(MapReader& reader, const std::string& key, Need need, std::vector<std::string>& out) {
  if (!reader.text_list(key, need, out)) return false;
  if (!out.front().starts_with('/')) {
    reader.fault(key, fmt::format("'{}' must begin with an absolute path", key),
                 "commands run without a shell and without a search path");
  }
  return true;
}

const std::vector<ProviderKind>& notify_kinds() {
  static const std::vector<ProviderKind> kinds = {
      // Without `url`: every one of `alertmanagers`.
      {.kind = "alertmanager",
       .fields = with_http_fields({{"url", FieldType::kBaseUrl, Need::kOptional},
                                   {"token_file", FieldType::kFile, Need::kOptional}})},
      {.kind = "grafana",
       .fields = with_http_fields({{"url", FieldType::kUrl}, {"token_file", FieldType::kFile}})},
      // One of `url` and `url_file`.
      {.kind = "webhook",
       .fields = with_http_fields({{"url", FieldType::kUrl, Need::kOptional},
                                   {"url_file", FieldType::kFile, Need::kOptional},
                                   {"token_file", FieldType::kFile, Need::kOptional}})},
  };
  return kinds;
}

namespace {

std::optional<int64_t> parse_id(std::string_view text) {
  int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id < 1) return std::nullopt;
  return id;
}

Status checked(const Result<HostPort>& address) {
  if (!address) return tl::unexpected(address.error());
  return {};
}

void check_value(MapReader& reader, const ProviderField& field, const std::string& value) {
  const auto complain = [&](std::string_view what, const Status& status) {
    // A URL with a path may hold a secret.
    const std::string shown = field.type == FieldType::kUrl ? "what stands there" : quoted_url(value);
    if (!status)
      reader.fault(field.name, fmt::format("{} of '{}' is no {}", shown, field.name, what),
                   status.error().message);
    return status.has_value();
  };
  if (field.type == FieldType::kFile && !value.starts_with('/')) {
    reader.fault(field.name, fmt::format("'{}' must be an absolute path", field.name), "");
    return;
  }
  if (field.type == FieldType::kBaseUrl && !complain("base URL", check_base_url(value))) return;
  if (field.type == FieldType::kApiUrl && !complain("base URL", check_api_url(value))) return;
  if (field.type == FieldType::kUrl && !complain("URL", check_url(value))) return;
  if (field.type == FieldType::kHostPort && !complain("address", checked(parse_host_port(value)))) return;
  if (field.type == FieldType::kOnOff && value != "on" && value != "off") {
    reader.fault(field.name, fmt::format("'{}' of '{}' is neither on nor off", value, field.name), "");
    return;
  }
  if (field.type == FieldType::kId && !parse_id(value)) {
    reader.fault(field.name, fmt::format("'{}' of '{}' is no whole number from 1", value, field.name), "");
    return;
  }
  if (field.check != nullptr)
    if (const Status fit = field.check(value); !fit)
      reader.fault(field.name, fmt::format("'{}' of '{}' is refused", value, field.name),
                   fit.error().message);
}

void read_field(MapReader& reader, const ProviderField& field, ProviderConfig& out) {
  if (field.type == FieldType::kCommand) {
    std::vector<std::string> command;
    if (read_command(reader, field.name, field.need, command)) out.lists[field.name] = std::move(command);
    return;
  }
  if (field.type == FieldType::kRegionMap) {
    const YamlNode* map = reader.map(field.name, field.need);
    if (map == nullptr) return;
    for (const YamlEntry& entry : map->entries) out.maps[field.name][entry.key] = entry.value.scalar;
    return;
  }
  std::string value = field.default_value;
  reader.text(field.name, field.need, value);
  if (value.empty()) return;
  check_value(reader, field, value);
  out.text[field.name] = std::move(value);
}

}  // namespace

const ProviderKind* read_provider(MapReader& reader, const std::vector<ProviderKind>& kinds,
                                  ProviderConfig& out) {
  if (!reader.text("kind", Need::kRequired, out.kind)) return nullptr;
  std::vector<std::string> names;
  for (const ProviderKind& kind : kinds) {
    if (kind.kind == out.kind) {
      for (const ProviderField& field : kind.fields) read_field(reader, field, out);
      return &kind;
    }
    names.push_back(kind.kind);
  }
  reader.fault("kind", fmt::format("unknown kind '{}' of {}", out.kind, reader.what()),
               fmt::format("known kinds: {}", fmt::join(names, ", ")));
  return nullptr;
}

bool proves_by_itself(const ProviderConfig& fence) {
  return fence.kind != "linode_firewall" || text_field(fence, "open_sessions") == "cut";
}

std::string text_field(const ProviderConfig& provider, const std::string& name) {
  const auto found = provider.text.find(name);
  return found == provider.text.end() ? std::string() : found->second;
}

std::optional<int64_t> id_field(const ProviderConfig& provider, const std::string& name) {
  return parse_id(text_field(provider, name));
}

}  // namespace farshore
