// What the exporter reads of a request: the path of a health check, its query, and the query of /probe. The
// input's first line is path and query as they stand in a request, the rest is a query alone.
#include <limits>
#include <set>
#include <span>

#include "common/http/query.h"
#include "common/http/router.h"
#include "common/json/json_value.h"
#include "exporter/collectors/collector.h"
#include "exporter/health/health_query.h"
#include "exporter/health/health_routes.h"
#include "exporter/probe.h"
#include "tests/exporter/world.h"
#include "tests/fuzz/fuzz.h"

// In place of the registry's: those by which the modules of /probe judge. What the others would add to a page
// is not read from a request.
std::span<const farshore::Row> farshore::collectors() {
  static constexpr Row kJudged[] = {{&kAvailabilityCollector, Teller::kEveryVantage},
                                    {&kApplicationCollector, Teller::kEveryVantage},
                                    {&kDnsRecordCollector, Teller::kEveryVantage}};
  return kJudged;
}

namespace farshore::fuzz {
namespace {

const ExporterView& view() {
  static const ExporterView made = [] {
    ExporterView result = view_of(
        {primary(), standby(), silent(answering("shop-ap", "eu-central", {}), FailureClass::kTimeout)});
    ApplicationObservation application;
    application.application = "shop-api";
    application.finished = kNow;
    result.watch.applications = std::make_shared<const ApplicationList>(ApplicationList{application});
    DnsObservation record;
    record.record = "orders.example.com";
    record.nameserver = kUnknownNameserver;
    result.watch.records = std::make_shared<const DnsList>(DnsList{record});
    result.watch.now = kNow;
    result.watch.limit = 10s;
    return result;
  }();
  return made;
}

const std::set<std::string, std::less<>> kServers = {"shop-us", "shop-eu", "shop-ap"};

void check_split(std::string_view text) {
  const Result<QueryKeys> keys = split_query(text);
  if (!keys) {
    require(keys.error().code == ErrorCode::kInvalidArgument, "a wrong query is an invalid argument");
    return;
  }
  std::set<std::string_view> names;
  std::string again;
  for (const auto& [key, value] : *keys) {
    require(names.insert(key).second, "no key is taken twice", text);
    require(key.find_first_of("=&") == std::string_view::npos && value.find('&') == std::string_view::npos,
            "a key ends at '=', a value at '&'", text);
    again += fmt::format("{}{}={}", again.empty() ? "" : "&", key, value);
  }
  const Result<QueryKeys> same = split_query(again);
  require(same.has_value() && *same == *keys, "keys and values that are joined again are the same", text);
}

// Counted step by step, and too large once is too large.
void check_lag(std::string_view text) {
  const std::optional<int64_t> lag = parse_lag(text);
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  const size_t power = unit.empty() || unit == "B" ? 0 : std::string_view("?kMGT").find(unit[0]);
  const bool known =
      unit.empty() || unit == "B" ||
      (unit.size() == 2 && unit[0] != '?' && unit[1] == 'B' && power != std::string_view::npos);
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  uint64_t bytes = 0;
  for (const char c : text.substr(0, digits))
    bytes = bytes > kMost / 10 ? kMost + 1 : bytes * 10 + static_cast<unsigned>(c - '0');
  for (size_t i = 0; known && i < power; ++i) bytes = bytes > kMost / 1024 ? kMost + 1 : bytes * 1024;
  const bool right = digits > 0 && known && bytes <= kMost;
  require(lag.has_value() == right, "a lag is digits with a known unit that fit, and nothing else", text);
  if (lag) require(static_cast<uint64_t>(*lag) == bytes, "and it is that many bytes", text);
}

void check_health_query(std::string_view text) {
  for (unsigned takes = 0; takes <= (kTakesLag | kTakesState | kTakesMode); ++takes) {
    const Result<HealthQuery> query = parse_health_query(text, takes);
    if (!query) {
      require(query.error().code == ErrorCode::kInvalidArgument, "a wrong query is an invalid argument");
      continue;
    }
    const bool asks = query->lag || query->streaming || query->mode != LagOf::kApply;
    require(!asks || takes != 0, "a path is asked only what it knows", text);
    require(!query->lag || ((takes & kTakesLag) != 0 && text.find("lag=") != std::string_view::npos),
            "a lag was given, where one is known", text);
    require(query->lag.has_value() || text.find("lag=") == std::string_view::npos,
            "a limit that was given is never left out", text);
    require(!query->streaming || text.find("replication_state=streaming") != std::string_view::npos,
            "streaming is asked for by its word", text);
  }
}

void check_answer(const ServerReply& reply, const Router::Match& match, std::string_view sent) {
  const auto json = parse_json(reply.body);
  require(json.has_value(), "an answer is JSON", reply.body);
  const auto named = match.parameters.find("name");
  const std::string name = named == match.parameters.end() ? "shop-us" : named->second;
  require((reply.status == 404) == !kServers.contains(name), "only servers of the topology are known", sent);
  if (reply.status == 404 || reply.status == 400) {
    require(json->get_object("error").has_value(), "a refusal says why", reply.body);
    return;
  }
  require(reply.status == 200 || reply.status == 503, "the rest is yes or no", sent);
  const auto evidence = json->get_object("farshore");
  require(evidence && evidence->get_bool("answer") == (reply.status == 200), "status and evidence agree",
          reply.body);
  require(evidence->get_string("server") == name, "and are about the server that was asked for", reply.body);
}

void check_path(std::string_view path, const std::string& query) {
  static const Router router = Router::build(health_routes(view, "shop-us")).value();
  for (const std::string_view method : {"GET", "OPTIONS"}) {
    const Router::Match match = router.match(method, path);
    if (match.route == nullptr) continue;
    ServerRequest request;
    request.path_parameters = match.parameters;
    request.query = query;
    check_answer(match.route->handler(request), match, path);
  }
}

void check_probe(const std::string& query) {
  const Result<std::string> page = render_probe(view(), query);
  if (!page) {
    require(page.error().code == ErrorCode::kInvalidArgument, "a wrong probe is an invalid argument");
    return;
  }
  std::string target, module = "postgres";
  const QueryKeys keys = split_query(query).value();
  for (const auto& [key, value] : keys) (key == "target" ? target : module) = value;
  require(module == "postgres" ? kServers.contains(target)
          : module == "http"   ? target == "shop-api"
                               : module == "dns" && target == "orders.example.com",
          "only what the topology holds is looked at", query);
  require(page->find("\nprobe_success ") != std::string::npos, "a probe says what came of it", *page);
  std::string_view rest = *page;
  while (!rest.empty()) {
    const std::string_view line = take(rest, '\n');
    if (line.starts_with("farshore_"))
      require(line.find("=\"" + target + "\"") != std::string_view::npos, "a series is the target's", line);
  }
}

}  // namespace
}  // namespace farshore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace farshore::fuzz;
  std::string_view rest = text_of(data, size);
  std::string_view target = take(rest, '\n');
  const std::string_view path = take(target, '?');
  check_path(path, std::string(target));
  check_probe(std::string(target));
  for (const std::string_view query : {target, rest}) {
    check_split(query);
    check_health_query(query);
    check_lag(query);
  }
  return 0;
}
