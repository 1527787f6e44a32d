// What must work before a failover can start: vantages, Prometheus, Alertmanager, actuator, and the ways
// between.
#include "actuator/ctl/generate/pack/pack.h"

namespace farshore::pack {
namespace {

constexpr Alert kTable[] = {
    {.name = "VantageQuorumLost",
     .expr = "${looking_vantages} < ${quorum}",
     .hold = "30s",
     .severity = "critical",
     .action = "",
     .summary = "Too few vantages look at the servers: no failover can start.",
     .description =
         "Only {{ $value }} of ${vantage_count} vantages look at the servers; a failover needs ${quorum}."},
    {.name = "VantageMissing",
     .expr = R"(${missing_vantages}
or
max by (vantage) (farshore_snapshot_age_seconds) > ${snapshot_age_seconds})",
     .hold = "2m",
     .severity = "warning",
     .action = "",
     .summary = "A vantage of the topology tells nothing new.",
     .description = "Vantage {{ $labels.vantage }} is not scraped, or what it says is old: it has no vote.",
     .muted_by = "VantageQuorumLost"},
    {.name = "ExporterDown",
     .expr = R"(up{job="farshore-exporter"} == 0)",
     .hold = "1m",
     .severity = "warning",
     .action = "",
     .summary = "An exporter cannot be scraped.",
     .description = "Exporter {{ $labels.instance }} cannot be scraped: its vantage has no vote, and details "
                    "of its region are unseen.",
     .muted_by = "VantageQuorumLost"},
    {.name = "ActuatorUnseen",
     .expr = R"((count(up{job="farshore-actuator"} == 1) or vector(0)) < 1)",
     .hold = "1m",
     .severity = "critical",
     .action = "",
     .summary = "No actuator can be scraped: no failover can start.",
     .description =
         "{{ $value }} of ${actuator_count} actuators can be scraped; without its word on who is primary "
         "nothing fires."},
    // With one left a failover still starts; who is alone should not learn it when that one is gone too.
    {.name = "ActuatorDown",
     .expr = R"(up{job="farshore-actuator"} == 0)",
     .hold = "2m",
     .severity = "warning",
     .action = "",
     .summary = "An actuator cannot be scraped.",
     .description = "Actuator {{ $labels.instance }} cannot be scraped: what it would do the others have to.",
     .muted_by = "ActuatorUnseen"},
    {.name = "TriggerPathBroken",
     .expr = R"(time() - max(farshore_trigger_path_last_seen_timestamp_seconds) > ${watchdog_seconds}
or (
  absent(farshore_trigger_path_last_seen_timestamp_seconds)
  and on () count(up{job="farshore-actuator"} == 1) > 0
))",
     .hold = "2m",
     .severity = "critical",
     .action = "",
     .summary = "The watchdog does not reach the actuator: an alert would not reach it either.",
     .description = "{{ if gt $value 1.0 }}The watchdog reached the actuator {{ $value | humanizeDuration }} "
                    "ago{{ else }}The watchdog has not reached the actuator since that started{{ end }}."},
    // Each for itself: that the watchdog reaches one says nothing of the way to another.
    {.name = "ActuatorNotReached",
     .expr =
         R"(time() - max by (instance) (farshore_trigger_path_last_seen_timestamp_seconds) > ${watchdog_seconds}
or
max by (instance) (up{job="farshore-actuator"} == 1)
  unless on (instance) farshore_trigger_path_last_seen_timestamp_seconds)",
     .hold = "2m",
     .severity = "warning",
     .action = "",
     .summary = "The watchdog does not reach one of the actuators.",
     .description = "{{ if gt $value 1.0 }}The watchdog reached the actuator {{ $labels.instance }} "
                    "{{ $value | humanizeDuration }} ago{{ else }}The watchdog has not reached the actuator "
                    "{{ $labels.instance }} since that started{{ end }}.",
     .muted_by = "TriggerPathBroken"},
    {.name = "PrometheusQuorumLost",
     .expr = R"((count(up{job="farshore-prometheus"} == 1) or vector(0)) < ${prometheus_quorum})",
     .hold = "2m",
     .severity = "critical",
     .action = "",
     .summary = "Too few Prometheus servers can be seen to confirm an outage.",
     .description =
         "{{ $value }} of ${prometheus_count} Prometheus servers can be scraped from here; a failover "
         "asks ${prometheus_quorum}.",
     .needs = Needs::kPrometheus},
    {.name = "MonitoringDown",
     .expr = R"(up{job=~"farshore-prometheus|farshore-alertmanager"} == 0)",
     .hold = "2m",
     .severity = "warning",
     .action = "",
     .summary = "A Prometheus or an Alertmanager cannot be scraped.",
     .description = "{{ $labels.job }} at {{ $labels.instance }} cannot be scraped.",
     .muted_by = "PrometheusQuorumLost",
     .needs = Needs::kPrometheus},
    {.name = "NotificationsFailing",
     .expr = R"(sum by (instance, alertmanager) (
  increase(prometheus_notifications_errors_total{job="farshore-prometheus"}[5m])
) > 0
or
sum by (instance) (increase(prometheus_notifications_dropped_total{job="farshore-prometheus"}[5m])) > 0)",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "A Prometheus cannot hand its alerts to an Alertmanager.",
     .description =
         "Prometheus {{ $labels.instance }} failed to hand over or dropped {{ $value | humanize }} "
         "notifications within five minutes.",
     .needs = Needs::kPrometheus},
    {.name = "AlertmanagerFailing",
     .expr = R"(sum by (instance, integration) (
  increase(alertmanager_notifications_failed_total{job="farshore-alertmanager"}[5m])
) > 0)",
     .hold = "5m",
     .severity = "critical",
     .action = "",
     .summary = "An Alertmanager cannot reach a receiver: people, or the actuator.",
     .description = "Alertmanager {{ $labels.instance }} failed {{ $value | humanize }} notifications by "
                    "{{ $labels.integration }} within five minutes.",
     .muted_by = "ActuatorUnseen",
     .needs = Needs::kPrometheus},
    {.name = "RulesFailing",
     .expr = R"(sum by (instance, rule_group) (
  increase(prometheus_rule_evaluation_failures_total{rule_group=~".+;farshore-.+"}[5m])
) > 0
or
max by (instance, rule_group) (
  prometheus_rule_group_last_duration_seconds{rule_group=~".+;farshore-.+"}
  > on (instance, rule_group) prometheus_rule_group_interval_seconds{rule_group=~".+;farshore-.+"}
))",
     .hold = "2m",
     .severity = "critical",
     .action = "",
     .summary = "Rules of Farshore fail or take longer than their interval.",
     .description =
         "Group {{ $labels.rule_group }} at Prometheus {{ $labels.instance }} does not do its work.",
     .needs = Needs::kPrometheus},
    {.name = "ConfigNotInEffect",
     .expr = R"(min by (job, instance) (farshore_config_last_reload_successful) == 0
or
min by (job, instance) (prometheus_config_last_reload_successful{job="farshore-prometheus"}) == 0
or
min by (job, instance) (alertmanager_config_last_reload_successful{job="farshore-alertmanager"}) == 0)",
     .hold = "5m",
     .severity = "warning",
     .action = "",
     .summary = "A changed configuration has a fault and is not in effect.",
     .description = "{{ $labels.job }} at {{ $labels.instance }} goes on with the configuration of before."},
};

}  // namespace

const Group kTriggerPath = {"trigger-path", "5s", {}, kTable};

}  // namespace farshore::pack
