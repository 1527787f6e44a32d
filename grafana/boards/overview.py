"""The first page: can we fail over now, and what would we lose?"""

from . import queries as q
from .panels import (AMBER, FINE, GREEN, RED, WORKS, YES_NO, Board, Column, Query, Row, bars, series, stat, table, timeline,
                     variable)

OF = q.ALL
LOSS_STEPS = ((None, GREEN), (0.5, AMBER), (1, RED))

READINESS = Row("Can we fail over now, and what would we lose", 5, (
    stat(5, "Can we fail over now", "What the actuator's rehearsal, made every ten seconds, says: YES means that a failover could "
         "run now without asking anybody. Unknown when nobody rehearsed within a minute.",
         Query(q.ready(OF), "{{cluster}}"), mapping=YES_NO, link=True),
    table(7, "What stands in the way", "The reasons of the rehearsal, once each; docs/failover-steps.md says what they mean and "
          "farshorectl plan says them at length. Empty when nothing does.",
          (Column("cluster", "Cluster", link="cluster"), Column("reason", "Reason")),
          Query(f'max by (cluster, reason) (farshore_failover_ready{{{OF}, reason!=""}} == 0)'), sort="Cluster",
          no_value="nothing"),
    stat(4, "We would lose, bytes", "What promoting the best standby now would lose, by the vantage that sees most; while "
         "the primary is silent also what it may have written since.",
         Query(q.would_lose("bytes", OF), "{{cluster}}"), unit="bytes", link=True),
    stat(4, "We would lose, time", "The same in time: the age of the oldest byte that the best standby lacks.",
         Query(q.would_lose("seconds", OF), "{{cluster}}"), unit="s", decimals=1, link=True),
    bars(4, "Share of what may be lost", "The predicted loss as a part of failover.max_data_loss. From 100 % a failover is held "
         "and a person is asked.",
         Query(q.would_lose("bytes", OF) + "\n/ on (cluster) " + q.limit("bytes", OF), "{{cluster}} bytes"),
         Query(q.would_lose("seconds", OF) + "\n/ on (cluster) " + q.limit("seconds", OF), "{{cluster}} time"),
         unit="percentunit", steps=LOSS_STEPS, maximum=1)))

CLUSTERS = Row("The clusters", 6, (
    table(13, "Who is primary", "The reign in force as the actuator's journal has it, and since when: since the last failover, "
          "or since it was adopted.",
          (Column("cluster", "Cluster", link="cluster"), Column("server", "Primary"), Column("region", "Region"),
           Column("epoch", "Epoch", width=70), Column("Value #A", "Since", "dateTimeFromNow"),
           Column("Value #B", "Standbys that stream", steps=((None, RED), (1, GREEN)), width=160),
           Column("Value #C", "Paused", mapping=FINE, width=80), Column("Value #D", "Ready, of the time", "percentunit")),
          Query(f"max by (cluster, region, server, epoch) (farshore_cluster_reign_began_timestamp_seconds{{{OF}}}) * 1000"),
          # Not told (no exporter in its region) is not none.
          Query(f"count by (cluster) (max by (cluster, server) (farshore_pg_wal_receiver_streaming{{{OF}}} == 1))\n"
                f"or max by (cluster) (farshore_pg_wal_receiver_streaming{{{OF}}}) * 0\n"
                f"or max by (cluster) (farshore_cluster_paused{{{OF}}}) * 0 unless on (cluster) farshore_pg_in_recovery{{{OF}}} == 1"),
          Query(f"max by (cluster) (farshore_cluster_paused{{{OF}}})"),
          Query(f"avg_over_time(max by (cluster) (farshore_failover_ready{{{OF}}})[$__range:$__interval])"), sort="Cluster"),
    timeline(11, "Role of every server", "Primary as soon as one vantage sees it as one. Two green lanes of one cluster at once "
             "are two primaries.", Query(q.roles(OF), "{{cluster}} {{server}}"), mapping=q.ROLES)))

