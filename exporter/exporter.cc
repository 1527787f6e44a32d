#include "exporter/exporter.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "exporter/pages.h"

namespace farshore {
namespace {

ObserverOptions observer_options(const Topology& topology) {
  ObserverOptions options;
  options.interval = topology.observe.interval;
  options.timeout = topology.observe.timeout;
  return options;
}

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

}  // namespace

Exporter::Exporter(Topology topology, ExporterOptions options, Clock& clock)
    : topology_(std::move(topology)),
      options_(std::move(options)),
      clock_(clock),
      observer_(topology_, observer_options(topology_), clock) {}

Result<std::unique_ptr<Exporter>> Exporter::start(Topology topology, ExporterOptions options, Clock& clock) {
  const std::vector<std::string>& known = topology.vantages.names;
  if (std::ranges::find(known, options.vantage) == known.end())
    return fail(ErrorCode::kInvalidArgument,
                "vantage '{}' is not in {}, which has {}; start with --vantage of this host's region",
                options.vantage, topology.source, fmt::join(known, ", "));
  std::unique_ptr<Exporter> exporter(new Exporter(std::move(topology), std::move(options), clock));
  HttpServerOptions http;
  http.listen_address = exporter->options_.listen_address;
  http.threads = 4;
  Result<std::unique_ptr<HttpServer>> server = HttpServer::start(http, exporter->routes());
  if (!server) return tl::unexpected<Error>(server.error());
  exporter->server_ = std::move(*server);
  exporter->observer_.on_snapshot(
      [log = &exporter->transitions_](const Snapshot& snapshot) { log->note(snapshot); });
  exporter->observer_.start();
  return exporter;
}

ExporterView Exporter::view() const {
  return make_view(
      topology_, options_.vantage, observer_.snapshot(),
      [this](std::string_view cluster, std::string_view server) {
        return observer_.history(cluster, server);
      },
      clock_.boot_now());
}

std::vector<Route> Exporter::routes() const {
  const auto route = [](std::string path, Handler handler) {
    Route result;
    result.method = "GET";
    result.path = std::move(path);
    result.handler = std::move(handler);
    return result;
  };
  return {
      route("/metrics",
            [this](const ServerRequest&) { return page_reply(kMetricsContentType, render_metrics(view())); }),
      route("/",
            [this](const ServerRequest&) {
              return page_reply("text/html; charset=utf-8", render_landing_page(view()));
            }),
      route("/-/healthy",
            [this](const ServerRequest&) {
              return view().observer_alive ? text_reply(200, "Farshore exporter is healthy.\n")
                                           : text_reply(503, "The observer stands still.\n");
            }),
      route("/-/ready",
            [this](const ServerRequest&) {
              return view().first_cycle_done ? text_reply(200, "Farshore exporter is ready.\n")
                                             : text_reply(503, "Not every server was looked at yet.\n");
            }),
  };
}

}  // namespace farshore
