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
    "farshore_traffic_switch_pending", MetricType::Gauge, "cluster record type", "the care for the reign",
    "1 while a traffic record does not point at the region of the reign, though a run pointed it there."};
inline constexpr Metric kStalePrimary{
    "farshore_stale_primary", MetricType::Gauge, "cluster region server", "the care for the reign",
    "Always 1, while a server that lost the reign answers as a primary, or "
    "nothing proves that it cannot write, and for a minute after; no series "
    "for the others."};
inline constexpr Metric kHookPending{"farshore_hook_pending", MetricType::Gauge, "cluster hook",
                                     "the care for the reign",
                                     "1 while a hook that a run asked is not in force yet."};
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

// The newest run of a cluster, until a day after its end: what it took and what it cost. Nothing afterwards,
// so that old runs cost no series; Prometheus remembers them, the journal keeps them.
inline constexpr Metric kRunState{"farshore_run_state", MetricType::Gauge, "cluster run state", "the journal",
                                  "1 for the state of the cluster's newest run (running, held, succeeded or "
                                  "refused), 0 for the others. This "
                                  "and the other series of a run are absent from a day after its end."};
inline constexpr Metric kRunInfo{"farshore_run_info", MetricType::Gauge,
                                 "cluster run old_primary old_region candidate region", "the journal",
                                 "Always 1; the labels carry who is replaced by whom. Candidate and region "
                                 "are empty before it is chosen."};
inline constexpr Metric kRunAccepted{"farshore_run_accepted_timestamp_seconds", MetricType::Gauge,
                                     "cluster run", "the journal",
                                     "When the webhook of the newest run was accepted."};
inline constexpr Metric kRunEnded{"farshore_run_ended_timestamp_seconds", MetricType::Gauge, "cluster run",
                                  "the journal", "When the newest run ended; absent while it is open."};
inline constexpr Metric kRunStepStarted{
    "farshore_run_step_started_timestamp_seconds", MetricType::Gauge, "cluster run step", "the journal",
    "When a step of the newest run began, in its newest attempt; absent for steps that were not begun."};
inline constexpr Metric kRunStepDuration{"farshore_run_step_duration_seconds", MetricType::Gauge,
                                         "cluster run step outcome", "the journal",
                                         "How long the newest attempt of a step took, and how it ended: "
                                         "done, already_done, failed or undone. Absent "
                                         "while it runs."};
inline constexpr Metric kRunQuorumWait{
    "farshore_run_quorum_wait_seconds", MetricType::Gauge, "cluster run", "the journal",
    "From the accepted webhook of the newest run until enough Prometheus servers agreed; absent until then."};
inline constexpr Metric kRunActuator{
    "farshore_run_actuator_seconds", MetricType::Gauge, "cluster run", "the journal",
    "From the accepted webhook of the newest run until the name servers answered with the new region; absent "
    "until then."};
inline constexpr Metric kRunExposure{"farshore_run_exposure_seconds", MetricType::Gauge, "cluster run",
                                     "the journal",
                                     "From the last sight of the old primary until it was fenced, or until "
                                     "the loss was judged: how long it may "
                                     "have taken writes unseen. Absent until then."};
inline constexpr Metric kRunPredictedLoss{"farshore_run_predicted_loss_bytes", MetricType::Gauge,
                                          "cluster run bound", "the journal",
                                          "What the newest run predicted to lose: bound lower is what was "
                                          "seen to be missing, upper what may have been "
                                          "written since, if no faster than while it was watched. "
                                          "Absent when unknown."};
inline constexpr Metric kReignBegan{
    "farshore_cluster_reign_began_timestamp_seconds", MetricType::Gauge, "cluster region server epoch",
    "the journal", "When the reign in force began: with the last failover, or when it was adopted."};
inline constexpr Metric kMaxLossBytes{
    "farshore_cluster_max_data_loss_bytes", MetricType::Gauge, "cluster", "the topology file",
    "The limit failover.max_data_loss in bytes: a failover that would lose more is held."};
inline constexpr Metric kMaxLossSeconds{"farshore_cluster_max_data_loss_seconds", MetricType::Gauge,
                                        "cluster", "the topology file", "The same limit in time."};

// All of them; a test finds one that is emitted and not here.
inline constexpr Metric kOfActuator[] = {
    kPrimaryEpoch,    kEpochClaimed,  kPaused,      kLatched,         kTrafficPending,   kStalePrimary,
    kHookPending,     kRunsEnded,     kRunsHeld,    kReady,           kPlanAge,          kAlerts,
    kWebhookRefused,  kHttpRefused,   kTriggerPath, kJournalWritable, kFailedSignIns,    kNotifications,
    kBuildInfo,       kRunState,      kRunInfo,     kRunAccepted,     kRunEnded,         kRunStepStarted,
    kRunStepDuration, kRunQuorumWait, kRunActuator, kRunExposure,     kRunPredictedLoss, kReignBegan,
    kMaxLossBytes,    kMaxLossSeconds};

}  // namespace farshore::metric
