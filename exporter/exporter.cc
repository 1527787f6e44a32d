#include "exporter/exporter.h"

#include <algorithm>
#include <cctype>

#include "common/base/log.h"
#include "common/http/router.h"
#include "exporter/health/health_routes.h"
#include "exporter/pages.h"
#include "exporter/probe.h"

namespace farshore {
namespace {

ServerReply text_reply(int status, std::string body) {
  ServerReply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

ServerReply page_reply(std::string content_type, std::string body) {
  ServerReply reply;
  reply.content_type = std::move(content_type);
  reply.body = std::move(body);
  return reply;
}

Route route(std::string method, std::string path, Handler handler) {
  Route result;
  result.method = std::move(method);
  result.path = std::move(path);
  result.handler = std::move(handler);
  return result;
}

// It is a route and stands in a page: no braces, nothing to escape. `/` and `/-/...` are taken.
Status check_telemetry_path(const std::string& path) {
  const bool plain = std::ranges::all_of(path, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '-' || c == '_' || c == '.';
  });
  if (!plain || path.size() < 2 || path[0] != '/' || path.starts_with("/-/") || path.ends_with('/'))
    return fail(ErrorCode::kInvalidArgument,
                "--web.telemetry-path={}: write it as /metrics, of letters, digits, '/', '-', '_' and '.'",
                path);
  return {};
}

}  // namespace

Result<std::shared_ptr<World>> Exporter::make_world(Result<Topology> topology, const ExporterOptions& options,
                                                    Clock& clock) {
  if (!topology) return tl::unexpected<Error>(topology.error());
  const bool known = std::ranges::any_of(topology->clusters, [&](const ClusterConfig& cluster) {
    return cluster.find_server(options.server) != nullptr;
  });
  if (!options.server.empty() && !known)
    return fail(ErrorCode::kInvalidArgument, "{} has no server '{}', which --server names", topology->source,
                options.server);
  return World::make(std::move(*topology), options.vantage, clock);
}

Exporter::Exporter(std::shared_ptr<World> world, ExporterOptions options, Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      world_(std::move(world)),
      reload_facts_{.successful = true, .succeeded_at = clock.wall_now()} {}

Result<std::unique_ptr<Exporter>> Exporter::start(Topology topology, ExporterOptions options, Clock& clock) {
  Result<std::shared_ptr<World>> world = make_world(std::move(topology), options, clock);
  if (!world) return tl::unexpected<Error>(world.error());
  std::unique_ptr<Exporter> exporter(new Exporter(*world, std::move(options), clock));
  if (auto valid = check_telemetry_path(exporter->options_.telemetry_path); !valid)
    return tl::unexpected<Error>(valid.error());
  HttpServerOptions http;
  http.threads = 4;
  const std::scoped_lock starting(exporter->reloading_);  // its handlers may ask for a reload at once
  auto server =
      WebServer::start(exporter->options_.web, PasswordSource::kWebConfig, http, exporter->routes());
  if (!server) return tl::unexpected<Error>(server.error());
  exporter->server_ = std::move(*server);
  (*world)->start();
  return exporter;
}

Status Exporter::check(Result<Topology> topology, const ExporterOptions& options, Clock& clock) {
  Result<std::shared_ptr<World>> world = make_world(std::move(topology), options, clock);
  if (!world) return tl::unexpected<Error>(world.error());
  if (auto valid = check_telemetry_path(options.telemetry_path); !valid) return valid;
  Exporter exporter(std::move(*world), options, clock);
  if (auto router = Router::build(exporter.routes()); !router) return tl::unexpected<Error>(router.error());
  return WebServer::check(options.web, PasswordSource::kWebConfig);
}

std::shared_ptr<World> Exporter::world() const {
  const std::scoped_lock lock(mutex_);
  return world_;
}

ExporterView Exporter::view() const {
  ExporterView view = world()->view();
  const std::scoped_lock lock(mutex_);
  view.reload = reload_facts_;
  return view;
}

Status Exporter::reload() {
  const std::scoped_lock one_at_a_time(reloading_);
  return reload_now();
}

Status Exporter::reload_unless_under_way() {
  const std::unique_lock one_at_a_time(reloading_, std::try_to_lock);
  if (!one_at_a_time.owns_lock())
    return fail(ErrorCode::kConflict, "the configuration is being read already: ask again when that is done");
  return reload_now();
}

Status Exporter::reload_now() {
  Status result = read_again();
  if (result)
    log_info("the configuration was read again", {{"file", world()->topology().source}});
  else
    log_error("the configuration cannot be read again: what was there goes on",
              {{"why", result.error().message}});
  const std::scoped_lock lock(mutex_);
  reload_facts_.successful = result.has_value();
  if (result) reload_facts_.succeeded_at = clock_.wall_now();
  return result;
}

// What can fail comes first: the topology is judged before anything changes, the web configuration takes
// effect whole or not at all, and a world that was made can always take over.
Status Exporter::read_again() {
  const auto made = make_world(load_topology(world()->topology().source), options_, clock_);
  if (!made) return tl::unexpected<Error>(made.error());
  if (Status web = server_->reload(); !web) return web;
  replace_world(*made);
  return {};
}

void Exporter::replace_world(const std::shared_ptr<World>& made) {
  const std::shared_ptr<World> old = world();
  made->take_over(*old);
  old->stop_heartbeat();
  made->start();
  if (!made->wait_first_cycle()) log_warn("not every server was looked at before the new topology took over");
  {
    const std::scoped_lock lock(mutex_);
    world_ = made;
  }
  old->stop();  // here, and not whenever the last request that still reads it is done
}

std::vector<Route> Exporter::routes() {
  std::vector<Route> routes = {
      route("GET", options_.telemetry_path,
            [this](const ServerRequest&) { return page_reply(kMetricsContentType, render_metrics(view())); }),
      route("GET", "/",
            [this](const ServerRequest&) {
              return page_reply("text/html; charset=utf-8",
                                render_landing_page(view(), options_.telemetry_path));
            }),
      route("GET", "/probe",
            [this](const ServerRequest& request) {
              const Result<std::string> page = render_probe(view(), request.query);
              return page ? page_reply(kMetricsContentType, *page)
                          : text_reply(400, page.error().message + "\n");
            }),
      route("GET", "/-/healthy",
            [this](const ServerRequest&) {
              return view().observer_alive ? text_reply(200, "Farshore exporter is healthy.\n")
                                           : text_reply(503, "The observer stands still.\n");
            }),
      route("GET", "/-/ready",
            [this](const ServerRequest&) {
              return view().first_cycle_done ? text_reply(200, "Farshore exporter is ready.\n")
                                             : text_reply(503, "Not every server was looked at yet.\n");
            }),
  };
  for (Route& health : health_routes([this] { return view(); }, options_.server))
    routes.push_back(std::move(health));
  if (options_.lifecycle)
    // A reload lasts as long as a frozen server is waited for: one of them may hold a worker, not all.
    routes.push_back(route("POST", "/-/reload", [this](const ServerRequest&) {
      const Status status = reload_unless_under_way();
      if (status) return text_reply(200, "");
      return text_reply(status.error().code == ErrorCode::kConflict ? 409 : 500,
                        status.error().message + "\n");
    }));
  return routes;
}

}  // namespace farshore
