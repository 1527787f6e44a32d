#include "common/web/web_server.h"

#include "common/cli/command_line.h"
#include "common/http/access.h"
#include "common/web/web_config.h"

namespace farshore {
namespace {

Result<WebConfig> read_config(const WebOptions& options, PasswordSource source) {
  if (options.config_file.empty()) return WebConfig{};
  auto config = load_web_config(options.config_file);
  if (config && source == PasswordSource::kAccessFile && !config->users.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "{}: basic_auth_users are not used here: who may do what stands in the file of "
                "--web.access-file; put a principal with 'bcrypt' there and remove them here",
                options.config_file);
  }
  if (config && config->tls) {
    return fail(ErrorCode::kInvalidArgument, "{}: tls_server_config is not served yet", options.config_file);
  }
  return config;
}

Result<GateRules> make_rules(const WebConfig& config) {
  GateRules rules;
  rules.headers = config.headers;
  if (config.tls) rules.allowed_sans = config.tls->client_allowed_sans;
  if (config.users.empty()) return rules;
  AccessFile users;
  users.source = config.source;
  for (const auto& [name, hash] : config.users) users.entries.push_back({{name, {Role::kViewer}}, "", hash});
  auto passwords = make_authenticator(std::move(users));
  if (!passwords) return tl::unexpected<Error>(passwords.error());
  rules.passwords = std::move(*passwords);
  return rules;
}

}  // namespace

void WebOptions::add_flags(Command& command) {
  command
      .flag("web.listen-address", listen_addresses,
            "host:port to serve on, in digits; may be given several times.")
      .flag("web.config.file", config_file,
            "TLS, headers and users in the exporter-toolkit's format; without it plain HTTP.");
}

Result<std::unique_ptr<WebServer>> WebServer::start(const WebOptions& options, PasswordSource source,
                                                    HttpServerOptions http, std::vector<Route> routes) {
  auto config = read_config(options, source);
  if (!config) return tl::unexpected<Error>(config.error());
  auto rules = make_rules(*config);
  if (!rules) return tl::unexpected<Error>(rules.error());
  std::unique_ptr<WebServer> web(new WebServer(options, source));
  web->gate_ = std::make_shared<WebGate>("", std::move(*rules));
  http.listen_addresses = options.listen_addresses;
  http.gate = web->gate_;
  auto server = HttpServer::start(std::move(http), std::move(routes));
  if (!server) return tl::unexpected<Error>(server.error());
  web->server_ = std::move(*server);
  return web;
}

Status WebServer::reload() {
  auto config = read_config(options_, source_);
  if (!config) return tl::unexpected<Error>(config.error());
  auto rules = make_rules(*config);
  if (!rules) return tl::unexpected<Error>(rules.error());
  gate_->replace(std::move(*rules));
  return {};
}

}  // namespace farshore
