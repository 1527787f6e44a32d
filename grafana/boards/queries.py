"""Questions that several boards ask, in PromQL. `$cluster` and the others are variables of the board.

Every series comes from up to as many vantages as there are. A lag is taken from the one that sees the worst, what proves
life and what would be lost from the one that sees most, as the alert rules do: no mean, which would show what nobody saw."""

from .panels import AMBER, BLUE, GREEN, GREY, PURPLE, RED, values

ALL = 'cluster=~"$cluster"'  # boards of several clusters
ONE = 'cluster="$cluster"'   # boards of one

SILENT_CLASSES = "refused|timeout|unreachable"  # the others prove a living server, or nothing
FRESH_SECONDS = 3  # of a snapshot, as the alert rules have it


def ready(of):
    """1 or 0; nothing when the rehearsal is too old to be believed."""
    return (f"max by (cluster) (farshore_failover_ready{{{of}}})\n"
            f"unless on (cluster) max by (cluster) (farshore_failover_plan_age_seconds{{{of}}}) > 60")


def would_lose(unit, of):
    """Of the standby that holds most, by the vantage that sees most: one that is cut off itself fears more and more."""
    return f"min by (cluster) (farshore_predicted_loss_{unit}{{{of}}})"


def limit(unit, of):
    return f"max by (cluster) (farshore_cluster_max_data_loss_{unit}{{{of}}})"


# What a server is to whoever sees most of it: a primary to one vantage is a primary.
ROLES = values((1, "primary", GREEN), (0, "standby", BLUE), (-1, "silent to all", RED))


def roles(of):
    return (f"max by (cluster, server) (1 - farshore_pg_in_recovery{{{of}}})\n"
            f"or max by (cluster, server) (farshore_pg_up{{{of}}} * 0 - 1)")


# What a vantage can say of a server, and how it counts for the quorum.
VOTES = values((1, "answers", GREEN), (0, "silent", RED), (2, "alive, refuses", AMBER), (3, "cannot look", PURPLE))


def votes(of, by="cluster, server, vantage"):
    """A server that answers; one that is silent; one that says no, and so lives; a vantage with trouble of its own."""
    failure = f"max by ({by}) (farshore_pg_failure{{{of}, class%s}} == 1)"
    return (f"max by ({by}) (farshore_pg_up{{{of}}} == 1)\n"
            f"or {failure % ('=~' + chr(34) + SILENT_CLASSES + chr(34))} * 0\n"
            f"or {failure % ('=' + chr(34) + 'dns' + chr(34))} * 3\n"
            f"or {failure % ('!~' + chr(34) + SILENT_CLASSES + '|dns' + chr(34))} * 2")


RUN_STATES = values((1, "running", AMBER), (2, "held", PURPLE), (3, "succeeded", GREEN), (4, "refused", GREY))


def runs(of):
    state = f'max by (cluster, run) (farshore_run_state{{{of}, state="%s"}} == 1)'
    return "\nor ".join(f"{state % word} * {number}"
                        for number, word in enumerate(("running", "held", "succeeded", "refused"), 1))


ALERT_STATES = values((1, "pending", AMBER), (2, "firing", RED))


def alerts(of):
    """Those of the clusters, and those that are about none."""
    name = f'max by (alertname) (ALERTS{{{of}, severity!="none", alertstate="%s"}})'
    return f"{name % 'firing'} * 2\nor {name % 'pending'}"


POINTS = values((1, "points here", GREEN), (0, "-", GREY))
MATCHES = values((1, "at the primary", GREEN), (0, "ELSEWHERE", RED))
UP = values((1, "up", GREEN), (0, "DOWN", RED))


def vantages_looking():
    return f"(count(max by (vantage) (farshore_snapshot_age_seconds <= {FRESH_SECONDS})) or vector(0))"


def trigger_path_age():
    return "time() - max(farshore_trigger_path_last_seen_timestamp_seconds)"
