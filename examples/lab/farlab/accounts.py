"""The accounts of one run: what was acknowledged, what is there, and whether that agrees with what Farshore says."""

import collections

from . import fences, plan as places
from .postgres import lsn_bytes, lsn_text
from .watch import wall_seconds
from .timeline import monotonic_of_wall


def _acknowledged(experiment, until):
    """{order: position or None} of all that anybody was promised by the first primary until the new one took over.

    Orders placed inside a region that is cut off are among them: until the fence holds, the isolated primary goes on
    acknowledging. What it acknowledges after the new one's first write is not a loss but a second writer.
    """
    orders = {order: position for order, (_, position, _) in experiment.customer.acked.items()}
    if experiment.clinging:
        orders |= {order: position for order, (t, position, _) in experiment.clinging.acked.items() if t <= until}
        orders |= {order: None for order, t in experiment.direct.acked.items() if t <= until}
    return orders


def count_lost(experiment, record, first):
    fork = experiment.database.fork_position()
    present = experiment.order_ids()
    acknowledged = _acknowledged(experiment, first)
    lost = {order: position for order, position in acknowledged.items() if order not in present}
    known = {order: position for order, position in lost.items() if position is not None}
    record["fork_lsn"] = lsn_text(fork)
    record["acked_writes"] = len(acknowledged)
    record["acked_writes_lost"] = len(lost)
    record["lost_bytes"] = max(known.values(), default=fork) - fork
    before = [order for order, position in known.items() if position <= fork]
    return [f"{len(before)} lost orders lie before the fork {lsn_text(fork)}, such as {before[0]}"] if before else []


def count_old_primary(experiment, record, first):
    """Acknowledgements by the old primary once the new one acknowledges: two writers.

    With a proof there may be none. Without a fence there must be some, or the lab could not see them at all; a fence
    that could prove nothing may have fenced the old primary when that came back.
    """
    record["acked_by_old_primary_after_resume"] = 0
    if not experiment.clinging:
        return []
    since = first or experiment.undone_at
    record["acked_by_old_primary_after_resume"] = (
        experiment.clinging.acked_after(since, places.PRIMARY) + experiment.direct.acked_after(since)
        + experiment.customer.acked_after(since, places.PRIMARY))
    two_writers = record["acked_by_old_primary_after_resume"] > 0
    if two_writers and experiment.proven:
        return ["the old primary acknowledged writes after the new one did"]
    if not two_writers and fences.NONE in experiment.options.fence:
        return ["the old primary was not fenced, yet nobody saw it acknowledge a write"]
    return []


def compare_with_journal(experiment, record):
    services = experiment.services
    runs = [services.actuator(f"/api/v1/runs/{run['id']}") for run in services.actuator("/api/v1/runs")["runs"]]
    promoted = [run for run in runs if run["state"] == "succeeded"]
    if len(promoted) != 1:
        return [f"{len(promoted)} runs succeeded: {[(run['id'], run['state']) for run in runs]}"]
    run = promoted[0]
    accepted = monotonic_of_wall(wall_seconds(run["accepted_at"]))
    record |= {
        "outcome": run["state"],
        "epoch": run["epoch"],
        "detection_seconds": round(accepted - experiment.lost_at, 4),
        "quorum_wait_seconds": run["quorum_wait_seconds"],
        "actuator_seconds": run["actuator_seconds"],
        "predicted_loss_bytes": run["predicted_loss_bytes"],
        "steps": [{"name": step["name"], "seconds": step["seconds"]} for step in run["steps"]],
    }
    return [*_disagreements(experiment, run, record), *_late(experiment, record, runs)]


def _late(experiment, record, runs):
    """What came in after the old region was back must have been refused, and must not have started anything."""
    if experiment.undone_at is None:
        return
    late = [alert for alert in experiment.services.actuator("/api/v1/alerts?limit=1000")["alerts"]
            if alert["action"] == "failover"
            and monotonic_of_wall(wall_seconds(alert["received_at"])) > experiment.undone_at]
    record["late_webhooks"] = dict(collections.Counter(alert["verdict"] for alert in late))
    for alert in late:
        if alert["verdict"] not in ("refused", "duplicate", "noted"):
            yield f"the late alert {alert['id']} has the verdict {alert['verdict']}"
    for run in runs:
        if monotonic_of_wall(wall_seconds(run["accepted_at"])) > experiment.undone_at:
            yield f"run {run['id']} was started after the old region came back"


def _disagreements(experiment, run, record):
    upper = run["predicted_loss_bytes"]["upper"]
    if run["candidate"] != places.STANDBY.server or run["old_primary"] != places.PRIMARY.server:
        yield f"the journal says {run['old_primary']} -> {run['candidate']}"
    # The claim of the attempt that was held is given back, and its number is used up.
    expected = 2 if experiment.proven else 3
    if run["epoch"] != expected:
        yield f"the first failover ended in epoch {run['epoch']}, not {expected}"
    if "fork_lsn" in record and lsn_bytes(run["fork_lsn"]) != lsn_bytes(record["fork_lsn"]):
        yield f"the journal's fork {run['fork_lsn']} is not PostgreSQL's {record['fork_lsn']}"
    if upper is not None and record.get("lost_bytes", 0) > upper:
        yield f"{record['lost_bytes']} bytes were lost, at most {upper} were predicted"
