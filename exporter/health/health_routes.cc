#include "exporter/health/health_routes.h"

#include <algorithm>

#include "common/base/version.h"
#include "common/json/json_writer.h"
#include "exporter/health/judgement.h"

namespace farshore {
namespace {

using ViewSource = std::function<ExporterView()>;

ServerReply json_reply(int status, const JsonWriter& writer) {
  ServerReply reply;
  reply.status = status;
  reply.content_type = "application/json";
  reply.body = writer.str() + "\n";
  return reply;
}

ServerReply refuse(int status, const std::string& code, const std::string& message) {
  JsonWriter writer;
  writer.begin_object().object("error").field("code", code).field("message", message);
  writer.end_object().end_object();
  return json_reply(status, writer);
}

// The keys that Patroni gives, under its names.
void write_state(JsonWriter& writer, const ServerView& server) {
  const ServerFacts* facts = server.facts();
  writer.field("state", facts != nullptr ? "running" : server.current ? "not running" : "unknown");
  if (facts == nullptr) return;
  writer.field("role", facts->in_recovery ? "replica" : "primary")
      .field("server_version", facts->server_version_num)
      .field("timeline", facts->timeline)
      .field("database_system_identifier", facts->system_identifier);
  writer.object("xlog");
  const auto position = [&](const char* name, const std::optional<Lsn>& lsn) {
    if (lsn) writer.field(name, lsn->bytes());
  };
  if (facts->in_recovery) {
    position("received_location", facts->receive);
    position("replayed_location", facts->replay);
    if (facts->replay_paused) writer.field("paused", *facts->replay_paused);
  } else {
    position("location", facts->current);
  }
  writer.end_object();
  if (facts->receiver) writer.field("replication_state", facts->receiver->status);
}

void write_evidence(JsonWriter& writer, const ExporterView& view, const ServerView& server,
                    const Judgement& judgement) {
  const ServerObservation& seen = *server.observation;
  writer.object("farshore")
      .field("vantage", view.vantage)
      .field("cluster", seen.cluster)
      .field("region", seen.region)
      .field("server", seen.server)
      .field("answer", judgement.yes);
  if (!judgement.yes) writer.field("reason", judgement.reason);
  if (seen.last_success) writer.field("age_seconds", to_seconds(now_of(view) - *seen.last_success));
  if (judgement.lag)
    writer.object("lag")
        .field("bytes", judgement.lag->bytes)
        .field("position", judgement.lag->held.to_string())
        .field("against", judgement.lag->against)
        .field("against_position", judgement.lag->position.to_string())
        .field("against_age_seconds", to_seconds(judgement.lag->position_age))
        .end_object();
  writer.end_object();
}

ServerReply status_reply(const ExporterView& view, const ServerView& server, const Judgement& judgement) {
  JsonWriter writer;
  writer.begin_object();
  write_state(writer, server);
  writer
      .object("patroni")  // what clients that show a node look for
      .field("version", kVersion)
      .field("scope", server.observation->cluster)
      .field("name", server.observation->server)
      .end_object();
  write_evidence(writer, view, server, judgement);
  writer.end_object();
  return json_reply(judgement.yes ? 200 : 503, writer);
}

ServerReply answer(const HealthCheck& check, const ExporterView& view, const std::string& name,
                   const std::string& query_text) {
  const auto server = std::ranges::find_if(
      view.servers, [&](const ServerView& one) { return one.observation->server == name; });
  if (server == view.servers.end())
    return refuse(404, "not_found", fmt::format("the topology has no server '{}'", name));
  const Result<HealthQuery> query = parse_health_query(query_text, check.takes);
  if (!query) return refuse(400, "bad_request", query.error().message);
  return status_reply(view, *server, check.judge(view, *server, *query));
}

Route health_route(const std::string& path, Handler handler) {
  Route route;
  route.method = "GET";
  route.path = path;
  route.answers_options = true;
  route.handler = std::move(handler);
  return route;
}

}  // namespace

std::vector<Route> health_routes(std::function<ExporterView()> view, const std::string& own_server) {
  std::vector<Route> routes;
  for (const HealthCheck& check : health_checks()) {
    const std::string path(check.path);
    routes.push_back(health_route("/server/{name}" + path, [view, &check](const ServerRequest& request) {
      return answer(check, view(), request.path_parameters.at("name"), request.query);
    }));
    if (own_server.empty()) continue;
    routes.push_back(health_route(path, [view, &check, own_server](const ServerRequest& request) {
      return answer(check, view(), own_server, request.query);
    }));
  }
  return routes;
}

}  // namespace farshore
