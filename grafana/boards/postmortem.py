"""One failover afterwards: what was seen when, what was done when, and what it cost. All lanes share one time axis."""

from . import queries as q
from .panels import (AMBER, BLUE, GREEN, RED, Board, Column, Query, Row, history, series, stat, table, timeline, values, variable)

OF = q.ONE
RUN = OF + ', run="$run"'


def of_run(metric, by="run"):
    """The newest value within the time that is shown: the series end a day after the run."""
    return f"max by ({by}) (last_over_time({metric}{{{RUN}}}[$__range]))"


COST = Row("What it took and what it cost", 4, (
    stat(4, "Silent to accepted", "From the moment the alert became active in Prometheus to the accepted webhook: the time of `for`, "
         "of the rule's interval and of Alertmanager. The outage began up to a scrape and a timeout earlier.",
         Query(of_run("farshore_run_accepted_timestamp_seconds") + "\n- on () group_left () max(last_over_time(ALERTS_FOR_STATE{"
               + OF + ', alertname="FarshorePrimaryDown"}[$__range]))', "{{run}}"), unit="s", decimals=2),
    stat(4, "Waiting for the quorum", "From the accepted webhook until enough Prometheus servers said the same.",
         Query(of_run("farshore_run_quorum_wait_seconds"), "{{run}}"), unit="s", decimals=2),
    stat(4, "Accepted to clients moved", "From the accepted webhook until the name servers answered with the new region.",
         Query(of_run("farshore_run_actuator_seconds"), "{{run}}"), unit="s", decimals=2),
    stat(4, "Without a primary, as seen", "For how long within the time shown no vantage saw a primary while at least one looked.",
         Query(f"sum_over_time((1 - (max by (cluster) (1 - farshore_pg_in_recovery{{{OF}}})\n"
               f"or max by (cluster) (farshore_pg_up{{{OF}}}) * 0))[$__range:$__interval]) * $__interval_ms / 1000", "{{cluster}}"), unit="s", decimals=0),
    stat(4, "Exposure", "From the last sight of the old primary until it was fenced: for so long it may have taken writes unseen.",
         Query(of_run("farshore_run_exposure_seconds"), "{{run}}"), unit="s", decimals=2),
    stat(4, "Predicted loss", "Lower: what was seen to be missing. Upper: with what may have been written since.",
         Query(of_run("farshore_run_predicted_loss_bytes", "bound"), "{{bound}}"), unit="bytes")))

LANES = Row("What was seen, and what was done", 4, (
    timeline(24, "Alerts", "Pending while the condition holds and `for` runs; the actuator hears of what fires.",
             Query(q.alerts('cluster=~"$cluster|"'), "{{alertname}}"), mapping=q.ALERT_STATES),
    timeline(24, "Runs", "Of this cluster. Held: a person is asked.", Query(q.runs(OF), "{{run}}"), mapping=q.RUN_STATES),
    timeline(24, "Roles", "Primary as soon as one vantage sees it as one.", Query(q.roles(OF), "{{server}}"), mapping=q.ROLES)))

VOTES = Row("What each vantage said", 6, (
    history(24, "Votes of the vantages", "What each vantage said of each server. Empty: the vantage itself could not be asked.",
            Query(q.votes(OF, "server, vantage"), "{{server}} from {{vantage}}"), mapping=q.VOTES, points=120),))

CLIENTS = Row("What the clients met", 4, (
    timeline(24, "Where the names point", "As the authoritative servers answer the vantages.",
             Query(f"max by (record, region) (farshore_dns_record_points_to{{{OF}}})", "{{record}} {{region}}"), mapping=q.POINTS),
    timeline(24, "Applications", "Up when one vantage gets a whole answer in time.",
             Query(f"max by (application, region) (farshore_application_up{{{OF}}})", "{{application}} {{region}}"),
             mapping=q.UP)))

STEPS = Row("Step by step", 10, (
    table(14, "Steps", "Of the newest attempt, in order. docs/failover-steps.md says what each avoids; a step that looks and changes "
          "nothing has no work to redo. A failed one is told at length by farshorectl why.",
          (Column("step", "Step"), Column("Value #A", "Began", "dateTimeAsIso", width=190), Column("outcome", "Outcome", width=110),
           Column("Value #B", "Took", "s", steps=((None, BLUE),), gauge=True)),
          Query(f"max by (step) (farshore_run_step_started_timestamp_seconds{{{RUN}}}) * 1000"),
          Query(f"max by (step, outcome) (farshore_run_step_duration_seconds{{{RUN}}})"), sort="Began"),
    table(10, "The run", "Who was replaced by whom, and how it ended.",
          (Column("run", "Run"), Column("state", "State"), Column("old_primary", "From"), Column("candidate", "To"),
           Column("Value #B", "Accepted", "dateTimeAsIso")),
          Query(f"max by (run, state) (farshore_run_state{{{RUN}}} == 1)"),
          Query(f"max by (run) (farshore_run_accepted_timestamp_seconds{{{RUN}}}) * 1000"),
          Query(f"max by (run, old_primary, candidate) (farshore_run_info{{{RUN}}})"))))

AROUND = Row("What it meant", 8, (
    series(8, "What would have been lost", "The predicted loss of each standby, as it grew while the primary was silent.",
           Query(f"min by (server) (farshore_predicted_loss_bytes{{{OF}}})", "{{server}}"),
           Query(f"max(farshore_cluster_max_data_loss_bytes{{{OF}}})", "limit"), unit="bytes", limit="B"),
    series(8, "WAL positions", "Where each server stood, from the lowest position shown; the lines part at the fork.",
           Query(f"max by (server) (farshore_pg_wal_flush_lsn_bytes{{{OF}}} or farshore_pg_wal_replay_lsn_bytes{{{OF}}})\n"
                 f"- on () group_left () min(min_over_time(farshore_pg_wal_replay_lsn_bytes{{{OF}}}[$__range]))", "{{server}}"),
           unit="bytes", minimum=None),
    series(8, "Application's answers", "How long each application took to answer, by the slowest vantage. No line: no answer.",
           Query(f"max by (application, region) (farshore_application_latency_seconds{{{OF}}})", "{{application}} {{region}}"),
           unit="s")))

BOARD = Board(
    uid="farshore-postmortem", title="Farshore / Failover timeline and post-mortem",
    description="One failover on one time axis: alerts, votes, roles, names, applications, the actuator's steps, and the cost.",
    variables=(variable("cluster", "Cluster", "Cluster of the topology.", "farshore_cluster_paused"),
               variable("run", "Run", "Failover runs whose series lie in the time shown, the newest first.",
                        'farshore_run_info{cluster="$cluster"}', newest_first=True)),
    rows=(COST, LANES, VOTES, CLIENTS, STEPS, AROUND), selector=OF)
