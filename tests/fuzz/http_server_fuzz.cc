// Bytes on a real socket to a real server: whatever comes, it is answered or closed, by the limits, and only
// a request with the right credential, path, type and length reaches a handler. civetweb itself is Debian's
// and not instrumented; what is covered is our code around it.

#include "common/http/server.h"
#include "tests/common/http/raw_client.h"
#include "tests/fuzz/fuzz.h"

namespace farshore::fuzz {
namespace {

class WordAuthenticator : public Authenticator {
 public:
  Result<Principal> authenticate(const std::string& authorization) const override {
    if (authorization == "Bearer w") return Principal{"alertmanager", {Role::kWebhook}};
    return fail(ErrorCode::kPermission, "not known");
  }
};

// RFC 9110, 8.6: digits, of which any number may be leading zeros.
bool is_length(const std::string& text, size_t length) {
  const size_t digits = text.find_first_not_of('0');
  return (digits == std::string::npos ? "0" : text.substr(digits)) == std::to_string(length);
}

class Server {
 public:
  Server() {
    HttpServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    options.threads = 4;
    options.authenticator = std::make_shared<WordAuthenticator>();
    options.on_refused = [](std::string_view reason) {
      for (const std::string_view known : kRefusalReasons)
        if (known == reason) return;
      require(false, "a refusal has one of the known reasons", reason);
    };
    Route open{"GET", "/metrics", [](const ServerRequest& request) {
                 require(request.method == "GET" || request.method == "HEAD", "a method is the route's");
                 require(request.path == "/metrics" && request.body.empty(), "a path is exact", request.path);
                 return ServerReply{200, "text/plain", "metrics\n", {}};
               }};
    Route named{"GET", "/server/{name}", [](const ServerRequest& request) {
                  const std::string& name = request.path_parameters.at("name");
                  require(!name.empty() && name.size() <= 63 && is_printable(name), "a name is plain", name);
                  return ServerReply{200, "text/plain", name, {}};
                }};
    Route hook{"POST", "/hook", [](const ServerRequest& request) {
                 require(request.principal == "alertmanager", "only the right credential gets through");
                 require(request.headers.count("authorization") == 0, "no handler sees the secret");
                 const std::string& announced = request.headers.at("content-length");
                 require(request.body.size() <= 64 && is_length(announced, request.body.size()),
                         "a body is as long as it was announced", announced);
                 return ServerReply{202, "application/json", "{}", {}};
               }};
    hook.roles = {Role::kWebhook};
    hook.max_body_bytes = 64;
    hook.content_type = "application/json";
    auto server = HttpServer::start(std::move(options), {std::move(open), std::move(named), std::move(hook)});
    require(server.has_value(), "the server starts", server ? "" : server.error().message);
    server_ = std::move(*server);
  }
  int port() const { return server_->port(); }

 private:
  std::unique_ptr<HttpServer> server_;
};

std::string exchange(int port, std::string_view bytes) {
  RawClient client(port);
  require(client.connected(), "the server accepts");
  client.send_text(bytes);  // may fail half-way: the server closes on what it refuses
  client.finish_sending();
  return client.receive();
}

void check_answer(std::string_view answer, std::string_view sent) {
  require(answer.find("<nothing for 10 s>") == std::string_view::npos, "a connection is never left hanging",
          sent);
  if (answer.empty()) return;
  require(answer.starts_with("HTTP/"), "an answer is HTTP", answer);
  if (!answer.starts_with("HTTP/1.1 ")) {
    // What civetweb cannot read as a request it refuses by itself, with whatever stood for the version.
    require(answer.find("Connection: close\r\n") != std::string_view::npos, "and closes", answer);
    return;
  }
  const std::string_view status = answer.substr(9, 3);
  require(status[0] == '1' || status[0] == '2' || status[0] == '4' || status == "505" || status == "501",
          "nothing sent from outside is an error of ours or sends anybody elsewhere", answer);
}

}  // namespace
}  // namespace farshore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace farshore::fuzz;
  static const Server server;
  static int count = 0;
  const std::string_view bytes = text_of(data, size);
  check_answer(exchange(server.port(), bytes), bytes);
  if (++count % 100 == 0) {
    const std::string answer = exchange(server.port(), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    require(answer.starts_with("HTTP/1.1 200 "), "the server still serves", answer);
  }
  return 0;
}
