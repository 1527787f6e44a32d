// What the actuator's metrics are: name, type, labels, source, meaning. metrics.cc fills them;
// docs/metrics.md is printed from them.
#pragma once

#include "common/metrics/metric.h"
#include "common/metrics/process.h"

namespace farshore::metric {

inline constexpr Metric kPrimaryEpoch{
    "farshore_cluster_primary_epoch", MetricType::Gauge, "cluster region server epoch", "the journal",
    "The reign in force: the value is the epoch, the labels say who is its primary."};
inline constexpr Metric kEpochClaimed{"farshore_cluster_epoch_claimed", MetricType::Gauge, "cluster",
                                      "the journal",
                                      "The epoch that a run has claimed and that is no reign yet; 0 = none."};
inline constexpr Metric kPaused{"farshore_cluster_paused", MetricType::Gauge, "cluster", "the journal",
                                "1 while a person has paused the cluster's failover."};
inline constexpr Metric kLatched{
    "farshore_automation_latched", MetricType::Gauge, "", "the journal",
    "1 while no failover starts in any cluster until a person clears the latch."};
inline constexpr Metric kTrafficPending{
    "farshore_traffic_switch_pending", MetricType::Gauge, "cluster record", "the care for the reign",
    "1 while a traffic record does not point at the region of the reign, though a run pointed it there."};
inline constexpr Metric kStalePrimary{"farshore_stale_primary", MetricType::Gauge, "cluster region server",
                                      "the care for the reign",
                                      "1 while a server that lost the reign answers as a primary, or nothing "
                                      "proves that it cannot write; and for a minute after."};
inline constexpr Metric kRunsEnded{"farshore_runs_total", MetricType::Counter, "cluster state", "the journal",
                                   "Failover runs that ended, by how."};
inline constexpr Metric kRunsHeld{"farshore_runs_held", MetricType::Gauge, "cluster", "the journal",
                                  "1 while a run waits for a person."};
inline constexpr Metric kReady{"farshore_failover_ready", MetricType::Gauge, "cluster reason",
                               "the rehearsal",
                               "1 with an empty reason: a failover could run now without asking anybody; "
                               "else 0 once for each reason why not, as farshorectl plan says it."};
inline constexpr Metric kPlanAge{"farshore_failover_plan_age_seconds", MetricType::Gauge, "cluster",
                                 "the rehearsal", "Time since the rehearsal behind farshore_failover_ready."};
inline constexpr Metric kAlerts{"farshore_webhook_alerts_total", MetricType::Counter, "verdict", "",
                                "Alerts journaled, by the first verdict."};
inline constexpr Metric kWebhookRefused{"farshore_webhook_refused_total", MetricType::Counter, "reason", "",
                                        "Deliveries of which nothing was journaled, by reason."};
inline constexpr Metric kHttpRefused{
    "farshore_http_refused_total", MetricType::Counter, "reason", "",
    "Requests of any path refused before anything was done with them, by reason."};
inline constexpr Metric kTriggerPath{"farshore_trigger_path_last_seen_timestamp_seconds", MetricType::Gauge,
                                     "", "the alert `FarshoreWatchdog`",
                                     "When the watchdog alert last came all the way from rule to webhook."};
inline constexpr Metric kJournalWritable{
    "farshore_journal_writable", MetricType::Gauge, "", "the journal",
    "0 while nothing can be written down: then nothing is accepted or done."};
inline constexpr Metric kFailedSignIns{"farshore_page_failed_sign_ins_total", MetricType::Counter, "", "",
                                       "Wrong names or passwords at the status page."};
inline constexpr Metric kNotifications{
    "farshore_notifications_total", MetricType::Counter, "kind outcome", "",
    "Notifications by kind of receiver: sent; failed, which are tried again; refused, which will never be "
    "taken; dropped after an hour or when too many waited; omitted, a refusal told a moment ago or a hold "
    "that is over."};
inline constexpr Metric kBuildInfo{"farshore_actuator_build_info", MetricType::Gauge, "version revision", "",
                                   "Which build this is; always 1."};

// All of them; a test finds one that is emitted and not here.
inline constexpr Metric kOfActuator[] = {
    kPrimaryEpoch, kEpochClaimed, kPaused,          kLatched,       kTrafficPending, kStalePrimary,
    kRunsEnded,    kRunsHeld,     kReady,           kPlanAge,       kAlerts,         kWebhookRefused,
    kHttpRefused,  kTriggerPath,  kJournalWritable, kFailedSignIns, kNotifications,  kBuildInfo};

}  // namespace farshore::metric
