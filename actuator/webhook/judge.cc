#include "actuator/webhook/judge.h"

#include <algorithm>

#include "common/http/router.h"

namespace farshore {
namespace {

using Reason = std::optional<std::string>;  // absent: nothing speaks against it

Reason wrong_kind(const WebhookAlert& alert) {
  if (alert.alertname != kFailoverAlert) {
    return fmt::format("alert {} is not one that is acted on", harmless(alert.alertname));
  }
  if (alert.action != kFailoverAction) return "the label farshore_action is not failover";
  return std::nullopt;
}

Reason wrong_names(const WebhookAlert& alert, const Topology& topology) {
  struct Label {
    std::string_view name;
    const std::string& value;
  };
  for (const auto& label :
       {Label{"cluster", alert.cluster}, Label{"region", alert.region}, Label{"server", alert.server}}) {
    if (!is_plain_name(label.value)) {
      return fmt::format("the label {} is missing or not of the form [A-Za-z0-9_.-]{{1,63}}", label.name);
    }
  }
  if (topology.find_cluster(alert.cluster) == nullptr) {
    return fmt::format("cluster {} is not in the topology", alert.cluster);
  }
  return std::nullopt;
}

Reason wrong_reign(const WebhookAlert& alert, const Topology& topology, const std::optional<Reign>& reign) {
  const auto epoch = parse_epoch(alert.epoch);
  if (!epoch) return "the label epoch is missing or no number";
  if (!reign) return fmt::format("cluster {} has no epoch yet: it was not adopted", alert.cluster);
  if (*epoch < reign->epoch) {
    return fmt::format("alert of an earlier reign ({}; now it is {})", *epoch, reign->epoch);
  }
  if (*epoch > reign->epoch) {
    return fmt::format("alert of a later reign ({}) than the journal knows ({})", *epoch, reign->epoch);
  }
  if (alert.server != reign->server) {
    return fmt::format("server {} is not the primary of epoch {}, {} is", alert.server, *epoch,
                       reign->server);
  }
  const auto* server = topology.find_cluster(alert.cluster)->find_server(reign->server);
  if (server == nullptr) return fmt::format("server {} is not in the topology", reign->server);
  if (alert.region != server->region) {
    return fmt::format("server {} is in region {}, not {}", server->name, server->region, alert.region);
  }
  return std::nullopt;
}

Reason wrong_time(const WebhookAlert& alert, WallTime now) {
  if (!alert.starts_at) return "startsAt is missing or no time";
  const nanoseconds age = now - *alert.starts_at;
  if (age < -kMaxAlertFuture)
    return "startsAt is in the future: the clocks of Prometheus and actuator differ";
  if (age > kMaxAlertAge) return "the alert began more than 10 minutes ago: a person has to decide";
  return std::nullopt;
}

Judgement refused(std::string reason) { return {"refused", std::move(reason), false}; }

}  // namespace

std::optional<int64_t> parse_epoch(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  if (number == 0) return std::nullopt;
  return number;
}

Judgement judge_alert(const WebhookAlert& alert, bool truncated, const Topology& topology,
                      const std::optional<Reign>& reign, WallTime now) {
  if (truncated)
    return refused("truncated: Alertmanager left alerts out of this body, so nothing in it is acted on");
  if (!alert.status) return refused("the alert is neither firing nor resolved");
  const bool firing = *alert.status == AlertStatus::kFiring;
  if (alert.action == kWatchdogAction)
    return {"noted", "watchdog: the way from rule to actuator works", firing};
  if (auto reason = wrong_kind(alert)) return refused(*reason);
  if (auto reason = wrong_names(alert, topology)) return refused(*reason);
  if (!firing) return {"noted", "resolved; it is only a hint, the actuator looks for itself", false};
  if (auto reason = wrong_reign(alert, topology, reign)) return refused(*reason);
  if (auto reason = wrong_time(alert, now)) return refused(*reason);
  return {};
}

}  // namespace farshore
