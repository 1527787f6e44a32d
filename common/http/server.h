// A small HTTP/1.1 server: exact paths, GET, HEAD, OPTIONS and POST, authentication before the body is read,
// bounded bodies and times. Plain text only: Debian's civetweb must never open a TLS port (it crashes against
// OpenSSL 3).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

enum class Role { kWebhook, kOperator, kViewer };

struct Principal {
  std::string name;
  std::set<Role> roles;
};

struct ServerRequest {
  std::string method;
  std::string path;                            // as matched, without the query
  std::string query;                           // raw
  std::map<std::string, std::string> headers;  // names in lower case
  std::map<std::string, std::string>
      path_parameters;  // "/api/v1/runs/{id}" gives id; checked [A-Za-z0-9_.-]{1,63}
  std::string body;
  std::string remote_address;
  std::string principal;       // name; empty on open routes
  std::string client_subject;  // of a verified client certificate, as in RFC 2253; empty without one
};

struct ServerReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::map<std::string, std::string> headers = {};
};

using Handler = std::function<ServerReply(const ServerRequest&)>;

struct Route {
  std::string method;  // GET also answers HEAD; OPTIONS is answered for every path, with what it allows
  std::string path;    // exact, or with one {name} segment each
  Handler handler;
  std::set<Role> roles = {};  // any of them opens the route; empty = open to everybody
  size_t max_body_bytes = 0;
  std::string content_type = {};  // media type a body must have, else 415; empty = any
  // As HttpServerOptions::on_refused, but only for requests that matched this route.
  std::function<void(std::string_view reason)> on_refused = {};
  // OPTIONS is answered like HEAD, by the handler: what load balancers check with. Only for GET.
  bool answers_options = false;
};

// Decides who is asking. Thread-safe; compares in constant time. Errors: kPermission (not known),
// kUnavailable (cannot be checked now).
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // From the Authorization header.
  virtual Result<Principal> authenticate(const std::string& authorization) const = 0;
  // From what a person types into a form: the name of a principal, and its password or its token. The default
  // knows nobody.
  virtual Result<Principal> log_in(const std::string& name, const std::string& secret) const;
};

constexpr std::string_view kRefusalReasons[] = {
    "not_found",  "method_not_allowed", "bad_request", "unauthenticated", "forbidden",      "unavailable",
    "wrong_type", "length_required",    "too_large",   "body_timeout",    "body_incomplete"};

// A request that is answered before its handler, or instead of it.
struct Refusal {
  int status = 0;
  std::string_view reason;  // one of kRefusalReasons
  std::string_view message;
};

// What every request passes before anything else is looked at, whatever its path and method. Thread-safe.
class Gate {
 public:
  virtual ~Gate() = default;
  // Nothing: it may come in. May correct what the head says about the client, and takes out of it what no
  // handler should see.
  virtual std::optional<Refusal> admit(ServerRequest& request) const = 0;
  // Adds what every answer carries, refusals included. What a handler has set stays.
  virtual void complete(ServerReply& reply) const = 0;
};

struct HttpServerOptions {
  // host:port, IPv4 or localhost or empty host; port 0 lets the kernel choose. At least one.
  std::vector<std::string> listen_addresses;
  // Connections served at once. A slow client holds one worker for at most the header's time plus twice
  // body_deadline; slow clients fewer than the workers delay nobody. Kept-alive idle connections hold at most
  // half of the workers.
  int threads = 8;
  nanoseconds body_deadline = 2s;                      // the whole body; later: 408
  std::shared_ptr<const Authenticator> authenticator;  // null: only open routes may be registered
  std::shared_ptr<const Gate> gate;                    // null: everybody may knock
  // Called for every request refused before its handler: reason is one of the words in
  // kRefusalReasons.
  std::function<void(std::string_view reason)> on_refused = {};
};

// Thread-safe. Refusals of its own (401, 403, 404, 405, 408, 411, 413, 415, 500) carry
// {"error": {"code", "message"}}; it never answers 3xx by itself. Handlers run on several threads at once.
// Errors of start: kInvalidArgument (address, routes), kUnavailable (cannot bind; the message says why).
class HttpServer {
 public:
  virtual ~HttpServer() = default;  // stops; waits for running handlers
  virtual int port() const = 0;     // of the first address
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, std::vector<Route> routes);
};

}  // namespace farshore
