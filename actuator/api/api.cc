#include "actuator/api/api.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "actuator/api/metrics.h"
#include "actuator/api/records_json.h"
#include "actuator/webhook/webhook.h"
#include "common/json/json_value.h"
#include "common/json/json_writer.h"

namespace farshore {
namespace {

constexpr size_t kMaxActionBody = size_t{4} << 10;
constexpr size_t kMaxReason = 500;
constexpr size_t kDefaultLimit = 50;
constexpr size_t kMaxLimit = 1000;

ServerReply json(int status, const JsonWriter& writer) {
  return {status, "application/json", writer.str() + "\n", {}};
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kPermission:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kUnknown:
      return 503;
    case ErrorCode::kCorrupt:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

ServerReply error_reply(const Error& error) {
  JsonWriter writer;
  writer.begin_object().object("error");
  writer.field("code", to_string(error.code)).field("message", error.message).end_object().end_object();
  return json(status_of(error.code), writer);
}

// "limit=20" of the query, within bounds; anything else in the query is ignored.
size_t limit_of(const std::string& query) {
  constexpr std::string_view kKey = "limit=";
  size_t at = query.starts_with(kKey) ? 0 : query.find("&limit=");
  if (at == std::string::npos) return kDefaultLimit;
  if (query[at] == '&') ++at;
  size_t limit = kDefaultLimit;
  const char* start = query.data() + at + kKey.size();
  std::from_chars(start, query.data() + query.size(), limit);
  return std::clamp<size_t>(limit, 1, kMaxLimit);
}

class Api {
 public:
  explicit Api(const ApiDeps& deps) : deps_(deps) {}

  // ---- reading ----

  ServerReply status(const ServerRequest&) {
    JsonWriter writer;
    write_status(writer, deps_.control.status(), deps_.clock.wall_now(), deps_.clock.boot_now());
    return json(200, writer);
  }

  ServerReply runs(const ServerRequest& request) {
    const auto runs = deps_.journal.runs(limit_of(request.query));
    if (!runs) return error_reply(runs.error());
    JsonWriter writer;
    writer.begin_object().array("runs");
    for (const auto& run : *runs) write_run(writer, run);
    writer.end_array().end_object();
    return json(200, writer);
  }

  ServerReply run(const ServerRequest& request) {
    const auto run = deps_.journal.run(request.path_parameters.at("id"));
    if (!run) return error_reply(run.error());
    const auto steps = deps_.journal.steps(run->id);
    if (!steps) return error_reply(steps.error());
    JsonWriter writer;
    write_run_detail(writer, *run, *steps);
    return json(200, writer);
  }

  ServerReply alerts(const ServerRequest& request) {
    const auto alerts = deps_.journal.recent_alerts(limit_of(request.query));
    if (!alerts) return error_reply(alerts.error());
    JsonWriter writer;
    writer.begin_object().array("alerts");
    for (const auto& alert : *alerts) write_alert(writer, alert);
    writer.end_array().end_object();
    return json(200, writer);
  }

  ServerReply alert(const ServerRequest& request) {
    const auto& text = request.path_parameters.at("id");
    int64_t id = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (wrong != std::errc() || end != text.data() + text.size())
      return error_reply({ErrorCode::kNotFound, "an alert has a number, as GET /api/v1/alerts gives it"});
    const auto alert = deps_.journal.alert(id);
    if (!alert) return error_reply(alert.error());
    JsonWriter writer;
    write_alert(writer, *alert);
    return json(200, writer);
  }

  ServerReply plan(const ServerRequest& request) {
    const auto& name = request.path_parameters.at("cluster");
    for (const auto& cluster : deps_.control.status()) {
      if (cluster.cluster != name) continue;
      if (!cluster.plan)
        return error_reply({ErrorCode::kUnavailable, "the failover of " + name + " is not rehearsed yet"});
      JsonWriter writer;
      write_plan(writer, *cluster.plan, deps_.clock.boot_now());
      return json(200, writer);
    }
    return error_reply({ErrorCode::kNotFound, "no cluster '" + name + "'"});
  }

  ServerReply metrics(const ServerRequest&) {
    MetricsInput input;
    input.clusters = deps_.control.status();
    if (auto counts = deps_.journal.count_runs()) input.runs = std::move(*counts);
    input.newest_runs = newest_runs(deps_.journal, deps_.clock.wall_now());
    input.webhook = deps_.counters.snapshot();
    input.boot_now = deps_.clock.boot_now();
    if (deps_.failed_sign_ins) input.failed_sign_ins = deps_.failed_sign_ins();
    if (deps_.notifications) input.notifications = deps_.notifications();
    input.journal_writable = deps_.journal.check_writable(deps_.clock.boot_now()).has_value();
    return {200, "text/plain; version=0.0.4; charset=utf-8", render_metrics(input, deps_.topology), {}};
  }

  // Ready means: a webhook would be durable.
  ServerReply ready(const ServerRequest&) {
    if (auto writable = deps_.journal.check_writable(deps_.clock.boot_now()); !writable)
      return error_reply(
          {writable.error().code, "the journal cannot be written: " + writable.error().message});
    return {200, "text/plain; charset=utf-8", "ready\n", {}};
  }

  // ---- acting ----

  ServerReply pause(const ServerRequest& request) {
    auto reason = text_of(request, "reason");
    if (!reason) return error_reply(reason.error());
    const auto& cluster = request.path_parameters.at("cluster");
    return done("paused", cluster, deps_.control.pause(cluster, request.principal, *reason));
  }
  ServerReply resume(const ServerRequest& request) {
    const auto& cluster = request.path_parameters.at("cluster");
    return done("resumed", cluster, deps_.control.resume(cluster, request.principal));
  }
  ServerReply unlatch(const ServerRequest& request) {
    return done("unlatched", "every cluster", deps_.control.unlatch(request.principal));
  }
  ServerReply adopt(const ServerRequest& request) {
    auto server = text_of(request, "server");
    if (!server) return error_reply(server.error());
    const auto& cluster = request.path_parameters.at("cluster");
    return done("adopted", *server, deps_.control.adopt(cluster, request.principal, *server));
  }
  ServerReply approve(const ServerRequest& request) {
    auto digest = text_of(request, "digest");
    if (!digest) return error_reply(digest.error());
    const auto& id = request.path_parameters.at("id");
    return done("approved", id, deps_.control.approve(id, request.principal, *digest));
  }
  ServerReply retry(const ServerRequest& request) {
    const auto& id = request.path_parameters.at("id");
    return done("retried", id, deps_.control.retry(id, request.principal));
  }
  ServerReply abandon(const ServerRequest& request) {
    const auto& id = request.path_parameters.at("id");
    return done("abandoned", id, deps_.control.abandon(id, request.principal));
  }

 private:
  static Result<std::string> text_of(const ServerRequest& request, std::string_view key) {
    const auto body = parse_json(request.body, kMaxActionBody);
    if (!body) return tl::unexpected(body.error());
    auto text = body->get_string(key);
    if (!text)
      return fail(ErrorCode::kInvalidArgument, "{}", text.error().message);  // not 404: the path is right
    if (text->empty() || text->size() > kMaxReason) {
      return fail(ErrorCode::kInvalidArgument, "{} must have 1 to {} bytes", key, kMaxReason);
    }
    return text;
  }

  static ServerReply done(std::string_view what, const std::string& on, const Status& status) {
    if (!status) return error_reply(status.error());
    JsonWriter writer;
    writer.begin_object().field(what, on).end_object();
    return json(200, writer);
  }

  ApiDeps deps_;
};

ServerReply healthy(const ServerRequest&) { return {200, "text/plain; charset=utf-8", "healthy\n", {}}; }

}  // namespace

std::vector<Route> actuator_routes(const ApiDeps& deps) {
  const auto api = std::make_shared<Api>(deps);
  const auto call = [&api](ServerReply (Api::*member)(const ServerRequest&)) -> Handler {
    return [api, member](const ServerRequest& request) { return ((*api).*member)(request); };
  };
  const std::set<Role> readers = {Role::kViewer, Role::kOperator};
  const std::set<Role> operators = {Role::kOperator};
  const auto action = [&](const std::string& path, ServerReply (Api::*member)(const ServerRequest&)) {
    return Route{"POST", path, call(member), operators, kMaxActionBody, "application/json", {}};
  };
  return {
      webhook_route(deps.journal, deps.control, deps.topology, deps.clock, deps.counters),
      {"GET", "/api/v1/status", call(&Api::status), readers},
      {"GET", "/api/v1/runs", call(&Api::runs), readers},
      {"GET", "/api/v1/runs/{id}", call(&Api::run), readers},
      {"GET", "/api/v1/alerts", call(&Api::alerts), readers},
      {"GET", "/api/v1/alerts/{id}", call(&Api::alert), readers},
      {"GET", "/api/v1/clusters/{cluster}/plan", call(&Api::plan), readers},
      action("/api/v1/clusters/{cluster}/pause", &Api::pause),
      action("/api/v1/clusters/{cluster}/resume", &Api::resume),
      action("/api/v1/unlatch", &Api::unlatch),
      action("/api/v1/clusters/{cluster}/adopt", &Api::adopt),
      action("/api/v1/runs/{id}/approve", &Api::approve),
      action("/api/v1/runs/{id}/retry", &Api::retry),
      action("/api/v1/runs/{id}/abandon", &Api::abandon),
      {"GET", "/metrics", call(&Api::metrics), {}},
      {"GET", "/-/healthy", healthy, {}},
      {"GET", "/-/ready", call(&Api::ready), {}},
  };
}

}  // namespace farshore
