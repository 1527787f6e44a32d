#include "examples/app/routes.h"

#include <httplib.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace farshore::example {
namespace {

constexpr size_t kLongestText = 200;
constexpr int kMostIds = 100'000;

using Json = rapidjson::Writer<rapidjson::StringBuffer>;
using Fields = std::vector<std::pair<const char*, std::string>>;

void answer(httplib::Response& response, int status, const Fields& fields) {
  rapidjson::StringBuffer text;
  Json json(text);
  json.StartObject();
  for (const auto& [name, value] : fields) {
    json.Key(name);
    json.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
  }
  json.EndObject();
  response.status = status;
  response.set_content(std::string(text.GetString(), text.GetSize()) + "\n", "application/json");
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 409;
    case ErrorCode::kUnknown:
      return 504;
    default:
      return 503;
  }
}

void answer(httplib::Response& response, const Error& error) {
  answer(response, status_of(error.code), {{"error", error.message}});
}

std::optional<std::string> text_field(const rapidjson::Document& body, const char* name) {
  const auto found = body.FindMember(name);
  if (found == body.MemberEnd() || !found->value.IsString()) return std::nullopt;
  std::string text(found->value.GetString(), found->value.GetStringLength());
  const bool printable = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20; });
  if (text.empty() || text.size() > kLongestText || !printable) return std::nullopt;
  return text;
}

std::optional<Order> parse_order(const std::string& text) {
  rapidjson::Document body;
  body.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(),
                                                                                     text.size());
  if (body.HasParseError() || !body.IsObject()) return std::nullopt;
  auto id = text_field(body, "id");
  auto item = text_field(body, "item");
  if (!id || !item) return std::nullopt;
  return Order{std::move(*id), std::move(*item)};
}

void health(const httplib::Request& request, httplib::Response& response, OrderStore& store,
            const Settings& settings, Deadline deadline) {
  const auto role = store.role(deadline);
  if (!role) {
    answer(response, 503, {{"status", "down"}, {"region", settings.region}, {"error", role.error().message}});
    return;
  }
  const bool wanted = request.get_param_value("require") != "writable" || role->writable;
  answer(response, wanted ? 200 : 503,
         {{"status", wanted ? "ok" : "not writable"},
          {"region", settings.region},
          {"role", role->in_recovery ? "standby" : "primary"},
          {"writable", role->writable ? "yes" : "no"}});
}

void place_order(const httplib::Request& request, httplib::Response& response, OrderStore& store,
                 const Settings& settings, Deadline deadline) {
  const auto order = parse_order(request.body);
  if (!order) {
    answer(response, 400, {{"error", "want {\"id\": text, \"item\": text}, each of 1 to 200 bytes"}});
    return;
  }
  const auto lsn = store.place(*order, deadline);
  if (!lsn) {
    answer(response, lsn.error());
    return;
  }
  answer(response, 200, {{"id", order->id}, {"lsn", *lsn}, {"region", settings.region}});
}

void list_ids(const httplib::Request& request, httplib::Response& response, OrderStore& store,
              Deadline deadline) {
  int limit = kMostIds;
  if (request.has_param("limit")) {
    limit = std::clamp(std::atoi(request.get_param_value("limit").c_str()), 1, kMostIds);
  }
  const auto ids = store.ids(request.get_param_value("after"), limit, deadline);
  if (!ids) {
    answer(response, ids.error());
    return;
  }
  rapidjson::StringBuffer text;
  Json json(text);
  json.StartObject();
  json.Key("ids");
  json.StartArray();
  for (const auto& id : *ids) json.String(id.c_str(), static_cast<rapidjson::SizeType>(id.size()));
  json.EndArray();
  json.EndObject();
  response.set_content(std::string(text.GetString(), text.GetSize()) + "\n", "application/json");
}

}  // namespace

void add_routes(httplib::Server& server, OrderStore& store, const Settings& settings) {
  using httplib::Request;
  using httplib::Response;
  const auto deadline = [&settings] { return std::chrono::steady_clock::now() + settings.request_limit; };
  server.Get("/healthz", [&, deadline](const Request& request, Response& response) {
    health(request, response, store, settings, deadline());
  });
  server.Post("/orders", [&, deadline](const Request& request, Response& response) {
    place_order(request, response, store, settings, deadline());
  });
  server.Get("/orders/count", [&, deadline](const Request&, Response& response) {
    const auto count = store.count(deadline());
    if (!count) {
      answer(response, count.error());
      return;
    }
    response.set_content("{\"count\":" + *count + "}\n", "application/json");
  });
  server.Get("/orders/ids", [&, deadline](const Request& request, Response& response) {
    list_ids(request, response, store, deadline());
  });
}

}  // namespace farshore::example
