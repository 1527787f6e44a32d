#include "actuator/api/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <set>

#include "common/base/version.h"
#include "common/http/server.h"

namespace farshore {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<std::pair<std::string, std::string>>;

class Page {
 public:
  // Usage: page.family(...); page.add({{"cluster", name}}, 1); several times.
  void family(std::string name, std::string help, MetricType type) {
    families_.push_back({std::move(name), std::move(help), type, {}});
  }
  void add(const Labels& labels, double value) {
    prometheus::ClientMetric metric;
    for (const auto& [name, content] : labels) metric.label.push_back({name, content});
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
  }
  std::string text() const {
    std::vector<MetricFamily> filled;
    for (const auto& family : families_) {
      if (!family.metric.empty()) filled.push_back(family);
    }
    return prometheus::TextSerializer().Serialize(filled);
  }

 private:
  std::vector<MetricFamily> families_;
};

std::string region_of(const Topology& topology, const Reign& reign) {
  const auto* cluster = topology.find_cluster(reign.cluster);
  const auto* server = cluster == nullptr ? nullptr : cluster->find_server(reign.server);
  return server == nullptr ? "" : server->region;
}

void add_epochs(Page& page, const MetricsInput& input, const Topology& topology) {
  page.family("farshore_cluster_primary_epoch",
              "The reign in force: the value is the epoch, the labels say who is its primary",
              MetricType::Gauge);
  for (const auto& cluster : input.clusters) {
    if (!cluster.reign) continue;
    page.add({{"cluster", cluster.cluster},
              {"region", region_of(topology, *cluster.reign)},
              {"server", cluster.reign->server},
              {"epoch", std::to_string(cluster.reign->epoch)}},
             static_cast<double>(cluster.reign->epoch));
  }
  page.family("farshore_cluster_epoch_claimed",
              "The epoch that a run has claimed and that is no reign yet; 0 = none", MetricType::Gauge);
  for (const auto& cluster : input.clusters) {
    page.add({{"cluster", cluster.cluster}}, cluster.claim ? static_cast<double>(cluster.claim->epoch) : 0);
  }
  page.family("farshore_cluster_paused", "1 while a person has paused the cluster's failover",
              MetricType::Gauge);
  for (const auto& cluster : input.clusters) page.add({{"cluster", cluster.cluster}}, cluster.pause ? 1 : 0);
  page.family("farshore_automation_latched",
              "1 while no failover starts in any cluster until a person clears the latch", MetricType::Gauge);
  page.add({}, std::any_of(input.clusters.begin(), input.clusters.end(),
                           [](const ClusterStatus& cluster) { return cluster.latch.has_value(); }));
}

bool is_open(const std::vector<OpenEnd>& ends, const std::string& name) {
  return std::ranges::any_of(ends, [&](const OpenEnd& end) { return end.name == name; });
}

void add_open_ends(Page& page, const MetricsInput& input, const Topology& topology) {
  page.family(
      "farshore_traffic_switch_pending",
      "1 while a traffic record does not point at the region of the reign, though a run pointed it there",
      MetricType::Gauge);
  for (const auto& cluster : input.clusters)
    if (const ClusterConfig* config = topology.find_cluster(cluster.cluster))
      for (const TrafficConfig& traffic : config->traffic)
        page.add({{"cluster", cluster.cluster}, {"record", traffic.name}},
                 is_open(cluster.traffic_open, traffic.name) ? 1 : 0);
  page.family("farshore_stale_primary",
              "1 while a server that lost the reign answers as a primary, or nothing proves that it cannot "
              "write; and for a minute after",
              MetricType::Gauge);
  for (const auto& cluster : input.clusters)
    if (const ClusterConfig* config = topology.find_cluster(cluster.cluster))
      for (const ServerConfig& server : config->servers)
        page.add({{"cluster", cluster.cluster}, {"region", server.region}, {"server", server.name}},
                 is_open(cluster.stale_primaries, server.name) ? 1 : 0);
}

void add_runs(Page& page, const MetricsInput& input) {
  if (input.runs) {
    page.family("farshore_runs_total", "Failover runs that ended, by how", MetricType::Counter);
    for (const auto& cluster : input.clusters) {
      for (const auto state : {RunState::kSucceeded, RunState::kRefused}) {
        const auto found = input.runs->find({cluster.cluster, state});
        page.add({{"cluster", cluster.cluster}, {"state", std::string(to_string(state))}},
                 found == input.runs->end() ? 0 : static_cast<double>(found->second));
      }
    }
  }
  page.family("farshore_runs_held", "1 while a run waits for a person", MetricType::Gauge);
  for (const auto& cluster : input.clusters) {
    const bool held = cluster.open_run && cluster.open_run->state == RunState::kHeld;
    page.add({{"cluster", cluster.cluster}}, held ? 1 : 0);
  }
}

void add_plans(Page& page, const MetricsInput& input) {
  page.family("farshore_failover_ready",
              "1 with an empty reason: a failover could run now without asking anybody; else 0 once for each "
              "reason why not, as farshorectl plan says it",
              MetricType::Gauge);
  for (const auto& cluster : input.clusters) {
    if (!cluster.plan) continue;
    if (cluster.plan->ready()) page.add({{"cluster", cluster.cluster}, {"reason", ""}}, 1);
    std::set<std::string> reasons;
    for (const auto& obstacle : cluster.plan->obstacles) reasons.insert(obstacle.reason);
    for (const auto& reason : reasons) page.add({{"cluster", cluster.cluster}, {"reason", reason}}, 0);
  }
  page.family("farshore_failover_plan_age_seconds", "Time since the rehearsal behind farshore_failover_ready",
              MetricType::Gauge);
  for (const auto& cluster : input.clusters)
    if (cluster.plan)
      page.add({{"cluster", cluster.cluster}}, to_seconds(input.boot_now - cluster.plan->looked_at));
}

void add_webhook(Page& page, const WebhookCounts& webhook) {
  // Every series is there from the start: a rate over one that appears with value 1 is 0.
  auto alerts = webhook.alerts;
  for (const char* verdict : {"pending", "refused", "duplicate", "noted"}) alerts.try_emplace(verdict, 0);
  page.family("farshore_webhook_alerts_total", "Alerts journaled, by the first verdict", MetricType::Counter);
  for (const auto& [verdict, count] : alerts) page.add({{"verdict", verdict}}, static_cast<double>(count));
  auto refused = webhook.refused;
  for (const char* reason : {"malformed", "journal"}) refused.try_emplace(reason, 0);
  for (const auto reason : kRefusalReasons) {
    if (reason != "not_found" && reason != "method_not_allowed") refused.try_emplace(std::string(reason), 0);
  }
  page.family("farshore_webhook_refused_total", "Deliveries of which nothing was journaled, by reason",
              MetricType::Counter);
  for (const auto& [reason, count] : refused) page.add({{"reason", reason}}, static_cast<double>(count));
  page.family("farshore_http_refused_total",
              "Requests of any path refused before anything was done with them, by reason",
              MetricType::Counter);
  for (const auto reason : kRefusalReasons) {
    const auto found = webhook.http_refused.find(std::string(reason));
    page.add({{"reason", std::string(reason)}},
             found == webhook.http_refused.end() ? 0 : static_cast<double>(found->second));
  }
  if (webhook.watchdog_seen) {
    page.family("farshore_trigger_path_last_seen_timestamp_seconds",
                "When the watchdog alert last came all the way from rule to webhook", MetricType::Gauge);
    page.add({}, to_seconds(webhook.watchdog_seen->time_since_epoch()));
  }
}

}  // namespace

std::string render_metrics(const MetricsInput& input, const Topology& topology) {
  Page page;
  add_epochs(page, input, topology);
  add_runs(page, input);
  add_plans(page, input);
  add_open_ends(page, input, topology);
  page.family("farshore_journal_writable",
              "0 while nothing can be written down: then nothing is accepted or done", MetricType::Gauge);
  page.add({}, input.journal_writable ? 1 : 0);
  add_webhook(page, input.webhook);
  if (input.failed_sign_ins) {
    page.family("farshore_page_failed_sign_ins_total", "Wrong names or passwords at the status page",
                MetricType::Counter);
    page.add({}, static_cast<double>(*input.failed_sign_ins));
  }
  page.family("farshore_actuator_build_info", "Which build this is; always 1", MetricType::Gauge);
  page.add({{"version", std::string(kVersion)}, {"revision", std::string(kRevision)}}, 1);
  return page.text();
}

}  // namespace farshore
