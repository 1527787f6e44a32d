"""How a fault may end, and what is wrong when it ended otherwise. Each gives (experiment, record) -> [sentence]."""

from . import accounts, plan as places
from .network import Trouble

LONGEST_GAP = 1.5  # seconds; orders go out every 0.05 s and are given up after 0.5 s


def failover(experiment, record):
    """The service came back in eu-west, once, and every account agrees."""
    first = experiment.customer.first_ack(places.STANDBY)
    record["write_outage_seconds"] = round(first - experiment.lost_at, 4) if first else None
    moved = experiment.timeline.at("DNS answers")
    record["name_moved_seconds"] = round(moved - experiment.lost_at, 4) if moved else None
    problems = [] if first else ["the service did not come back"]
    if first:
        problems += accounts.count_lost(experiment, record, first)
    problems += accounts.count_old_primary(experiment, record, first)
    if not experiment.options.by_hand:
        problems += accounts.compare_with_journal(experiment, record)
    record["outcome"] = record.get("outcome", "recovered" if first else "lost")
    return problems


def no_failover(interrupted=False):
    """us-east stays primary. `interrupted`: whether the client may have been without it for a while."""

    def judge(experiment, record):
        problems = [*_nothing_moved(experiment), *_replication_as_before(experiment, streaming=True)]
        present = experiment.order_ids(places.PRIMARY)
        missing = [order for order in experiment.customer.acked if order not in present]
        record["acked_writes_lost"] = len(missing)
        record["longest_gap_seconds"] = round(experiment.customer.longest_gap(), 4)
        if missing:
            problems.append(f"{len(missing)} acknowledged orders are not on the primary, such as {missing[0]}")
        if not interrupted and record["longest_gap_seconds"] > LONGEST_GAP:
            problems.append(f"for {record['longest_gap_seconds']} s no order was acknowledged")
        record["outcome"] = "moved" if problems else "no failover"
        return problems

    return judge


def held(needs):
    """A person is asked for exactly this, and nothing was touched."""

    def judge(experiment, record):
        open_run = experiment.open_run()
        record["outcome"] = open_run["state"] if open_run else "no run"
        if not open_run or open_run["state"] != "held" or open_run["promoting"]:
            yield f"no run is held before its promotion: {experiment.all_runs()}"
            return
        run = experiment.services.actuator(f"/api/v1/runs/{open_run['id']}")
        record["reason"] = run["reason"]
        if run["facts"].get("needs") != needs:
            yield f"the run needs {run['facts'].get('needs')!r}, not {needs!r}: {run['reason']}"
        if experiment.cluster()["claim"]:
            yield f"the run is held and keeps the claim {experiment.cluster()['claim']}"
        yield from _nobody_was_fenced(experiment)
        yield from _replication_as_before(experiment, streaming=False)

    return lambda experiment, record: list(judge(experiment, record))


def _nobody_was_fenced(experiment):
    for server in experiment.fenced():
        yield f"{server} was fenced"


def _nothing_moved(experiment):
    yield from _nobody_was_fenced(experiment)
    for run in experiment.all_runs():
        if run["state"] != "refused":
            yield f"run {run['id']} is {run['state']}: {run['reason']}"
    reign = experiment.cluster()["reign"]
    if (reign["server"], reign["epoch"]) != (places.PRIMARY.server, 1):
        yield f"the reign is {reign['server']} in epoch {reign['epoch']}"
    if experiment.customer.first_ack(places.STANDBY):
        yield "eu-west acknowledged an order"


def _replication_as_before(experiment, streaming):
    """The standby is one, with the settings it was given, and streams if there is somebody to stream from."""
    try:
        recovery, conninfo, receivers = experiment.database.sql(places.STANDBY, """
            SELECT pg_is_in_recovery(), current_setting('primary_conninfo'),
                   (SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming')""").split("|")
    except Trouble as trouble:
        yield f"the standby does not answer: {trouble}"
        return
    if recovery != "t":
        yield "the standby is not in recovery"
    if conninfo != experiment.database.conninfo_of_standby():
        yield f"the standby's primary_conninfo is {conninfo!r}"
    if streaming and receivers != "1":
        yield "the standby does not stream"
