#include "actuator/api/metrics.h"

#include <algorithm>
#include <set>

#include "actuator/api/metric_list.h"
#include "actuator/api/metric_page.h"
#include "common/base/version.h"
#include "common/http/server.h"
#include "common/topology/record_key.h"

namespace farshore {
namespace {

std::string region_of(const Topology& topology, const Reign& reign) {
  const auto* cluster = topology.find_cluster(reign.cluster);
  const auto* server = cluster == nullptr ? nullptr : cluster->find_server(reign.server);
  return server == nullptr ? "" : server->region;
}

FamilyBuilder::Labels reign_labels(const Topology& topology, const Reign& reign) {
  return {{"cluster", reign.cluster},
          {"region", region_of(topology, reign)},
          {"server", reign.server},
          {"epoch", std::to_string(reign.epoch)}};
}

void add_epochs(MetricPage& page, const MetricsInput& input, const Topology& topology) {
  page.family(metric::kPrimaryEpoch);
  for (const auto& cluster : input.clusters) {
    if (!cluster.reign) continue;
    page.add(reign_labels(topology, *cluster.reign), static_cast<double>(cluster.reign->epoch));
  }
  page.family(metric::kReignBegan);
  for (const auto& cluster : input.clusters)
    if (cluster.reign)
      page.add(reign_labels(topology, *cluster.reign), to_seconds(cluster.reign->since.time_since_epoch()));
  page.family(metric::kEpochClaimed);
  for (const auto& cluster : input.clusters) {
    page.add({{"cluster", cluster.cluster}}, cluster.claim ? static_cast<double>(cluster.claim->epoch) : 0);
  }
  page.family(metric::kPaused);
  for (const auto& cluster : input.clusters) page.add({{"cluster", cluster.cluster}}, cluster.pause ? 1 : 0);
  page.family(metric::kLatched);
  page.add({}, std::any_of(input.clusters.begin(), input.clusters.end(),
                           [](const ClusterStatus& cluster) { return cluster.latch.has_value(); }));
}

bool is_open(const std::vector<OpenEnd>& ends, const std::string& name) {
  return std::ranges::any_of(ends, [&](const OpenEnd& end) { return end.name == name; });
}

void add_open_ends(MetricPage& page, const MetricsInput& input, const Topology& topology) {
  page.family(metric::kTrafficPending);
  for (const auto& cluster : input.clusters)
    if (const ClusterConfig* config = topology.find_cluster(cluster.cluster))
      for (const TrafficConfig& traffic : config->traffic)
        page.add({{"cluster", cluster.cluster}, {"record", traffic.name}, {"type", traffic.type}},
                 is_open(cluster.traffic_open, record_key(traffic)) ? 1 : 0);
  page.family(metric::kStalePrimary);
  for (const auto& cluster : input.clusters)
    if (const ClusterConfig* config = topology.find_cluster(cluster.cluster))
      for (const ServerConfig& server : config->servers)
        if (is_open(cluster.stale_primaries, server.name))
          page.add({{"cluster", cluster.cluster}, {"region", server.region}, {"server", server.name}}, 1);
  page.family(metric::kHookPending);
  for (const auto& cluster : input.clusters)
    if (const ClusterConfig* config = topology.find_cluster(cluster.cluster))
      for (const HookConfig& hook : config->hooks)
        page.add({{"cluster", cluster.cluster}, {"hook", hook.name}},
                 is_open(cluster.hooks_open, hook.name) ? 1 : 0);
}

void add_runs(MetricPage& page, const MetricsInput& input) {
  if (input.runs) {
    page.family(metric::kRunsEnded);
    for (const auto& cluster : input.clusters) {
      for (const auto state : {RunState::kSucceeded, RunState::kRefused}) {
        const auto found = input.runs->find({cluster.cluster, state});
        page.add({{"cluster", cluster.cluster}, {"state", std::string(to_string(state))}},
                 found == input.runs->end() ? 0 : static_cast<double>(found->second));
      }
    }
  }
  page.family(metric::kRunsHeld);
  for (const auto& cluster : input.clusters) {
    const bool held = cluster.open_run && cluster.open_run->state == RunState::kHeld;
    page.add({{"cluster", cluster.cluster}}, held ? 1 : 0);
  }
}

void add_plans(MetricPage& page, const MetricsInput& input) {
  page.family(metric::kReady);
  for (const auto& cluster : input.clusters) {
    if (!cluster.plan) continue;
    if (cluster.plan->ready()) page.add({{"cluster", cluster.cluster}, {"reason", ""}}, 1);
    std::set<std::string> reasons;
    for (const auto& obstacle : cluster.plan->obstacles) reasons.insert(obstacle.reason);
    for (const auto& reason : reasons) page.add({{"cluster", cluster.cluster}, {"reason", reason}}, 0);
  }
  page.family(metric::kPlanAge);
  for (const auto& cluster : input.clusters)
    if (cluster.plan)
      page.add({{"cluster", cluster.cluster}}, to_seconds(input.boot_now - cluster.plan->looked_at));
}

// As a person set them: what dashboards hold the predicted loss against.
void add_limits(MetricPage& page, const MetricsInput& input, const Topology& topology) {
  page.family(metric::kMaxLossBytes);
  for (const auto& cluster : input.clusters)
    if (const ClusterConfig* config = topology.find_cluster(cluster.cluster))
      page.add({{"cluster", cluster.cluster}}, static_cast<double>(config->failover.max_data_loss.bytes));
  page.family(metric::kMaxLossSeconds);
  for (const auto& cluster : input.clusters)
    if (const ClusterConfig* config = topology.find_cluster(cluster.cluster))
      page.add({{"cluster", cluster.cluster}}, to_seconds(config->failover.max_data_loss.time));
}

void add_webhook(MetricPage& page, const WebhookCounts& webhook) {
  // Every series is there from the start: a rate over one that appears with value 1 is 0.
  auto alerts = webhook.alerts;
  for (const char* verdict : {"pending", "refused", "duplicate", "noted"}) alerts.try_emplace(verdict, 0);
  page.family(metric::kAlerts);
  for (const auto& [verdict, count] : alerts) page.add({{"verdict", verdict}}, static_cast<double>(count));
  auto refused = webhook.refused;
  for (const char* reason : {"malformed", "journal"}) refused.try_emplace(reason, 0);
  for (const auto reason : kRefusalReasons) {
    if (reason != "not_found" && reason != "method_not_allowed") refused.try_emplace(std::string(reason), 0);
  }
  page.family(metric::kWebhookRefused);
  for (const auto& [reason, count] : refused) page.add({{"reason", reason}}, static_cast<double>(count));
  page.family(metric::kHttpRefused);
  for (const auto reason : kRefusalReasons) {
    const auto found = webhook.http_refused.find(std::string(reason));
    page.add({{"reason", std::string(reason)}},
             found == webhook.http_refused.end() ? 0 : static_cast<double>(found->second));
  }
  if (webhook.watchdog_seen) {
    page.family(metric::kTriggerPath);
    page.add({}, to_seconds(webhook.watchdog_seen->time_since_epoch()));
  }
}

void add_notifications(MetricPage& page, const NotifyCounts& counts) {
  page.family(metric::kNotifications);
  for (const auto& [series, count] : counts)
    page.add({{"kind", series.first}, {"outcome", series.second}}, static_cast<double>(count));
}

}  // namespace

MetricFamilies metric_families(const MetricsInput& input, const Topology& topology) {
  MetricPage page;
  add_epochs(page, input, topology);
  add_runs(page, input);
  add_newest_runs(page, input.newest_runs);
  add_limits(page, input, topology);
  add_plans(page, input);
  add_open_ends(page, input, topology);
  page.family(metric::kJournalWritable);
  page.add({}, input.journal_writable ? 1 : 0);
  add_webhook(page, input.webhook);
  add_notifications(page, input.notifications);
  if (input.failed_sign_ins) {
    page.family(metric::kFailedSignIns);
    page.add({}, static_cast<double>(*input.failed_sign_ins));
  }
  page.family(metric::kBuildInfo);
  page.add({{"version", std::string(kVersion)}, {"revision", std::string(kRevision)}}, 1);
  return page.families();
}

std::string render_metrics(const MetricsInput& input, const Topology& topology) {
  return render_families(metric_families(input, topology));
}

}  // namespace farshore
