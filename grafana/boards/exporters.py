"""The exporters themselves: fresh, complete, cheap, and of one build."""

from . import queries as q
from .panels import AMBER, GREEN, RED, Board, Column, Query, Row, series, stat, table, timeline, values, variable

OF = 'job="farshore-exporter", instance=~"$instance"'
YES = values((1, "yes", GREEN), (0, "NO", RED))

FRESH = Row("Is what they say fresh", 6, (
    timeline(8, "Scraped", "Whether this Prometheus can scrape each exporter.", Query(f"max by (instance) (up{{{OF}}})",
                                                                                   "{{instance}}"), mapping=q.UP),
    stat(5, "Age of the newest look", "Past three intervals and a timeout every series about servers is dropped.",
         Query(f"max by (vantage) (farshore_snapshot_age_seconds{{{OF}}})", "{{vantage}}"), unit="s", decimals=1,
         steps=((None, GREEN), (2, AMBER), (3.5, RED))),
    stat(5, "Topology read", "When the topology in effect was read.",
         Query(f"max by (instance) (farshore_config_last_reload_success_timestamp_seconds{{{OF}}}) * 1000", "{{instance}}"),
         unit="dateTimeFromNow"),
    table(6, "Builds", "Which build runs where, and whether its topology was last read without a fault.",
          (Column("instance", "Instance"), Column("version", "Version", width=80), Column("revision", "Revision"),
           Column("Value #B", "Topology read", mapping=YES, width=110)),
          Query(f"max by (instance, version, revision) (farshore_exporter_build_info{{{OF}}})"),
          Query(f"min by (instance) (farshore_config_last_reload_successful{{{OF}}})"), sort="Instance")))

WHOLE = Row("Is it whole", 7, (
    timeline(9, "Slow look", "The statement for directories, settings and transaction ids, every 30 s. Its failure is no failure of "
             "the server, but what it reads goes missing.",
             Query(f"min by (server, vantage) (farshore_pg_slow_tier_success{{{OF}}})", "{{server}} from {{vantage}}"),
             mapping=values((1, "answered", GREEN), (0, "NOT", RED))),
    table(6, "Parts missing", "What a server would not tell (refused: a privilege, a column that it does not have), told too late, or "
          "hides from this role. Empty when nothing.",
          (Column("server", "Server"), Column("vantage", "Vantage"), Column("part", "Part"), Column("reason", "Reason")),
          Query(f"max by (server, vantage, part, reason) (farshore_pg_facts_missing{{{OF}}})"), no_value="nothing is missing"),
    table(5, "Privileges and versions", "Sees all: the monitoring role has pg_monitor. Known: the statements were made for this version "
          "of PostgreSQL.",
          (Column("server", "Server"), Column("version", "Version"), Column("Value #A", "Sees all", mapping=YES),
           Column("Value #B", "Known", mapping=YES)),
          Query(f"min by (server) (farshore_pg_monitor_role_ok{{{OF}}})"),
          Query(f"min by (server) (farshore_pg_version_known{{{OF}}})"),
          Query(f"max by (server, version) (farshore_pg_system_info{{{OF}}})"), sort="Server"),
    stat(4, "Rows left out", "Standbys and slots beyond the first 64 have no series.",
         Query(f"max by (server, kind) (farshore_pg_rows_left_out{{{OF}}}) > 0", "{{server}} {{kind}}"), steps=((None, AMBER),),
         no_value="none")))

PROBES = Row("Probes of the primary", 7, (
    series(8, "Heartbeat", "Time of the newest committed beat. Only with observe.heartbeat.",
           Query(f"max by (server, vantage) (farshore_heartbeat_duration_seconds{{{OF}}})", "{{server}} from {{vantage}}"), unit="s"),
    series(8, "Write probe", "Time of the newest successful write that reached the primary's disk. Only with observe.heartbeat.",
           Query(f"max by (server, vantage) (farshore_write_probe_duration_seconds{{{OF}}})", "{{server}} from {{vantage}}"),
           unit="s"),
    series(8, "Age of the newest replayed beat", "By the primary's own clock: no difference between clocks is in it. Only with "
           "observe.heartbeat.",
           Query(f"max by (server, vantage) (farshore_heartbeat_replayed_age_seconds{{{OF}}})", "{{server}} from {{vantage}}"),
           unit="s")))

COST = Row("What it costs", 7, (
    series(6, "Processor time", "Seconds of processor a second.",
           Query(f"max by (instance) (rate(process_cpu_seconds_total{{{OF}}}[$__rate_interval]))", "{{instance}}"),
           unit="percentunit", calcs=("lastNotNull", "max")),
    series(6, "Memory", "Resident.", Query(f"max by (instance) (process_resident_memory_bytes{{{OF}}})", "{{instance}}"), unit="bytes"),
    series(6, "File descriptors", "Open, as a part of the limit.",
           Query(f"max by (instance) (process_open_fds{{{OF}}} / process_max_fds{{{OF}}})", "{{instance}}"), unit="percentunit"),
    series(6, "Threads", "A frozen server costs a socket, never a thread.",
           Query(f"max by (instance) (process_threads{{{OF}}})", "{{instance}}"), unit="none", decimals=0)))

SCRAPES = Row("Scrapes", 7, (
    series(8, "Time of a scrape", "As this Prometheus saw it; the page is a snapshot and answers at once.",
           Query(f"max by (instance) (scrape_duration_seconds{{{OF}}})", "{{instance}}"), unit="s"),
    series(8, "Samples of a scrape", "Grows with servers, standbys and slots, and falls when a server is silent.",
           Query(f"max by (instance) (scrape_samples_scraped{{{OF}}})", "{{instance}}"), unit="short"),
    series(8, "Age of the slow look", "What it read is dropped after three minutes.",
           Query(f"max by (server, vantage) (farshore_pg_slow_tier_age_seconds{{{OF}}})", "{{server}} from {{vantage}}"), unit="s")))

BOARD = Board(
    uid="farshore-exporters", title="Farshore / Exporter internals",
    description="Whether the exporters' words are fresh and whole, and what they cost.",
    variables=(variable("instance", "Exporter", "Exporters of the topology.", 'up{job="farshore-exporter"}', many=True),),
    rows=(FRESH, WHOLE, PROBES, COST, SCRAPES), selector='cluster=~".+"')
