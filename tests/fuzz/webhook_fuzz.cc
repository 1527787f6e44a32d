// The whole way of a delivery: body, verdicts, journal, answer. Whatever is posted, only an alert that names
// the primary of the reign exactly may make anybody look; everything else is refused, and everything is in
// the journal.
#include "actuator/webhook/webhook.h"

#include "actuator/webhook/judge.h"
#include "actuator/webhook/payload.h"
#include "common/base/log.h"
#include "common/http/router.h"
#include "common/json/json_value.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_journal.h"
#include "tests/fakes/recording_control.h"
#include "tests/fuzz/fuzz.h"

namespace farshore::fuzz {
namespace {

Topology make_topology() {
  Topology topology;
  for (const auto& [name, region] : {std::pair("orders", "eu-west-1"), std::pair("billing", "us-east-1")}) {
    ServerConfig server;
    server.name = "pg-1";
    server.region = region;
    ClusterConfig& cluster = topology.clusters.emplace_back();
    cluster.name = name;
    cluster.servers = {server};
  }
  return topology;
}

void check_record(const AlertRecord& alert) {
  for (const auto* text : {&alert.alertname, &alert.action, &alert.cluster, &alert.region, &alert.server,
                           &alert.fingerprint, &alert.verdict, &alert.reason})
    require(is_printable(*text) && text->size() < 1000, "a record holds short printable text", *text);
  for (const auto* text : {&alert.alertname, &alert.cluster, &alert.server})
    require(text->find_first_of("<>&\"\\") == std::string::npos || text->find("\\x") != std::string::npos,
            "nothing of an alert can be mark-up", *text);
  if (!alert.verdict.empty()) {
    require(!alert.reason.empty() || alert.verdict == "duplicate", "a verdict has a reason", alert.verdict);
    return;
  }
  require(alert.alertname == kFailoverAlert && alert.action == kFailoverAction, "only our alert is pending");
  const bool orders = alert.cluster == "orders" && alert.region == "eu-west-1" && alert.epoch == 2;
  const bool billing = alert.cluster == "billing" && alert.region == "us-east-1" && alert.epoch == 5;
  require((orders || billing) && alert.server == "pg-1", "a pending alert names the primary of the reign",
          alert.cluster);
}

void check_delivery(const WebhookDelivery& delivery) {
  require(delivery.alerts.size() <= kMaxAlertsPerDelivery, "a delivery is bounded");
  for (const auto& alert : delivery.alerts) {
    require(is_printable(harmless(alert.alertname)), "harmless text is printable");
    const auto epoch = parse_epoch(alert.epoch);
    require(!epoch || *epoch > 0, "an epoch is positive", alert.epoch);
  }
}

}  // namespace
}  // namespace farshore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace farshore;
  using fuzz::require;
  static const Topology topology = fuzz::make_topology();
  [[maybe_unused]] static const bool quiet = (init_logging(LogLevel::kError, LogFormat::kLogfmt), true);
  FakeClock clock;
  MemoryJournal journal;
  RecordingControl control;
  WebhookCounters counters;
  require(journal.adopt({"orders", 2, "pg-1", 1, "77", clock.wall_now()}).has_value() &&
              journal.adopt({"billing", 5, "pg-1", 1, "78", clock.wall_now()}).has_value(),
          "the reigns are adopted");
  const Route route = webhook_route(journal, control, topology, clock, counters);
  ServerRequest request;
  request.principal = "alertmanager";
  request.body = fuzz::text_of(data, size);
  const auto delivery = parse_delivery(request.body);
  const ServerReply reply = route.handler(request);
  require(reply.status == (delivery ? 202 : 400), "what can be read is taken, all else is refused",
          reply.body);
  require(parse_json(reply.body).has_value(), "the answer is JSON", reply.body);
  const auto alerts = journal.recent_alerts(kMaxAlertsPerDelivery + 1);
  require(alerts && alerts->size() == (delivery ? delivery->alerts.size() : 0),
          "every alert is journaled once");
  if (delivery) fuzz::check_delivery(*delivery);
  bool accepted = false;
  for (const auto& alert : *alerts) {
    fuzz::check_record(alert);
    accepted = accepted || alert.verdict.empty();
  }
  require(accepted == !control.asked().empty(),
          "a worker is woken for an accepted alert and for nothing else");
  return 0;
}
