#include "common/web/web_config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <sstream>

#include "common/http/access.h"
#include "common/web/tls_names.h"
#include "common/yaml/map_reader.h"

namespace farshore {
namespace {

using Faults = std::vector<ConfigFault>;

constexpr size_t kMaxUsers = 100;
constexpr size_t kMaxAllowedSans = 100;

// The five that the toolkit takes, with the values it takes; none listed: any.
struct HeaderRule {
  std::string name;
  std::vector<std::string> values;
};
const std::vector<HeaderRule> kHeaderRules = {{"Content-Security-Policy", {}},
                                              {"X-Frame-Options", {"deny", "sameorigin"}},
                                              {"X-Content-Type-Options", {"nosniff"}},
                                              {"X-XSS-Protection", {}},
                                              {"Strict-Transport-Security", {}}};

template <typename Row>
const Row* find_go_name(std::span<const Row> rows, std::string_view name) {
  const auto found = std::ranges::find(rows, name, &Row::go);
  return found == rows.end() ? nullptr : &*found;
}

template <typename Row>
std::vector<std::string> go_names(std::span<const Row> rows) {
  std::vector<std::string> names;
  for (const Row& row : rows) names.emplace_back(row.go);
  return names;
}

void read_boolean(MapReader& reader, const std::string& key, bool& out) {
  std::string text;
  if (!reader.text(key, Need::kOptional, text)) return;
  if (text != "true" && text != "false") {
    reader.fault(key, fmt::format("'{}' in {} must be true or false", key, reader.what()), "");
    return;
  }
  out = text == "true";
}

// `name` is "cert", "key" or "client_ca": the text itself, or with "_file" where it is.
void read_pem(MapReader& reader, const std::string& name, const std::filesystem::path& folder,
              PemSource& out) {
  const std::string file_key = name + "_file";
  std::string file;
  if (reader.text(file_key, Need::kOptional, file)) out.file = (folder / file).lexically_normal();
  reader.text(name, Need::kOptional, out.text);
  if (!out.file.empty() && !out.text.empty()) {
    reader.fault(name, fmt::format("both '{}' and '{}' are there", name, file_key), "keep one of the two");
  }
}

// Each item must be a Go name of the table; `take` gets its row.
template <typename Row>
void read_go_names(MapReader& reader, const std::string& key, std::span<const Row> rows, Faults& faults,
                   const std::function<void(const Row&)>& take) {
  const YamlNode* list = reader.list(key, Need::kOptional);
  if (list == nullptr) return;
  for (const std::string& name : read_texts(*list, "'" + key + "'", faults)) {
    if (name.empty()) continue;
    if (const Row* row = find_go_name(rows, name)) {
      take(*row);
    } else {
      reader.fault(key, fmt::format("'{}' in '{}' is not known here", name, key),
                   suggest(name, go_names(rows), "known are"));
    }
  }
}

void read_version(MapReader& reader, const std::string& key, TlsVersion& out) {
  std::string text;
  if (!reader.text(key, Need::kOptional, text)) return;
  if (text == "TLS12") {
    out = TlsVersion::kTls12;
  } else if (text == "TLS13") {
    out = TlsVersion::kTls13;
  } else if (text == "TLS10" || text == "TLS11") {
    reader.fault(key, fmt::format("{} is broken and is not served", text), "write TLS12 or TLS13");
  } else {
    reader.fault(key, fmt::format("'{}' is no TLS version", text), "write TLS12 or TLS13");
  }
}

void read_ciphers(MapReader& reader, TlsConfig& tls, Faults& faults) {
  read_go_names<CipherName>(reader, "cipher_suites", kCipherNames, faults, [&tls](const CipherName& row) {
    if (!row.openssl.empty()) tls.ciphers.emplace_back(row.openssl);
  });
  if (reader.has("cipher_suites") && tls.ciphers.empty() && tls.min_version == TlsVersion::kTls12) {
    reader.fault("cipher_suites", "none of these serves TLS 1.2, which min_version allows",
                 "write 'min_version: TLS13', or add one that begins with TLS_ECDHE_");
  }
}

void check_clients(MapReader& reader, const TlsConfig& tls) {
  const bool verifies = tls.client_auth == ClientAuth::kVerifyClientCertIfGiven ||
                        tls.client_auth == ClientAuth::kRequireAndVerifyClientCert;
  if (verifies && !tls.client_ca.given()) {
    reader.fault("client_auth_type", "there is no CA to verify clients against",
                 "add 'client_ca_file:'; the system's CAs would let anybody in who has a web server");
  }
  if (tls.client_ca.given() && tls.client_auth == ClientAuth::kNoClientCert) {
    reader.fault("client_ca_file", "client CAs are there, but clients are not asked for certificates",
                 "add 'client_auth_type: RequireAndVerifyClientCert'");
  }
  if (!tls.client_allowed_sans.empty() && tls.client_auth != ClientAuth::kRequireAndVerifyClientCert) {
    reader.fault("client_allowed_sans", "names in certificates mean nothing when these are not verified",
                 "add 'client_auth_type: RequireAndVerifyClientCert'");
  }
}

TlsConfig read_tls(const YamlNode& node, const std::filesystem::path& folder, Faults& faults) {
  TlsConfig tls;
  MapReader reader(node, "tls_server_config", faults);
  read_pem(reader, "cert", folder, tls.certificate);
  read_pem(reader, "key", folder, tls.key);
  read_pem(reader, "client_ca", folder, tls.client_ca);
  if (!tls.certificate.given()) reader.fault("cert_file", "there is no certificate", "add 'cert_file:'");
  if (!tls.key.given()) reader.fault("key_file", "there is no key", "add 'key_file:'");
  std::string policy;
  if (reader.text("client_auth_type", Need::kOptional, policy)) {
    const auto* row = find_go_name<ClientAuthName>(kClientAuthNames, policy);
    if (row != nullptr) tls.client_auth = row->policy;
    if (row == nullptr) {
      reader.fault("client_auth_type", fmt::format("there is no client_auth_type '{}'", policy),
                   suggest(policy, go_names<ClientAuthName>(kClientAuthNames), "known are"));
    }
  }
  reader.text_list("client_allowed_sans", Need::kOptional, tls.client_allowed_sans);
  if (tls.client_allowed_sans.size() > kMaxAllowedSans) {
    reader.fault("client_allowed_sans", fmt::format("more than {} names", kMaxAllowedSans), "");
  }
  read_version(reader, "min_version", tls.min_version);
  read_version(reader, "max_version", tls.max_version);
  if (tls.min_version > tls.max_version) {
    reader.fault("max_version", "max_version is below min_version", "raise it or remove it");
  }
  read_ciphers(reader, tls, faults);
  read_boolean(reader, "prefer_server_cipher_suites", tls.prefer_server_ciphers);
  read_go_names<CurveName>(reader, "curve_preferences", kCurveNames, faults,
                           [&tls](const CurveName& row) { tls.curves.emplace_back(row.openssl); });
  check_clients(reader, tls);
  reader.finish();
  return tls;
}

bool is_header_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
}

void read_headers(const YamlNode& node, WebConfig& config, Faults& faults) {
  MapReader reader(node, "headers", faults);
  for (const HeaderRule& rule : kHeaderRules) {
    std::string value;
    if (!reader.text(rule.name, Need::kOptional, value)) continue;
    const bool known = rule.values.empty() || std::ranges::find(rule.values, value) != rule.values.end();
    if (!known) {
      reader.fault(rule.name, fmt::format("'{}' is no value of {}", value, rule.name),
                   suggest(value, rule.values, "write one of"));
    }
    if (!is_header_value(value)) {
      reader.fault(rule.name, fmt::format("{} must be printable ASCII in one line", rule.name), "");
    }
    config.headers[rule.name] = value;
  }
  reader.finish();
}

void read_http(const YamlNode& node, WebConfig& config, Faults& faults) {
  MapReader reader(node, "http_server_config", faults);
  read_boolean(reader, "http2", config.http2);
  if (const YamlNode* headers = reader.map("headers", Need::kOptional)) {
    read_headers(*headers, config, faults);
  }
  reader.finish();
}

void read_users(const YamlNode& node, WebConfig& config, Faults& faults) {
  for (const YamlEntry& entry : node.entries) {
    if (entry.key.empty() || entry.key.find(':') != std::string::npos) {
      faults.push_back({entry.line, entry.column, "a user's name must not be empty or hold a colon",
                        "basic authentication sends name:password"});
    }
    // The value is not shown: it may be a password put here by mistake.
    if (entry.value.kind != YamlNode::Kind::kScalar || !is_bcrypt(entry.value.scalar)) {
      faults.push_back({entry.line, entry.column,
                        fmt::format("user '{}' has no bcrypt hash of cost 4 to 14", entry.key),
                        "make one with: htpasswd -nBC 12 '' | tr -d ':\\n'"});
    }
    config.users[entry.key] = entry.value.scalar;
  }
  if (node.entries.size() > kMaxUsers) {
    faults.push_back({node.line, node.column, fmt::format("more than {} users", kMaxUsers),
                      "share one per system, or use client certificates"});
  }
}

void read_all(const YamlNode& root, const std::filesystem::path& folder, WebConfig& config, Faults& faults) {
  MapReader reader(root, "web configuration", faults);
  if (const YamlNode* tls = reader.map("tls_server_config", Need::kOptional)) {
    config.tls = read_tls(*tls, folder, faults);
  }
  if (const YamlNode* http = reader.map("http_server_config", Need::kOptional)) {
    read_http(*http, config, faults);
  }
  if (const YamlNode* users = reader.map("basic_auth_users", Need::kOptional)) {
    read_users(*users, config, faults);
  }
  if (reader.any("rate_limit", Need::kOptional) != nullptr) {
    reader.fault("rate_limit", "requests are not limited by rate here",
                 "remove it: answers come from memory, and connections, bodies and times are bounded anyway");
  }
  reader.finish();
}

}  // namespace

Result<WebConfig> parse_web_config(const std::string& text, const std::string& source_name) {
  Faults faults;
  WebConfig config;
  config.source = source_name;
  const auto root = parse_yaml(text, faults);
  // An empty file is a configuration too: nothing is asked for.
  if (root && root->kind != YamlNode::Kind::kNull) {
    read_all(*root, std::filesystem::path(source_name).parent_path(), config, faults);
  }
  if (!faults.empty()) return fail(ErrorCode::kInvalidArgument, "{}", format_faults(source_name, faults));
  return config;
}

Result<WebConfig> load_web_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code error;
  if (!file || !std::filesystem::is_regular_file(path, error)) {
    return fail(ErrorCode::kInvalidArgument, "the web configuration {} cannot be read", path);
  }
  std::ostringstream content;
  content << file.rdbuf();
  return parse_web_config(content.str(), path);
}

}  // namespace farshore
