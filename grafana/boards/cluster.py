"""One cluster: roles, timelines, lag, the way of the WAL, slots, archive, and what would hinder a failover."""

from . import queries as q
from .panels import (AMBER, FINE, GREEN, RED, YES_NO, Board, Column, Query, Row, series, stat, table, timeline, values, variable)

OF = q.ONE
JOIN = "on (cluster, region, server, vantage, instance)"


def gap(newer, older):
    """Bytes of WAL between two places on the way to a standby, as the primary tells them in one look."""
    return (f"clamp_min(max by (server, application_name) (farshore_pg_{newer}_lsn_bytes{{{OF}}}\n"
            f"- {JOIN} group_right () farshore_pg_replication_{older}_lsn_bytes{{{OF}}}), 0)")


def step_gap(newer, older):
    return (f"clamp_min(max by (server, application_name) (farshore_pg_replication_{newer}_lsn_bytes{{{OF}}}\n"
            f"- farshore_pg_replication_{older}_lsn_bytes{{{OF}}}), 0)")


def worst(metric, by="server", more=""):
    return f"max by ({by}) ({metric}{{{OF}{more}}})"


STATE = Row("Can we fail over now, and what would we lose", 4, (
    stat(4, "Can we fail over now", "The actuator's rehearsal of this cluster; unknown when it is older than a minute.",
         Query(q.ready(OF), "{{cluster}}"), mapping=YES_NO),
    stat(4, "Primary", "Who reigns by the actuator's journal, and where.",
         Query(f"max by (server, region) (farshore_cluster_primary_epoch{{{OF}}})", "{{server}} in {{region}}"), name=True),
    stat(3, "Epoch", "The number of the reign; each failover takes a larger one.",
         Query(f"max(farshore_cluster_primary_epoch{{{OF}}})", "epoch")),
    stat(4, "Reign began", "With the last failover, or when it was adopted.",
         Query(f"max(farshore_cluster_reign_began_timestamp_seconds{{{OF}}}) * 1000", "since"), unit="dateTimeFromNow"),
    stat(3, "We would lose, bytes", "Predicted for the best standby.", Query(q.would_lose("bytes", OF), "{{cluster}}"), unit="bytes"),
    stat(3, "We would lose, time", "Predicted for the best standby.", Query(q.would_lose("seconds", OF), "{{cluster}}"), unit="s",
         decimals=1),
    stat(3, "Paused", "YES: a person paused the failover of this cluster.",
         Query(f"max(farshore_cluster_paused{{{OF}}})", "paused"), mapping=FINE)))

ROLES = Row("Roles", 6, (
    timeline(12, "Role of every server", "Primary as soon as one vantage sees it as one.", Query(q.roles(OF), "{{server}}"),
             mapping=q.ROLES),
    table(6, "What stands in the way", "The reasons of the rehearsal. Empty when nothing does.",
          (Column("reason", "Reason"),), Query(f'max by (reason) (farshore_failover_ready{{{OF}, reason!=""}} == 0)'),
          no_value="nothing"),
    series(6, "Timeline", "Of each server; a promotion begins a new one. A server left behind on an old one must be rewound.",
           Query(worst("farshore_pg_timeline_id"), "{{server}}"), minimum=None, decimals=0, calcs=("lastNotNull",))))

LAG = Row("Lag", 8, (
    series(8, "Lag in time", "By how long each standby is behind, seen by the vantage that sees the most. Absent while unknown.",
           Query(worst("farshore_replication_lag_seconds"), "{{server}}"), unit="s"),
    series(8, "Lag in bytes", "What each standby lacks of the newest known position of the primary.",
           Query(worst("farshore_replication_lag_bytes"), "{{server}}"), unit="bytes"),
    series(8, "Predicted loss", "What promoting each standby would lose, and the limit above which a person is asked.",
           Query(f"min by (server) (farshore_predicted_loss_bytes{{{OF}}})", "{{server}}"),
           Query(f"max(farshore_cluster_max_data_loss_bytes{{{OF}}})", "limit"), unit="bytes", limit="B")))

WAY = Row("The way of the WAL", 8, (
    series(8, "Where the WAL is", "Bytes on their way to each standby, stacked in the order of the way: on the primary, in the network, "
           "not yet durable, not yet replayed.",
           Query(gap("wal_current", "sent"), "{{application_name}} not sent"),
           Query(step_gap("sent", "write"), "{{application_name}} not received"),
           Query(step_gap("write", "flush"), "{{application_name}} not flushed"),
           Query(step_gap("flush", "replay"), "{{application_name}} not replayed"), unit="bytes", stacked=True),
    series(8, "WAL written", "Bytes a second on the primary.",
           Query(f"max by (server) (deriv(farshore_pg_wal_current_lsn_bytes{{{OF}}}[$__rate_interval]))", "{{server}}"), unit="Bps"),
    series(8, "Age of the last message", "Since each standby last heard of its primary. An idle link is silent for up to "
           "wal_receiver_status_interval.", Query(worst("farshore_pg_wal_receiver_last_message_age_seconds"), "{{server}}"),
           unit="s")))

