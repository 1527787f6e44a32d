#include "actuator/webhook/judge.h"

#include <algorithm>

#include "common/http/router.h"

namespace farshore {
namespace {

using Reason = std::optional<std::string>;  // absent: nothing speaks against it

// Each reason names the thing and what to do about it: it is what a tired person reads.
constexpr std::string_view kRenderRules = "load the rules that 'farshorectl generate rules' renders";

Reason wrong_kind(const WebhookAlert& alert) {
  if (alert.alertname != kFailoverAlert) {
    return fmt::format("alert {} is not one that is acted on: route only {} here", harmless(alert.alertname),
                       kFailoverAlert);
  }
  if (alert.action != kFailoverAction)
    return fmt::format("the label farshore_action is not failover: {}", kRenderRules);
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
      return fmt::format("the label {} is missing or not of the form [A-Za-z0-9_.-]{{1,63}}: {}", label.name,
                         kRenderRules);
    }
  }
  if (topology.find_cluster(alert.cluster) == nullptr) {
    return fmt::format(
        "cluster {} is not in the topology of this actuator: give it the file that the rules were rendered "
        "from, and restart it",
        alert.cluster);
  }
  return std::nullopt;
}

Reason wrong_epoch(const WebhookAlert& alert, const std::optional<Reign>& reign) {
  const auto epoch = parse_epoch(alert.epoch);
  if (!epoch) return fmt::format("the label epoch is missing or no number: {}", kRenderRules);
  if (!reign) {
    return fmt::format(
        "nobody is known to be the primary of cluster {} (no epoch was adopted): 'farshorectl status {}' "
        "says "
        "what is missing",
        alert.cluster, alert.cluster);
  }
  if (*epoch < reign->epoch) {
    return fmt::format(
        "alert of an earlier reign ({}; now it is {}): the failover it asks for was done, nothing is to be "
        "done",
        *epoch, reign->epoch);
  }
  if (*epoch > reign->epoch) {
    return fmt::format(
        "alert of a later reign ({}) than the journal knows ({}): the journal is an old copy, or another "
        "actuator acts for this cluster; 'farshorectl status {}' says what this one knows",
        *epoch, reign->epoch, alert.cluster);
  }
  return std::nullopt;
}

Reason wrong_server(const WebhookAlert& alert, const Topology& topology, const Reign& reign) {
  if (alert.server != reign.server) {
    return fmt::format(
        "server {} is not the primary of epoch {}, {} is: all programs must read the same topology, and only "
        "Alertmanagers may post here",
        alert.server, reign.epoch, reign.server);
  }
  const auto* server = topology.find_cluster(alert.cluster)->find_server(reign.server);
  if (server == nullptr) {
    return fmt::format("server {} is not in the topology: put it back into the file and restart the actuator",
                       reign.server);
  }
  if (alert.region != server->region) {
    return fmt::format(
        "server {} is in region {}, not {}: exporters and actuator must read the same topology", server->name,
        server->region, alert.region);
  }
  return std::nullopt;
}

Reason wrong_time(const WebhookAlert& alert, WallTime now) {
  // Before 1970 is no outage of ours; centuries back the age of the alert would overflow, and it would be
  // new.
  if (!alert.starts_at || *alert.starts_at < WallTime{})
    return "startsAt is missing or no time: only Alertmanagers may post here";
  const nanoseconds ahead = *alert.starts_at - now;
  if (ahead > kMaxAlertFuture) {
    return fmt::format(
        "startsAt is {:.0f} s in the future: the clocks of Prometheus and of this host differ; put them "
        "right "
        "and the alert is taken with its next repeat",
        to_seconds(ahead));
  }
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
    return refused(
        "truncated: Alertmanager left alerts out of this body, so nothing in it is acted on; set max_alerts: "
        "0 "
        "for this receiver");
  if (!alert.status)
    return refused("the alert is neither firing nor resolved: only Alertmanagers may post here");
  const bool firing = *alert.status == AlertStatus::kFiring;
  if (alert.action == kWatchdogAction)
    return {"noted", "watchdog: the way from rule to actuator works", firing};
  if (auto reason = wrong_kind(alert)) return refused(*reason);
  if (auto reason = wrong_names(alert, topology)) return refused(*reason);
  if (!firing)
    return {
        "noted",
        "resolved: only a hint, an open run ends early only when the actuator itself sees the primary alive",
        false};
  if (auto reason = wrong_epoch(alert, reign)) return refused(*reason);
  if (auto reason = wrong_server(alert, topology, *reign)) return refused(*reason);
  if (auto reason = wrong_time(alert, now)) return refused(*reason);
  return {};
}

}  // namespace farshore
