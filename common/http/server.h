// A small HTTP/1.1 server: exact paths, GET, HEAD, OPTIONS and POST, authentication before the body is read,
// bounded bodies and times. Plain text only: Debian's civetweb must never open a TLS port (it crashes against
// OpenSSL 3).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
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
  std::string principal;  // name; empty on open routes
};

struct ServerReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::map<std::string, std::string> headers;
};

using Handler = std::function<ServerReply(const ServerRequest&)>;

struct Route {
  std::string method;  // GET also answers HEAD; OPTIONS is answered for every path
  std::string path;    // exact, or with one {name} segment each
  Handler handler;
  std::set<Role> roles;  // any of them opens the route; empty = open to everybody
  size_t max_body_bytes = 0;
};

// Decides who is asking from the Authorization header. Thread-safe; compares in constant time.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual Result<Principal> authenticate(const std::string& authorization) const = 0;
};

struct HttpServerOptions {
  std::string listen_address;  // host:port, IPv4; port 0 lets the kernel choose
  int threads = 8;
  nanoseconds body_deadline = 2s;                      // the whole body; later: 408
  std::shared_ptr<const Authenticator> authenticator;  // null: only open routes may be registered
  // Called for every request refused before its handler: reason is one of a few fixed words.
  std::function<void(std::string_view reason)> on_refused;
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;  // stops; waits for running handlers
  virtual int port() const = 0;
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, std::vector<Route> routes);
};

}  // namespace farshore