MACHINERY = Row("Would we notice, and could we act", 4, (
    stat(4, "Vantages above the quorum", "How many vantages look at the servers, less those that must agree. Below 0 nothing can be "
         "concluded and no failover starts.",
         Query(f"{q.vantages_looking()} - max(farshore_vantages_quorum)", "above the quorum"),
         steps=((None, RED), (0, AMBER), (1, GREEN))),
    stat(4, "Last watchdog", "Since the always firing alert last came all the way from a rule to the actuator: the way that the "
         "real one would take. It comes every 40 s.",
         Query(q.trigger_path_age(), "ago"), unit="s", decimals=0, steps=((None, GREEN), (90, AMBER), (180, RED))),
    stat(4, "Automation latched", "YES: losses of several regions at once, or a failed look at itself. No failover starts in any "
         "cluster until a person says farshorectl unlatch.", Query("max(farshore_automation_latched)", "latched"), mapping=FINE),
    stat(4, "Journal", "Without a journal that can be written nothing is accepted and nothing done.",
         Query("min(farshore_journal_writable)", "journal"), mapping=WORKS),
    stat(4, "Actuators seen", "Actuators that this Prometheus can scrape.",
         Query('sum(up{job="farshore-actuator"})', "actuators"), steps=((None, RED), (1, GREEN))),
    stat(4, "Runs that wait for a person", "A failover stopped because it was unsure: farshorectl why says of what.",
         Query(f"sum(max by (cluster) (farshore_runs_held{{{OF}}}))", "held"), steps=((None, GREEN), (1, RED)))))

ALERTS = Row("What is wrong, and what was done", 6, (
    table(8, "Alerts that fire", "Of the clusters and of Farshore itself, but for the watchdog, which always does.",
          (Column("alertname", "Alert"), Column("severity", "Severity", width=90), Column("cluster", "Cluster", link="cluster"),
           Column("server", "Server")),
          Query('max by (alertname, severity, cluster, server) (ALERTS{alertstate="firing", severity!="none", '
                'cluster=~"$cluster|"})'), sort="Severity", no_value="nothing fires"),
    table(8, "Newest runs", "The newest failover run of each cluster, until a day after its end.",
          (Column("cluster", "Cluster", link="cluster"), Column("run", "Run"), Column("state", "State"),
           Column("Value", "Accepted", "dateTimeAsIso")),
          Query(f"max by (cluster, run, state) (farshore_run_state{{{OF}}} == 1) * on (cluster, run) group_left ()\n"
                f"max by (cluster, run) (farshore_run_accepted_timestamp_seconds{{{OF}}}) * 1000"),
          sort="Accepted", descending=True, no_value="none within a day"),
    timeline(8, "Names", "Whether each authoritative answer is the target of the region where the newest primary is.",
             Query(f"min by (cluster, record) (farshore_dns_matches_primary{{{OF}}})", "{{cluster}} {{record}}"),
             mapping=q.MATCHES)))

OVER_TIME = Row("How it went", 8, (
    series(8, "Lag of the standbys", "By how long each standby is behind its primary, by the vantage that sees the most. Absent "
           "while it cannot be known.", Query(f"max by (cluster, server) (farshore_replication_lag_seconds{{{OF}}})",
                                              "{{cluster}} {{server}}"), unit="s"),
    series(8, "What would have been lost", "The predicted loss of the best standby, and the limit above which a person is asked.",
           Query(q.would_lose("bytes", OF), "{{cluster}}"), Query(q.limit("bytes", OF), "{{cluster}} limit"), unit="bytes",
           limit="B"),
    timeline(8, "Applications", "Up when one vantage gets a whole answer in time.",
             Query(f"max by (cluster, application, region) (farshore_application_up{{{OF}}})", "{{application}} {{region}}"),
             mapping=q.UP)))

BOARD = Board(
    uid="farshore-overview", title="Farshore / DR overview",
    description="Whether each cluster could be failed over now and at what loss; who is primary; whether a loss would be noticed.",
    variables=(variable("cluster", "Cluster", "Clusters of the topology.", "farshore_cluster_paused", many=True),),
    rows=(READINESS, CLUSTERS, MACHINERY, ALERTS, OVER_TIME))
