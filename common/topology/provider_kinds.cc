#include "common/topology/provider_kinds.h"

#include "common/topology/address.h"
#include "common/topology/plain_text.h"

namespace farshore {
namespace {

// What every kind that speaks to a provider's API understands. actuator/cloud/api_client.h reads them.
std::vector<ProviderField> with_api_fields(std::vector<ProviderField> fields, const std::string& api_url) {
  fields.push_back(
      {"api_url", FieldType::kApiUrl, api_url.empty() ? Need::kRequired : Need::kOptional, api_url});
  fields.push_back({"ca_file", FieldType::kFile, Need::kOptional});
  fields.push_back({"proxy", FieldType::kBaseUrl, Need::kOptional});
  return fields;
}

const ProviderField kEpochToken{"epoch_token", FieldType::kOnOff, Need::kOptional, "on"};

}  // namespace

const std::vector<ProviderKind>& fence_kinds() {
  // The user's own STONITH: `act` isolates, exit 0 of `proof` is the proof. Both are told the cluster, the
  // server and its region through the environment.
  static const std::vector<ProviderKind> kinds = {
      {.kind = "command", .fields = {{"act", FieldType::kCommand}, {"proof", FieldType::kCommand}}},
      // Every process of the instance stopped by examples/fences/ssh/farshore-fence-agent on its host.
      {.kind = "ssh",
       .fields = {{"address", FieldType::kAddress},
                  {.name = "user", .check = check_login_name},
                  {.name = "identity_file", .type = FieldType::kFile, .check = check_plain_path},
                  {.name = "known_hosts_file", .type = FieldType::kFile, .check = check_plain_path},
                  {.name = "data_directory", .type = FieldType::kFile, .check = check_plain_path},
                  {.name = "unit", .need = Need::kOptional, .check = check_unit_name}}},
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
      // `act` moves, `read` prints the region that is set; both get region and target through the
      // environment.
      {.kind = "command", .fields = {{"act", FieldType::kCommand}, {"read", FieldType::kCommand}}},
  };
  return kinds;
}

const std::vector<ProviderKind>& notify_kinds() {
  static const std::vector<ProviderKind> kinds = {
      // Without `url`: every one of `alertmanagers`.
      {.kind = "alertmanager",
       .fields = {{"url", FieldType::kBaseUrl, Need::kOptional},
                  {"token_file", FieldType::kFile, Need::kOptional}}},
      {.kind = "grafana", .fields = {{"url", FieldType::kUrl}, {"token_file", FieldType::kFile}}},
      {.kind = "webhook",
       .fields = {{"url", FieldType::kUrl}, {"token_file", FieldType::kFile, Need::kOptional}}},
  };
  return kinds;
}

namespace {

Status checked(const Result<HostPort>& address) {
  if (!address) return tl::unexpected(address.error());
  return {};
}

void check_value(MapReader& reader, const ProviderField& field, const std::string& value) {
  const auto complain = [&](std::string_view what, const Status& status) {
    if (!status)
      reader.fault(field.name, fmt::format("'{}' of '{}' is no {}", value, field.name, what),
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
  if (field.type == FieldType::kAddress && !complain("address", checked(parse_host_port(value)))) return;
  if (field.type == FieldType::kOnOff && value != "on" && value != "off") {
    reader.fault(field.name, fmt::format("'{}' of '{}' is neither on nor off", value, field.name), "");
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
    if (!reader.text_list(field.name, field.need, command)) return;
    if (!command.front().starts_with('/')) {
      reader.fault(field.name, fmt::format("'{}' must begin with an absolute path", field.name),
                   "commands run without a shell and without a search path");
    }
    out.lists[field.name] = std::move(command);
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

}  // namespace farshore
