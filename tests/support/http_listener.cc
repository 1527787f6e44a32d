#include "tests/support/http_listener.h"

#include <algorithm>
#include <stdexcept>

namespace farshore::test {

HttpListener::HttpListener(std::vector<std::string> paths) {
  std::vector<Route> routes;
  for (std::string& path : paths) {
    Route route;
    route.method = "POST";
    route.path = std::move(path);
    route.handler = [this](const ServerRequest& request) { return take(request); };
    route.max_body_bytes = size_t{1} << 20;
    routes.push_back(std::move(route));
  }
  HttpServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  auto server = HttpServer::start(options, std::move(routes));
  if (!server) throw std::runtime_error(server.error().message);
  server_ = std::move(*server);
}

HttpListener::~HttpListener() { end_.request_stop(); }

std::string HttpListener::url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", server_->port(), path);
}

ServerReply HttpListener::take(const ServerRequest& request) {
  {
    const std::lock_guard lock(mutex_);
    received_.push_back(request);
  }
  (void)system_clock().sleep_for(delay_, end_.get_token());
  return {status_, "application/json", "{}"};
}

std::vector<ServerRequest> HttpListener::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

size_t HttpListener::count(const std::string& text) const {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::ranges::count_if(
      received_, [&](const ServerRequest& request) { return request.body.find(text) != std::string::npos; }));
}

}  // namespace farshore::test
