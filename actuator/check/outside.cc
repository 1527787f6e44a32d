#include "actuator/check/outside.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "actuator/check/lines.h"
#include "actuator/traffic/nameserver_view.h"
#include "common/json/json_value.h"
#include "common/topology/record_key.h"

namespace farshore {
namespace {

constexpr size_t kMostMetrics = size_t{8} << 20;

Result<std::string> get(HttpClient& http, const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.timeout = kCheckLimit;
  request.max_response_bytes = kMostMetrics;
  const auto response = http.send(request);
  if (!response) return tl::unexpected<Error>(response.error());
  if (response->status != 200) return fail(ErrorCode::kUnavailable, "answers {}", response->status);
  return response->body;
}

// instance -> up, of the exporters that this Prometheus scrapes.
Result<std::map<std::string, bool>> scraped(const std::string& body) {
  const auto answer = parse_json(body, kMostMetrics);
  if (!answer) return tl::unexpected<Error>(answer.error());
  const auto data = answer->get_object("data");
  if (!data) return tl::unexpected<Error>(data.error());
  const auto series = data->get_array("result");
  if (!series) return tl::unexpected<Error>(series.error());
  std::map<std::string, bool> found;
  for (const JsonValue& one : *series) {
    const auto metric = one.get_object("metric");
    const auto value = one.get_array("value");
    if (!metric || !value || value->size() != 2) return fail(ErrorCode::kCorrupt, "no answer of Prometheus");
    found[metric->get_string("instance").value_or("")] = (*value)[1].as_string().value_or("") == "1";
  }
  return found;
}

// What a switch would not reach clients in time by. That it cannot be looked at was told with where it
// points.
void say_faults(TrafficSwitch& traffic, Lines& lines, BootTime deadline) {
  const auto faults = traffic.faults(deadline);
  if (!faults) return;
  for (const std::string& fault : *faults)
    lines.fail(fault, "correct it at the provider before the day: clients would not follow in time");
}

}  // namespace

std::vector<CheckLine> check_traffic(const TrafficConfig& config, TrafficSwitch& traffic, BootTime deadline) {
  Lines lines("traffic " + record_key(config));
  const auto current = traffic.current(deadline);
  if (!current)
    lines.fail("the provider does not say where it points: " + current.error().message,
               "check its address, key and record, or the 'read' command");
  else if (std::ranges::none_of(config.targets,
                                [&](const auto& target) { return target.second == *current; }))
    lines.warn(fmt::format("points at {}, which is no target of the topology", *current),
               "correct the record or the targets");
  else
    lines.ok("points at " + *current);
  say_faults(traffic, lines, deadline);
  const auto view = traffic.observed(deadline);
  if (!view) {
    lines.fail("what clients get cannot be seen: " + view.error().message, "check the name servers");
    return lines.take();
  }
  for (const NameServerAnswer& answer : view->answers) {
    if (!answer.failure.empty())
      lines.fail(fmt::format("{}: {}", answer.nameserver, answer.failure),
                 "name servers of the topology must answer with authority for the record");
    else if (current && !(answer.addresses.size() == 1 && answer.addresses.front() == *current))
      lines.warn(fmt::format("{} gives {}", answer.nameserver, fmt::join(answer.addresses, ", ")),
                 "wait until it has what the provider says; else see why it does not follow");
    else
      lines.ok(answer.nameserver + " answers");
  }
  return lines.take();
}

std::vector<CheckLine> check_ttl(const TrafficConfig& config, DnsResolver& dns, const Clock& clock,
                                 BootTime deadline) {
  Lines lines("traffic " + record_key(config));
  if (config.type.empty()) return lines.take();
  const auto nameservers = nameservers_for(dns, clock, config, deadline);
  if (!nameservers) return lines.take();  // told with what clients get
  for (const std::string& nameserver : *nameservers) {
    const auto answer = dns.ask(nameserver, config.name, config.type, deadline);
    if (!answer || answer->answers.empty()) continue;
    const seconds ttl(answer->answers.front().ttl_seconds);
    if (ttl > config.ttl)
      lines.fail(
          fmt::format("its TTL is {} s, the topology says {:.0f} s", ttl.count(), to_seconds(config.ttl)),
          "lower it at the provider: clients stay away for as long");
    else
      lines.ok(fmt::format("its TTL is {} s", ttl.count()));
    break;
  }
  return lines.take();
}

std::vector<CheckLine> check_prometheus(const RegionUrl& server, const Topology& topology, HttpClient& http) {
  Lines lines("prometheus " + server.region);
  const auto body =
      get(http, server.url + "/api/v1/query?query=" + url_encode("up{job=\"farshore-exporter\"}"));
  const auto up = body ? scraped(*body) : tl::unexpected<Error>(body.error());
  if (!up) {
    lines.fail("does not answer a query: " + up.error().message,
               "start it, or correct its url: it votes on every outage");
    return lines.take();
  }
  bool all = true;
  for (const ExporterAddress& exporter : topology.exporters) {
    const auto found = up->find(exporter.address);
    if (found != up->end() && found->second) continue;
    all = false;
    lines.fail(fmt::format("{} the exporter {} of {}", found == up->end() ? "does not know" : "cannot scrape",
                           exporter.address, exporter.vantage),
               "use what 'farshorectl generate prometheus' prints, and open the network");
  }
  if (all) lines.ok(fmt::format("answers and scrapes {} exporters", topology.exporters.size()));
  return lines.take();
}

std::vector<CheckLine> check_alertmanager(const RegionUrl& server, HttpClient& http) {
  Lines lines("alertmanager " + server.region);
  if (const auto body = get(http, server.url + "/-/ready"); !body)
    lines.fail("is not ready: " + body.error().message, "start it, or correct its url");
  else
    lines.ok("is ready");
  return lines.take();
}

std::vector<CheckLine> check_exporter(const ExporterAddress& exporter, HttpClient& http) {
  Lines lines("exporter " + exporter.vantage);
  const auto body = get(http, "http://" + exporter.address + "/metrics");
  if (!body)
    lines.fail("does not answer: " + body.error().message, "start it, or correct its address");
  else if (body->find("vantage=\"" + exporter.vantage + "\"") == std::string::npos)
    lines.fail("answers as another vantage", "start it with --vantage=" + exporter.vantage);
  else
    lines.ok("answers as " + exporter.vantage);
  return lines.take();
}

std::vector<CheckLine> check_hook(const HookConfig& hook) {
  Lines lines("hook " + hook.name);
  for (const auto* command : {&hook.act, &hook.check}) {
    if (command->empty()) continue;
    const std::string& program = command->front();
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(program, ignored) || access(program.c_str(), X_OK) != 0)
      lines.fail(program + " cannot be run", "put it there, executable for the user of the actuator");
    else
      lines.ok(program + " can be run");
  }
  if (hook.check.empty())
    lines.warn("has no check: nobody will know whether it took effect", "add one, if it can be seen");
  return lines.take();
}

}  // namespace farshore
