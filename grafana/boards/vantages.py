"""What each vantage sees, how far it is from what it looks at, and whether its word can be trusted."""

from . import queries as q
from .panels import (AMBER, GREEN, RED, Board, Column, Query, Row, history, matrix, series, stat, table, timeline, values, variable)

OF = 'cluster=~"$cluster", vantage=~"$vantage"'
CLASS = values((1, "now", AMBER))

QUORUM = Row("Is there a quorum", 5, (
    stat(4, "Vantages above the quorum", "Vantages that look, less those that must agree. Below 0 no failover starts.",
         Query(f"{q.vantages_looking()} - max(farshore_vantages_quorum)", "above the quorum"),
         steps=((None, RED), (0, AMBER), (1, GREEN))),
    stat(4, "Vantages that look", "Those whose newest look is at most three seconds old.",
         Query(q.vantages_looking(), "look"), background=False),
    stat(4, "Expected", "Vantages of the topology file: the denominator, whoever can be seen.",
         Query("max(farshore_vantages_expected)", "expected"), background=False),
    timeline(12, "Vantages", "Whether this Prometheus can scrape each exporter.",
             Query('max by (instance) (up{job="farshore-exporter"})', "{{instance}}"), mapping=q.UP)))

VOTES = Row("Votes", 7, (
    matrix(9, "What each vantage says now", "A server that answers; one that is silent, which is a vote for its loss; one that says no, "
           "and so lives; a vantage that cannot look. Empty: no word from that vantage.",
           Query(q.votes(OF, "server, vantage")), "server", "vantage", q.VOTES),
    history(15, "What each vantage said", "The same over time.", Query(q.votes(OF), "{{server}} from {{vantage}}"),
            mapping=q.VOTES, points=90)))

CLASSES = Row("Failures by class", 6, (
    timeline(12, "Servers", "Only refused, timeout and unreachable are silence; dns is the vantage's own trouble; the others prove a "
             "living server or nothing. Empty when every look succeeds.",
             Query(f"max by (server, vantage, class) (farshore_pg_failure{{{OF}}} == 1)", "{{server}} from {{vantage}}: {{class}}"),
             mapping=CLASS, no_value="no failure"),
    timeline(12, "Applications and names", "Failures of the probes of applications and of the questions to name servers. Empty when "
             "there are none.",
             Query(f"max by (application, region, vantage, class) (farshore_application_failure{{{OF}}} == 1)",
                   "{{application}} {{region}} from {{vantage}}: {{class}}"),
             Query(f"max by (nameserver, vantage, class) (farshore_dns_failure{{{OF}}} == 1)",
                   "{{nameserver}} from {{vantage}}: {{class}}"), mapping=CLASS, no_value="no failure")))

NETWORK = Row("Distance and clocks", 8, (
    series(8, "Round trip to each server", "From sending the statement to its answer, the server's work included.",
           Query(f"max by (server, vantage) (farshore_pg_round_trip_seconds{{{OF}}})", "{{server}} from {{vantage}}"), unit="s"),
    series(8, "Clocks", "Each server's clock minus that of its region's vantage, wrong by half a round trip at most; and how wrong each "
           "vantage's own clock is at least, without its sign.",
           Query(f"max by (server, vantage) (farshore_pg_clock_offset_seconds{{{OF}}})", "{{server}} from {{vantage}}"),
           Query('max by (vantage) (farshore_vantage_clock_offset_seconds{vantage=~"$vantage"})', "vantage {{vantage}}"), unit="s",
           minimum=None),
    series(8, "Age of the newest look", "By a clock that goes on while the host sleeps. Too old a look is no vote.",
           Query('max by (vantage) (farshore_snapshot_age_seconds{vantage=~"$vantage"})', "{{vantage}}"), unit="s")))

NAMES = Row("Names", 7, (
    table(9, "Name servers", "The newest answers. TTL: for how long a resolver may still give the old answer after a change.",
          (Column("record", "Record"), Column("nameserver", "Name server"), Column("vantage", "Vantage"),
           Column("Value #A", "At the primary", mapping=values((1, "yes", GREEN), (0, "NO", RED))), Column("Value #B", "TTL", "s")),
          Query("min by (record, nameserver, vantage) (farshore_dns_matches_primary{" + OF + "})"),
          Query("max by (record, nameserver, vantage) (farshore_dns_ttl_seconds{" + OF + "})"), sort="Record"),
    timeline(8, "Where the names point", "As the authoritative servers answer.",
             Query(f"max by (record, region) (farshore_dns_record_points_to{{{OF}}})", "{{record}} {{region}}"), mapping=q.POINTS),
    series(7, "Name servers' time to answer", "Of each name server, from each vantage.",
           Query(f"max by (nameserver, vantage) (farshore_dns_latency_seconds{{{OF}}})", "{{nameserver}} from {{vantage}}"),
           unit="s", calcs=("lastNotNull",))))

APPLICATIONS = Row("Applications and files", 7, (
    matrix(6, "Who gets an answer", "Of each region's application from each vantage.",
           Query(f"max by (region, vantage) (farshore_application_up{{{OF}}})"), "region", "vantage", q.UP),
    series(8, "Applications' time to answer", "From the connect to the end of the answer, over a new connection.",
           Query(f"max by (application, region, vantage) (farshore_application_latency_seconds{{{OF}}})",
                 "{{application}} {{region}} from {{vantage}}"), unit="s", calcs=("lastNotNull",)),
    stat(5, "Certificates end in", "The application's own certificate that ends first; unknown without https.",
         Query(f"min by (application, region) (farshore_application_certificate_expiry_timestamp_seconds{{{OF}}}) - time()",
               "{{application}} {{region}}"), unit="s", steps=((None, RED), (604800, AMBER), (1814400, GREEN)), no_value="none is told"),
    stat(5, "Age of the files", "What would be lost of a file tier with its source; unknown without file tiers.",
         Query(f"max by (tier, region) (farshore_files_age_seconds{{{OF}}})", "{{tier}} {{region}}"), unit="s",
         no_value="no file tier")))

BOARD = Board(
    uid="farshore-vantages", title="Farshore / Vantages and network",
    description="The votes of the vantages, why a look failed, distances, clocks, names, applications.",
    variables=(variable("cluster", "Cluster", "Clusters of the topology.", "farshore_cluster_paused", many=True),
               variable("vantage", "Vantage", "Where is looked from.", "farshore_snapshot_age_seconds", many=True)),
    rows=(QUORUM, VOTES, CLASSES, NETWORK, NAMES, APPLICATIONS))
