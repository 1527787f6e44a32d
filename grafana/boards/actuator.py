"""The way from a rule to a failover: does it work, what came along it, and what became of that."""

from . import queries as q
from .panels import (AMBER, FINE, GREEN, PURPLE, RED, WORKS, Board, Column, Query, Row, bars, series, stat, table, timeline, values,
                     variable)

OF = q.ALL
ACTUATORS = 'job="farshore-actuator", instance=~"$instance"'

STATE = Row("Could it act now", 4, (
    stat(4, "Actuators seen", "Actuators that this Prometheus can scrape.",
         Query('sum(up{job="farshore-actuator"})', "actuators"), steps=((None, RED), (1, GREEN))),
    stat(4, "Journal", "Without a journal that can be written nothing is accepted and nothing done.",
         Query(f"min(farshore_journal_writable{{{ACTUATORS}}})", "journal"), mapping=WORKS),
    stat(4, "Automation latched", "YES: no failover starts anywhere until a person says farshorectl unlatch.",
         Query("max(farshore_automation_latched)", "latched"), mapping=FINE),
    stat(4, "Last watchdog", "Since the always firing alert came all the way from a rule to the webhook; it comes every 40 s.",
         Query(q.trigger_path_age(), "ago"), unit="s", decimals=0, steps=((None, GREEN), (90, AMBER), (180, RED))),
    stat(4, "Oldest rehearsal", "Every cluster is rehearsed every ten seconds.",
         Query(f"max(farshore_failover_plan_age_seconds{{{OF}}})", "oldest"), unit="s", decimals=0,
         steps=((None, GREEN), (30, AMBER), (60, RED))),
    stat(4, "Runs that wait for a person", "A failover stopped because it was unsure: farshorectl why says of what.",
         Query(f"sum(max by (cluster) (farshore_runs_held{{{OF}}}))", "held"), steps=((None, GREEN), (1, RED)))))

READINESS = Row("Clusters", 7, (
    timeline(9, "Ready to fail over", "What the rehearsal said.", Query(q.ready(OF), "{{cluster}}"),
             mapping=values((1, "ready", GREEN), (0, "not ready", RED))),
    timeline(9, "What stood in the way", "The reasons of the rehearsal, one lane each. Empty when there are none.",
             Query(f'max by (cluster, reason) (farshore_failover_ready{{{OF}, reason!=""}}) + 1', "{{cluster}}: {{reason}}"),
             mapping=values((1, "not ready", AMBER)), no_value="nothing"),
    timeline(6, "Runs", "Failover runs; held: a person is asked.", Query(q.runs(OF), "{{run}}"), mapping=q.RUN_STATES)))

OPEN_ENDS = Row("Claims, pauses and open ends", 7, (
    timeline(8, "Paused and latched", "Why no failover starts though nothing is broken.",
             Query(f"max by (cluster) (farshore_cluster_paused{{{OF}}})", "{{cluster}} paused"),
             Query("max(farshore_automation_latched)", "all latched"), mapping=values((0, "no", GREEN), (1, "YES", PURPLE))),
    series(8, "Epochs", "The reign in force, and the number that a run has claimed and that is no reign yet.",
           Query(f"max by (cluster) (farshore_cluster_primary_epoch{{{OF}}})", "{{cluster}} reign"),
           Query(f"max by (cluster) (farshore_cluster_epoch_claimed{{{OF}}})", "{{cluster}} claimed"), unit="none", decimals=0,
           calcs=("lastNotNull",)),
    timeline(8, "Open ends", "A name that does not point at the primary's region though a run pointed it there; a server that lost the "
             "reign and may take writes. Farshore goes on trying.",
             Query(f"max by (cluster, record, type) (farshore_traffic_switch_pending{{{OF}}})", "{{record}} {{type}} not switched"),
             Query(f"max by (cluster, server) (farshore_stale_primary{{{OF}}})", "{{server}} a stale primary"),
             mapping=values((0, "no", GREEN), (1, "YES", RED)))))

WEBHOOK = Row("What came in", 8, (
    series(8, "Alerts by verdict", "Alerts journaled, a second, by the first verdict. Duplicates are normal: several Alertmanagers "
           "tell the same.",
           Query(f"sum by (verdict) (rate(farshore_webhook_alerts_total{{{ACTUATORS}}}[$__rate_interval]))", "{{verdict}}"),
           unit="reqps"),
    series(8, "Deliveries refused", "Nothing of them was journaled. Unauthenticated ones are a wrong token, or somebody else.",
           Query(f"sum by (reason) (rate(farshore_webhook_refused_total{{{ACTUATORS}}}[$__rate_interval])) > 0", "{{reason}}"),
           Query(f"sum by (reason) (rate(farshore_http_refused_total{{{ACTUATORS}}}[$__rate_interval])) > 0", "{{reason}} (any path)"),
           Query(f"sum(rate(farshore_webhook_refused_total{{{ACTUATORS}}}[$__rate_interval]))", "all"), unit="reqps"),
    series(8, "Wrong sign-ins", "Wrong names or passwords at the status page.",
           Query(f"sum by (instance) (rate(farshore_page_failed_sign_ins_total{{{ACTUATORS}}}[$__rate_interval]))", "{{instance}}"),
           unit="ops")))