CONNECTIONS = Row("Replication", 6, (
    table(9, "Connections for replication", "As the primary shows them: standbys, backups, logical subscribers.",
          (Column("server", "On"), Column("application_name", "Name"), Column("state", "State"), Column("sync_state", "Synchronous"),
           Column("Value", "Connected", mapping=values((1, "yes", GREEN)), width=90)),
          Query("max by (server, application_name, state, sync_state) (farshore_pg_replication_state_info{" + OF + "})"), sort="On"),
    table(9, "Slots", "Active: somebody streams through it. Retained: WAL that cannot be removed because of it.",
          (Column("server", "On"), Column("slot", "Slot"), Column("Value #A", "Active", mapping=values((1, "yes", GREEN), (0, "NO", RED))),
           Column("Value #B", "Retained", "bytes"), Column("Value #C", "Safe", "bytes")),
          Query("max by (server, slot) (farshore_pg_replication_slot_active{" + OF + "})"),
          Query("max by (server, slot) (farshore_pg_replication_slot_retained_wal_bytes{" + OF + "})"),
          Query("min by (server, slot) (farshore_pg_replication_slot_safe_wal_bytes{" + OF + "})"), sort="On",
          no_value="no slot is told"),
    stat(3, "Sync standbys missing", "Below the configured number commits hang: the primary answers and accepts no write.",
         Query(f"max by (server) (farshore_pg_synchronous_standbys_configured{{{OF}}} - farshore_pg_synchronous_standbys_connected"
               f"{{{OF}}})", "{{server}}"), steps=((None, GREEN), (1, RED)), no_value="no primary is told"),
    stat(3, "Replay paused", "YES: somebody paused the replay of this standby. It goes on receiving.",
         Query(worst("farshore_pg_replay_paused"), "{{server}}"), mapping=FINE, no_value="no standby is told")))

HEALTH = Row("The servers", 7, (
    series(6, "Connections used", "Client sessions as a part of max_connections.",
           Query(f"max by (server) (farshore_pg_connections{{{OF}}} / farshore_pg_max_connections{{{OF}}})", "{{server}}"),
           unit="percentunit", calcs=("lastNotNull",)),
    series(6, "WAL directory", "Size of pg_wal: grows while a slot or a failing archiver holds it back.",
           Query(worst("farshore_pg_wal_directory_bytes"), "{{server}}"), unit="bytes", calcs=("lastNotNull",)),
    series(6, "WAL files that wait for the archive", "The honest measure of an archiver that falls behind.",
           Query(worst("farshore_pg_archive_ready_files"), "{{server}}"), calcs=("lastNotNull",)),
    series(6, "Queries cancelled by recovery", "Per second on each standby, by kind.",
           Query(f"max by (server, kind) (rate(farshore_pg_recovery_conflicts_total{{{OF}}}[$__rate_interval]))",
                 "{{server}} {{kind}}"), unit="ops", calcs=("lastNotNull",))))

READY = Row("What would hinder a failover sooner or later", 6, (
    table(8, "Settings below the primary's", "Replay on the standby stops when one is too low. Empty when none is.",
          (Column("server", "Standby"), Column("parameter", "Setting"), Column("Value", "Too low by", steps=((None, RED),))),
          Query("max by (server, parameter) (farshore_pg_standby_parameter_shortfall{" + OF + "}) > 0"), no_value="none is told"),
    stat(4, "Settings that wait for a restart", "They change what a server is as soon as it is restarted.",
         Query(worst("farshore_pg_settings_pending_restart"), "{{server}}"), steps=((None, GREEN), (1, AMBER))),
    stat(4, "Prepared transactions", "They block a clean take-over of what they locked, and go with the WAL.",
         Query(worst("farshore_pg_prepared_transactions"), "{{server}}"), steps=((None, GREEN), (1, AMBER)),
         no_value="no primary is told"),
    stat(4, "Transaction ids used", "Of the 2^31 after which the server accepts no more writes.",
         Query(f"max by (server) (farshore_pg_oldest_transaction_id_age{{{OF}}}) / 2147483648", "{{server}}"), unit="percentunit", decimals=1,
         steps=((None, GREEN), (0.5, AMBER), (0.75, RED))),
    stat(4, "Server's clock", "Against the vantage's, the largest difference; wrong by half a round trip at most.",
         Query(f"max by (server) (abs(farshore_pg_clock_offset_seconds{{{OF}}}))", "{{server}}"), unit="s", decimals=3,
         steps=((None, GREEN), (0.5, AMBER), (2, RED)))))

BOARD = Board(
    uid="farshore-cluster", title="Farshore / Cluster detail",
    description="Everything that is known of the servers of one cluster and of the replication between them.",
    variables=(variable("cluster", "Cluster", "Cluster of the topology.", "farshore_cluster_paused"),),
    rows=(STATE, ROLES, LAG, WAY, CONNECTIONS, HEALTH, READY), selector=OF)
