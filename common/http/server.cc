#include "common/http/server.h"

#include <civetweb.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "common/http/body_reader.h"
#include "common/http/listen_address.h"
#include "common/http/router.h"
#include "common/http/sockets.h"
#include "common/http/wire.h"

namespace farshore {
namespace {

// A refused request's body is drained this far, so that the refusal is not lost to a TCP reset: closing with
// unread data makes the kernel throw the answer away. Clients that read the answer stop sending at once.
constexpr size_t kDrainBytes = size_t{8} << 20;
constexpr nanoseconds kDrainTime = 1s;
constexpr size_t kReadChunk = size_t{64} << 10;

// Digits and nothing else (RFC 9110, 8.6). civetweb reads as far as it can: "0(5" is 0 to it, and something
// else to whoever stands before us.
bool is_number(std::string_view text) {
  text = text.substr(0, text.find_last_not_of(" \t") + 1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

// The only class that knows civetweb. One handler for every request (begin_request), so that civetweb's own
// prefix matching, file serving, CORS and directory listing are never reached.
class CivetHttpServer final : public HttpServer {
 public:
  CivetHttpServer(HttpServerOptions options, Router router)
      : options_(std::move(options)), router_(std::move(router)) {}

  ~CivetHttpServer() override { stop(); }
  CivetHttpServer(const CivetHttpServer&) = delete;
  CivetHttpServer& operator=(const CivetHttpServer&) = delete;

  int port() const override { return ports_.front(); }
  Status listen(std::vector<ListenAddress> addresses);
  void stop();

 private:
  static int on_request(mg_connection* connection) noexcept;
  static int on_log(const mg_connection* connection, const char* message) noexcept;
  static int on_connect(const mg_connection* connection, void** data) noexcept;
  static void on_close(const mg_connection* connection) noexcept;
  static CivetHttpServer* self(const mg_connection* connection) {
    return static_cast<CivetHttpServer*>(mg_get_user_data(mg_get_context(connection)));
  }

  int serve(mg_connection* connection);
  Result<ServerRequest> read_head(const mg_request_info& info) const;
  std::optional<Refusal> authorise(const Route& route, ServerRequest& request) const;
  std::optional<Refusal> read_body(mg_connection* connection, const Route& route,
                                   ServerRequest& request) const;
  static ServerReply call(const Route& route, const ServerRequest& request);
  int refuse(mg_connection* connection, const ServerRequest& request, const Refusal& refusal,
             const Route* route = nullptr, const std::string& allow = "");
  void send(mg_connection* connection, ServerReply reply, bool head_only, bool keep) const;
  static void drain(mg_connection* connection);

  HttpServerOptions options_;
  Router router_;
  std::vector<ListenAddress> addresses_;
  mg_context* context_ = nullptr;
  std::vector<int> ports_;  // of the addresses, in their order
  std::atomic<int> connections_{0};
  std::mutex log_mutex_;
  bool capture_log_ = true;  // while starting; later civetweb only tells of clients that went away
  std::string log_;
};

Status CivetHttpServer::listen(std::vector<ListenAddress> addresses) {
  addresses_ = std::move(addresses);
  static const unsigned features = mg_init_library(MG_FEATURES_DEFAULT);
  (void)features;
  std::string where;
  for (const ListenAddress& address : addresses_) where += (where.empty() ? "" : ",") + address.to_string();
  const std::string threads = std::to_string(options_.threads);
  const auto timeout_ms = std::chrono::duration_cast<milliseconds>(options_.body_deadline).count();
  const std::string timeout = std::to_string(std::max<int64_t>(timeout_ms, 1));
  const char* settings[] = {"listening_ports",
                            where.c_str(),
                            "num_threads",
                            threads.c_str(),
                            "request_timeout_ms",
                            timeout.c_str(),
                            "enable_keep_alive",
                            "yes",
                            "keep_alive_timeout_ms",
                            "2000",  // above the usual scrape interval of 1 s
                            "tcp_nodelay",
                            "1",
                            "decode_url",
                            "no",
                            "max_request_size",
                            "16384",
                            "enable_directory_listing",
                            "no",
                            "access_control_allow_origin",
                            "",
                            "access_control_allow_methods",
                            "",
                            "access_control_allow_headers",
                            "",
                            nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = on_request;
  callbacks.log_message = on_log;
  callbacks.init_connection = on_connect;
  callbacks.connection_close = on_close;
  context_ = mg_start(&callbacks, this, settings);
  const std::lock_guard lock(log_mutex_);
  capture_log_ = false;
  if (context_ == nullptr) {
    return fail(ErrorCode::kUnavailable, "cannot listen on {}: {}", where,
                log_.empty() ? "civetweb gives no reason" : log_);
  }
  std::vector<mg_server_port> ports(addresses_.size());
  const int known = mg_get_server_ports(context_, static_cast<int>(ports.size()), ports.data());
  for (const mg_server_port& port : ports) ports_.push_back(port.port);
  if (known != static_cast<int>(ports.size())) {
    return fail(ErrorCode::kInternal, "civetweb does not know its ports on {}", where);
  }
  return {};
}

// civetweb looks at its stop flag only every 2 s, unless somebody connects (the accepting thread) or a
// connection ends (a worker with a kept one): bring both about, so that stopping takes milliseconds.
void CivetHttpServer::stop() {
  if (context_ == nullptr) return;
  const std::jthread waker([this](const std::stop_token& stopped) {
    while (!stopped.stop_requested()) {
      system_clock().sleep_for(5ms, stopped);
      const std::string& host = addresses_.front().host;
      knock(host == "0.0.0.0" ? "127.0.0.1" : host, ports_.front());
      for (const int port : ports_) end_reading_on(port);
    }
  });
  mg_stop(context_);
  context_ = nullptr;
}

int CivetHttpServer::on_log(const mg_connection* connection, const char* message) noexcept {
  auto* server = self(connection);
  if (server == nullptr) return 1;
  const std::lock_guard lock(server->log_mutex_);
  if (server->capture_log_ && server->log_.size() < 1000) {
    server->log_ += (server->log_.empty() ? "" : "; ") + std::string(message);
  }
  return 1;
}

int CivetHttpServer::on_connect(const mg_connection* connection, void** data) noexcept {
  (void)data;
  ++self(connection)->connections_;
  return 0;
}

void CivetHttpServer::on_close(const mg_connection* connection) noexcept { --self(connection)->connections_; }

int CivetHttpServer::on_request(mg_connection* connection) noexcept {
  try {
    return self(connection)->serve(connection);
  } catch (...) {  // out of memory: the connection is closed without an answer
    mg_disable_keep_alive(connection);
    return 500;
  }
}

int CivetHttpServer::serve(mg_connection* connection) {
  auto head = read_head(*mg_get_request_info(connection));
  if (!head) return refuse(connection, {}, {400, "bad_request", head.error().message});
  ServerRequest& request = *head;
  if (options_.gate) {
    if (const auto refusal = options_.gate->admit(request)) return refuse(connection, request, *refusal);
  }
  auto match = router_.match(request.method, request.path);
  if (match.allow.empty())
    return refuse(connection, request, {404, "not_found", "there is nothing at this path"});
  if (request.method == "OPTIONS" && match.route == nullptr) {
    ServerReply reply;
    reply.status = 204;
    reply.headers["Allow"] = match.allow;
    send(connection, std::move(reply), false, false);
    return 204;
  }
  if (match.route == nullptr) {
    return refuse(connection, request, {405, "method_not_allowed", "see the Allow header"}, nullptr,
                  match.allow);
  }
  request.path_parameters = std::move(match.parameters);
  auto refusal = authorise(*match.route, request);
  if (!refusal) refusal = read_body(connection, *match.route, request);
  if (refusal) return refuse(connection, request, *refusal, match.route);
  ServerReply reply = call(*match.route, request);
  const int status = reply.status;
  // No Content-Length of a body that does not come: only HEAD may have one.
  if (request.method == "OPTIONS") reply.body.clear();
  // A kept connection holds its worker while it is idle: never let these be more than half of the workers.
  const bool keep = connections_ * 2 <= options_.threads;
  send(connection, std::move(reply), request.method == "HEAD", keep);
  return status;
}

Result<ServerRequest> CivetHttpServer::read_head(const mg_request_info& info) const {
  ServerRequest request;
  request.method = info.request_method == nullptr ? "" : info.request_method;
  request.path = info.local_uri_raw == nullptr ? "" : info.local_uri_raw;
  request.query = info.query_string == nullptr ? "" : info.query_string;
  request.remote_address = info.remote_addr;
  for (int i = 0; i < info.num_headers; ++i) {
    const std::string name = lower_case(info.http_headers[i].name);
    const bool first = request.headers.emplace(name, info.http_headers[i].value).second;
    const bool must_be_one = name == "content-length" || name == "authorization" ||
                             name == "transfer-encoding" || name.starts_with("x-farshore-");
    if (!first && must_be_one) {
      return fail(ErrorCode::kInvalidArgument, "header {} is there twice", name);
    }
  }
  return request;
}

std::optional<Refusal> CivetHttpServer::authorise(const Route& route, ServerRequest& request) const {
  if (route.roles.empty()) return std::nullopt;
  const auto header = request.headers.find("authorization");
  if (header == request.headers.end()) return Refusal{401, "unauthenticated", "credentials are required"};
  auto principal = options_.authenticator->authenticate(header->second);
  request.headers.erase(header);  // a handler has no use for the secret
  if (!principal && principal.error().code == ErrorCode::kUnavailable) {
    return Refusal{503, "unavailable", "credentials cannot be checked now"};
  }
  if (!principal) return Refusal{401, "unauthenticated", "the credentials are not known"};
  const bool allowed =
      std::ranges::any_of(route.roles, [&](Role role) { return principal->roles.count(role) > 0; });
  if (!allowed) return Refusal{403, "forbidden", "the credentials do not open this path"};
  request.principal = principal->name;
  return std::nullopt;
}

std::optional<Refusal> CivetHttpServer::read_body(mg_connection* connection, const Route& route,
                                                  ServerRequest& request) const {
  const auto length = request.headers.find("content-length");
  if (request.headers.count("transfer-encoding") > 0 ||
      (route.method == "POST" && length == request.headers.end())) {
    return Refusal{411, "length_required", "send the body with Content-Length, not chunked"};
  }
  const long long announced =
      length == request.headers.end() ? 0 : mg_get_request_info(connection)->content_length;
  if (announced < 0 || (length != request.headers.end() && !is_number(length->second)))
    return Refusal{400, "bad_request", "Content-Length is no number"};
  const auto size = static_cast<size_t>(announced);
  if (size > route.max_body_bytes)
    return Refusal{413, "too_large", "the body is larger than this path takes"};
  if (size > 0 && !route.content_type.empty() && !media_type_is(request.headers, route.content_type)) {
    return Refusal{415, "wrong_type", "the body has the wrong Content-Type"};
  }
  const auto expect = request.headers.find("expect");
  if (expect != request.headers.end() && lower_case(expect->second) == "100-continue") {
    mg_printf(connection, "HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (size == 0) return std::nullopt;
  const BootTime started = system_clock().boot_now();
  const BodyReader reader(connection);
  std::vector<char> chunk(std::min(size, kReadChunk));
  while (request.body.size() < size) {
    const int got = reader.read_some(chunk.data(), std::min(chunk.size(), size - request.body.size()));
    const nanoseconds elapsed = system_clock().boot_now() - started;
    // civetweb's own limit is per read and may end a little early; a client that went away ends at once.
    if (elapsed >= options_.body_deadline * 9 / 10 && (got <= 0 || elapsed >= options_.body_deadline)) {
      return Refusal{408, "body_timeout", "the body did not arrive in time"};
    }
    if (got <= 0) return Refusal{400, "body_incomplete", "the body is shorter than its Content-Length"};
    request.body.append(chunk.data(), static_cast<size_t>(got));
  }
  return std::nullopt;
}

ServerReply CivetHttpServer::call(const Route& route, const ServerRequest& request) {
  try {
    return route.handler(request);
  } catch (const std::exception&) {  // its text may hold anything, so it is not shown
    return refusal_reply({500, "internal", "the handler failed"});
  }
}

int CivetHttpServer::refuse(mg_connection* connection, const ServerRequest& request, const Refusal& refusal,
                            const Route* route, const std::string& allow) {
  if (route != nullptr && route->on_refused) route->on_refused(refusal.reason);
  if (options_.on_refused) options_.on_refused(refusal.reason);
  ServerReply reply = refusal_reply(refusal);
  if (!allow.empty()) reply.headers["Allow"] = allow;
  send(connection, std::move(reply), request.method == "HEAD", false);
  const bool has_body =
      request.headers.count("content-length") > 0 || request.headers.count("transfer-encoding") > 0;
  if (refusal.status != 408 && has_body) drain(connection);
  return refusal.status;
}

void CivetHttpServer::send(mg_connection* connection, ServerReply reply, bool head_only, bool keep) const {
  if (options_.gate) options_.gate->complete(reply);
  if (!keep) mg_disable_keep_alive(connection);
  const std::string text = render_reply(reply, head_only, keep);
  mg_write(connection, text.data(), text.size());
}

void CivetHttpServer::drain(mg_connection* connection) {
  const BootTime until = system_clock().boot_now() + kDrainTime;
  const BodyReader reader(connection);
  std::vector<char> chunk(kReadChunk);
  for (size_t drained = 0; drained < kDrainBytes && system_clock().boot_now() < until;) {
    const int got = reader.read_some(chunk.data(), chunk.size());
    if (got <= 0) return;
    drained += static_cast<size_t>(got);
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, std::vector<Route> routes) {
  std::vector<ListenAddress> addresses;
  for (const std::string& text : options.listen_addresses) {
    auto address = parse_listen_address(text);
    if (!address) return tl::unexpected(address.error());
    if (address->ipv6) {
      return fail(ErrorCode::kInvalidArgument, "listen address '{}': this server has no IPv6", text);
    }
    addresses.push_back(std::move(*address));
  }
  if (addresses.empty()) return fail(ErrorCode::kInvalidArgument, "a server needs an address to listen on");
  auto router = Router::build(std::move(routes));
  if (!router) return tl::unexpected(router.error());
  if (router->needs_authenticator() && !options.authenticator) {
    return fail(ErrorCode::kInvalidArgument, "a route with roles needs an authenticator");
  }
  if (options.threads < 1) return fail(ErrorCode::kInvalidArgument, "a server needs at least one thread");
  auto server = std::make_unique<CivetHttpServer>(std::move(options), std::move(*router));
  if (auto status = server->listen(std::move(addresses)); !status) return tl::unexpected(status.error());
  return server;
}

}  // namespace farshore