RUNS = Row("What became of it", 8, (
    table(8, "Runs that ended", "Since the journal began, by how.",
          (Column("cluster", "Cluster", link="cluster"), Column("state", "Ended"), Column("Value", "Runs")),
          Query(f"max by (cluster, state) (farshore_runs_total{{{OF}}})"), sort="Cluster"),
    bars(8, "Steps of the newest runs", "How long each step took, of the newest run of each cluster.",
         Query(f"sort_desc(max by (cluster, step) (farshore_run_step_duration_seconds{{{OF}}}))", "{{cluster}} {{step}}"),
         no_value="no run within a day"),
    timeline(8, "Alerts", "Pending and firing, of the clusters and of Farshore itself.",
             Query(q.alerts('cluster=~"$cluster|"'), "{{alertname}}"), mapping=q.ALERT_STATES, no_value="none")))

SERVERS = 'job=~"farshore-prometheus|farshore-alertmanager"'
EVERY = "15s"  # how often they are scraped

MONITORING = Row("Prometheus and Alertmanager", 7, (
    timeline(8, "Scraped", "Whether this Prometheus can scrape each Prometheus and Alertmanager.",
             Query(f"max by (job, instance) (up{{{SERVERS}}})", "{{job}} {{instance}}"), mapping=q.UP, no_value="not scraped"),
    series(8, "Time of the rules", "How long each group of rules took, in the slowest Prometheus. A group that takes longer than its "
           "interval is late.", Query(f"max by (rule_group) (prometheus_rule_group_last_duration_seconds{{{SERVERS}}})",
                                      "{{rule_group}}"), unit="s", calcs=("max",), interval=EVERY),
    series(8, "Notifications lost", "What Prometheus could not hand to an Alertmanager, and Alertmanager not to a receiver, a second. "
           "With one region lost its servers are in here.",
           Query(f"sum by (instance) (rate(prometheus_notifications_errors_total{{{SERVERS}}}[$__rate_interval]))",
                 "{{instance}} not taken"),
           Query(f"sum by (instance) (rate(prometheus_notifications_dropped_total{{{SERVERS}}}[$__rate_interval]))",
                 "{{instance}} dropped"),
           Query(f"sum by (integration) (rate(alertmanager_notifications_failed_total{{{SERVERS}}}[$__rate_interval]))",
                 "{{integration}} failed"), unit="ops", interval=EVERY)))

PROCESS = Row("The process", 7, (
    series(6, "Processor time", "Seconds of processor a second.",
           Query(f"max by (instance) (rate(process_cpu_seconds_total{{{ACTUATORS}}}[$__rate_interval]))", "{{instance}}"),
           unit="percentunit", calcs=("lastNotNull",)),
    series(6, "Memory", "Resident.", Query(f"max by (instance) (process_resident_memory_bytes{{{ACTUATORS}}})", "{{instance}}"),
           unit="bytes", calcs=("lastNotNull",)),
    series(6, "Time of a scrape", "Of the actuator's metrics, as this Prometheus saw it.",
           Query(f"max by (instance) (scrape_duration_seconds{{{ACTUATORS}}})", "{{instance}}"), unit="s", calcs=("lastNotNull",)),
    table(6, "Builds", "Which build runs where.",
          (Column("instance", "Instance"), Column("version", "Version", width=90), Column("revision", "Revision")),
          Query(f"max by (instance, version, revision) (farshore_actuator_build_info{{{ACTUATORS}}})"), sort="Instance")))

BOARD = Board(
    uid="farshore-actuator", title="Farshore / Actuator and alert pipeline",
    description="Whether an alert would arrive and be acted on; what arrived, what was refused, what became of it.",
    variables=(variable("cluster", "Cluster", "Clusters of the topology.", "farshore_cluster_paused", many=True),
               variable("instance", "Actuator", "Actuators of the topology.", 'up{job="farshore-actuator"}', many=True)),
    rows=(STATE, READINESS, OPEN_ENDS, WEBHOOK, RUNS, MONITORING, PROCESS))
