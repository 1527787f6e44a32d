#include "common/web/web_server.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "common/cli/command_line.h"
#include "common/http/access.h"
#include "common/http/listen_address.h"
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

// Known to this process and its front only, and for as long as they run.
Result<std::string> make_secret() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return fail(ErrorCode::kUnavailable, "no random numbers to be had");
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return text;
}

Result<std::vector<ListenAddress>> read_addresses(const std::vector<std::string>& texts) {
  std::vector<ListenAddress> addresses;
  for (const std::string& text : texts) {
    auto address = parse_listen_address(text);
    if (!address) return tl::unexpected<Error>(address.error());
    addresses.push_back(std::move(*address));
  }
  return addresses;
}

bool needs_front(const WebConfig& config, const std::vector<ListenAddress>& addresses) {
  return config.tls || std::ranges::any_of(addresses, &ListenAddress::ipv6);
}

Result<std::vector<ListenSocket>> open_sockets(const std::vector<ListenAddress>& addresses) {
  std::vector<ListenSocket> sockets;
  for (const ListenAddress& address : addresses) {
    auto socket = open_listen_socket(address);
    if (!socket) return tl::unexpected<Error>(socket.error());
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

}  // namespace

void WebOptions::add_flags(Command& command) {
  command
      .flag("web.listen-address", listen_addresses,
            "host:port to serve on, in digits; may be given several times.")
      .flag("web.config.file", config_file,
            "TLS, headers and users in the exporter-toolkit's format; without it plain HTTP.")
      .flag("web.haproxy", haproxy,
            "The HAProxy that serves TLS and IPv6, when it is not where Debian puts it.");
}

Result<std::unique_ptr<WebServer>> WebServer::start(const WebOptions& options, PasswordSource source,
                                                    HttpServerOptions http, std::vector<Route> routes) {
  auto config = read_config(options, source);
  if (!config) return tl::unexpected<Error>(config.error());
  auto rules = make_rules(*config);
  if (!rules) return tl::unexpected<Error>(rules.error());
  std::unique_ptr<WebServer> web(new WebServer(options, source));
  if (auto listening = web->listen(*config, std::move(*rules), std::move(http), std::move(routes));
      !listening)
    return tl::unexpected<Error>(listening.error());
  return web;
}

// Nobody knocks any more, who is inside ends, and only then goes what they may be using.
WebServer::~WebServer() {
  if (front_) front_->stop();
  server_.reset();
}

Status WebServer::check(const WebOptions& options, PasswordSource source) {
  const auto config = read_config(options, source);
  if (!config) return tl::unexpected<Error>(config.error());
  if (const auto rules = make_rules(*config); !rules) return tl::unexpected<Error>(rules.error());
  const auto addresses = read_addresses(options.listen_addresses);
  if (!addresses) return tl::unexpected<Error>(addresses.error());
  if (!needs_front(*config, *addresses)) return {};
  // HAProxy reads no configuration without sockets to serve: one of this host that nobody else sees.
  auto sockets = open_sockets({ListenAddress{"127.0.0.1", 0, false}});
  if (!sockets) return tl::unexpected<Error>(sockets.error());
  FrontOptions front;
  front.program = options.haproxy;
  front.sockets = std::move(*sockets);
  front.program_port = front.sockets.front().port;
  front.program_threads = HttpServerOptions().threads;
  front.secret = std::string(64, '0');
  return Front::check(std::move(front), *config);
}

Status WebServer::listen(const WebConfig& config, GateRules rules, HttpServerOptions http,
                         std::vector<Route> routes) {
  auto addresses = read_addresses(options_.listen_addresses);
  if (!addresses) return tl::unexpected<Error>(addresses.error());
  tls_ = config.tls.has_value();
  const bool behind_front = needs_front(config, *addresses);
  FrontOptions front;
  if (behind_front) {
    auto program = find_haproxy(options_.haproxy);  // before anything listens
    if (!program) return tl::unexpected<Error>(program.error());
    auto secret = make_secret();
    if (!secret) return tl::unexpected<Error>(secret.error());
    auto sockets = open_sockets(*addresses);
    if (!sockets) return tl::unexpected<Error>(sockets.error());
    front = {std::move(*program), std::move(*sockets), 0, http.threads, std::move(*secret)};
  }
  gate_ = std::make_shared<WebGate>(front.secret, std::move(rules));
  http.listen_addresses = behind_front ? std::vector<std::string>{"127.0.0.1:0"} : options_.listen_addresses;
  http.gate = gate_;
  auto server = HttpServer::start(std::move(http), std::move(routes));
  if (!server) return tl::unexpected<Error>(server.error());
  server_ = std::move(*server);
  port_ = server_->port();
  if (!behind_front) return {};
  front.program_port = server_->port();
  port_ = front.sockets.front().port;
  auto started = Front::start(std::move(front), config);
  if (!started) return tl::unexpected<Error>(started.error());
  front_ = std::move(*started);
  return {};
}

Status WebServer::reload() {
  auto config = read_config(options_, source_);
  if (!config) return tl::unexpected<Error>(config.error());
  if (config->tls.has_value() != tls_)
    return fail(ErrorCode::kInvalidArgument, "{}: TLS is switched on and off by a restart only",
                options_.config_file);
  auto rules = make_rules(*config);
  if (!rules) return tl::unexpected<Error>(rules.error());
  if (front_) {
    if (auto replaced = front_->reload(*config); !replaced) return replaced;
  }
  gate_->replace(std::move(*rules));
  return {};
}

}  // namespace farshore
