// The door of a program, as --web.listen-address and --web.config.file describe it: the HTTP server, its
// gate, and the HAProxy in front of it when there is TLS or IPv6 to be served.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/http/server.h"
#include "common/web/front.h"
#include "common/web/web_gate.h"

namespace farshore {

class Command;

struct WebOptions {
  std::vector<std::string> listen_addresses;
  std::string config_file;   // empty: plain HTTP
  std::string haproxy = {};  // empty: found where Debian and people put it

  void add_flags(Command& command);
};

// Where people's passwords stand. One door: a program that has an access file refuses basic_auth_users.
enum class PasswordSource { kWebConfig, kAccessFile };

// Thread-safe; reload() from one thread at a time.
class WebServer {
 public:
  // listen_addresses and gate of `http` are set here. Errors are for people: kInvalidArgument (addresses,
  // configuration, certificates), kNotFound (HAProxy is needed and not there), kUnavailable (cannot bind, the
  // front cannot be started).
  static Result<std::unique_ptr<WebServer>> start(const WebOptions& options, PasswordSource source,
                                                  HttpServerOptions http, std::vector<Route> routes);

  // What start() would refuse of the options, found without listening on their addresses: for a check of the
  // configuration. The same errors; that an address is taken or none of this host's only a start can tell.
  static Status check(const WebOptions& options, PasswordSource source);

  ~WebServer();

  // Of the first address.
  int port() const { return port_; }

  // Reads the configuration file and the certificates again, for SIGHUP. An error says what is wrong with the
  // new ones and leaves everything as it was. Whether there is TLS at all is decided at the start.
  Status reload();

 private:
  WebServer(WebOptions options, PasswordSource source) : options_(std::move(options)), source_(source) {}

  Status listen(const WebConfig& config, GateRules rules, HttpServerOptions http, std::vector<Route> routes);

  const WebOptions options_;
  const PasswordSource source_;
  std::shared_ptr<WebGate> gate_;
  int port_ = 0;
  bool tls_ = false;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Front> front_;  // null: the server listens itself
};

}  // namespace farshore
