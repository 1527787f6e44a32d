#include "actuator/webhook/webhook.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "actuator/webhook/judge.h"
#include "actuator/webhook/payload.h"
#include "common/base/log.h"
#include "common/json/json_writer.h"

namespace farshore {
namespace {

constexpr size_t kMaxBodyBytes = size_t{1} << 20;

ServerReply json_error(int status, std::string_view code, const std::string& message) {
  JsonWriter writer;
  writer.begin_object()
      .object("error")
      .field("code", code)
      .field("message", message)
      .end_object()
      .end_object();
  return {status, "application/json", writer.str() + "\n", {}};
}

std::string_view verdict_name(const AlertRecord& alert) {
  return alert.verdict.empty() ? std::string_view("pending") : std::string_view(alert.verdict);
}

class Webhook {
 public:
  Webhook(Journal& journal, Control& control, const Topology& topology, Clock& clock,
          WebhookCounters& counters)
      : journal_(journal), control_(control), topology_(topology), clock_(clock), counters_(counters) {}

  ServerReply receive(const ServerRequest& request) {
    const auto delivery = parse_delivery(request.body);
    if (!delivery) {
      counters_.count_refused("malformed");
      return json_error(400, "malformed", harmless(delivery.error().message));
    }
    auto alerts = judge_all(*delivery, request.principal);
    if (!alerts) return no_journal(alerts.error());
    if (alerts->empty()) return answer(*alerts);
    // First, so that no worker can see the second region while the latch is still open.
    if (auto noted = note_losses(*alerts); !noted) return no_journal(noted.error());
    if (auto status = journal_.record_alerts(*alerts); !status) return no_journal(status.error());
    after_commit(*alerts);
    return answer(*alerts);
  }

 private:
  Result<std::vector<AlertRecord>> judge_all(const WebhookDelivery& delivery, const std::string& principal) {
    const WallTime now = clock_.wall_now();
    std::map<std::string, std::optional<Reign>> reigns;
    for (const auto& cluster : topology_.clusters) {
      auto reign = journal_.reign(cluster.name);
      if (!reign) return tl::unexpected(reign.error());
      reigns[cluster.name] = std::move(*reign);
    }
    std::vector<AlertRecord> records;
    for (const auto& alert : delivery.alerts) {
      const auto reign = reigns.find(alert.cluster);
      const auto judgement = judge_alert(alert, delivery.truncated > 0, topology_,
                                         reign == reigns.end() ? std::nullopt : reign->second, now);
      records.push_back(record(alert, judgement, principal, now));
    }
    return records;
  }

  Status note_losses(const std::vector<AlertRecord>& alerts) {
    std::vector<AlertRecord> losses;
    for (const auto& alert : alerts)
      if (alert.verdict.empty()) losses.push_back(alert);
    return losses.empty() ? Status() : control_.note_losses(losses);
  }

  static AlertRecord record(const WebhookAlert& alert, const Judgement& judgement,
                            const std::string& principal, WallTime now) {
    AlertRecord record;
    record.received_at = now;
    record.principal = principal;
    record.status = alert.status.value_or(AlertStatus::kFiring);
    record.alertname = harmless(alert.alertname);
    record.action = harmless(alert.action);
    record.cluster = harmless(alert.cluster);
    record.region = harmless(alert.region);
    record.server = harmless(alert.server);
    record.fingerprint = harmless(alert.fingerprint);
    record.epoch = parse_epoch(alert.epoch).value_or(0);
    record.starts_at = alert.starts_at.value_or(WallTime{});
    record.verdict = judgement.verdict;
    record.reason = judgement.reason;
    return record;
  }
  ServerReply no_journal(const Error& error) {
    counters_.count_refused("journal");
    log_error("webhook refused: the journal cannot be written", {{"error", error.message}});
    return json_error(503, "unavailable", "the journal cannot be written; deliver again");
  }

  // Only now may anything follow from the alerts: they are on the disk.
  void after_commit(const std::vector<AlertRecord>& alerts) {
    std::set<std::string> to_wake;
    std::vector<const AlertRecord*> refused;
    for (const auto& alert : alerts) {
      counters_.count_alert(verdict_name(alert));
      const bool watchdog = alert.action == kWatchdogAction && alert.status == AlertStatus::kFiring;
      if (watchdog && alert.verdict == "noted") counters_.saw_watchdog(alert.received_at);
      if (alert.verdict.empty()) to_wake.insert(alert.cluster);
      if (alert.verdict == "refused") refused.push_back(&alert);
    }
    if (!refused.empty()) {  // one line whatever the storm: the journal has all of them
      log_warn("alerts refused", {{"count", refused.size()},
                                  {"cluster", refused.front()->cluster},
                                  {"first_reason", refused.front()->reason}});
    }
    for (const auto& cluster : to_wake) {
      log_info("alert accepted", {{"cluster", cluster}, {"by", alerts.front().principal}});
      control_.wake(cluster);
    }
  }

  static ServerReply answer(const std::vector<AlertRecord>& alerts) {
    std::map<std::string, int64_t> counts;
    for (const auto& alert : alerts) ++counts[std::string(verdict_name(alert))];
    JsonWriter writer;
    writer.begin_object();
    for (const auto& [verdict, count] : counts) writer.field(verdict, count);
    writer.end_object();
    return {202, "application/json", writer.str() + "\n", {}};
  }

  Journal& journal_;
  Control& control_;
  const Topology& topology_;
  Clock& clock_;
  WebhookCounters& counters_;
};

}  // namespace

Route webhook_route(Journal& journal, Control& control, const Topology& topology, Clock& clock,
                    WebhookCounters& counters) {
  auto webhook = std::make_shared<Webhook>(journal, control, topology, clock, counters);
  Route route;
  route.method = "POST";
  route.path = "/api/v1/alerts";
  route.handler = [webhook](const ServerRequest& request) { return webhook->receive(request); };
  route.roles = {Role::kWebhook};
  route.max_body_bytes = kMaxBodyBytes;
  route.content_type = "application/json";
  route.on_refused = [&counters](std::string_view reason) { counters.count_refused(reason); };
  return route;
}

}  // namespace farshore
