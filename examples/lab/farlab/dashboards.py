"""The lab's part in Grafana's dashboards: when they are asked, what is wrong then, and their preview."""

import os
import time
from http.client import HTTPException

from . import boards, fences, plan as places, preview, traffic, watch

BEFORE = 8.0  # seconds of the good time that the boards show
REHEARSED = 15.0
SETTLED = 0.6  # from the firing alert to the middle of the failover
NEVER, TELL, CHECK = MODES = ("never", "tell", "check")


def _wall(monotonic):
    return time.time() - time.monotonic() + monotonic


def moments(timeline):
    """{letter: (start, end)}: before the first fault, during the failover if there was one, and now."""
    struck = _wall(timeline.first_fault_at)
    start, found = struck - BEFORE, {"B": (struck - BEFORE, struck - 0.1)}
    firing = timeline.at("alert firing")
    if firing is not None:
        found["D"] = (start, _wall(firing) + SETTLED)
    found["A"] = (start, time.time())
    return found


def examine(experiment):
    """Asks the witness' Prometheus, which outlives the region, and draws what it said at the end.

    All moments are asked now: Prometheus remembers, and nothing that is measured is disturbed by the asking. What has no
    answer is wrong only after a failover of one loss by the usual ways, for which silences.py is written."""
    folder = os.path.join(experiment.plan.source, "grafana/dashboards")
    target = os.path.join(os.path.dirname(experiment.options.report), "dashboards")
    usual = (experiment.options.traffic, experiment.options.fence) == (traffic.DEFAULT, (fences.DEFAULT,))
    simple = experiment.fault.promotes and experiment.fault.whole and usual
    if simple:
        # The rehearsal is made every ten seconds: the boards are as after the failover when a new one was scraped.
        watch.wait_for(lambda: experiment.services.ask_prometheus(places.WITNESS, "farshore_failover_ready == 0"), REHEARSED,
                       pause=0.2)
    try:
        record = boards.examine(experiment.plan.prometheus_url(places.WITNESS), folder, moments(experiment.timeline), target,
                                simple)
    except (OSError, HTTPException, ValueError) as trouble:
        return {**boards.NOTHING, "wrong": [f"could not be asked: {trouble!r}"], "seconds": 0, "drawn": 0}
    record["drawn"] = preview.draw(boards.load(folder), os.path.join(target, "answers-A.json"), target)
    return record


def summary(record):
    """Lines for people."""
    yield (f"dashboards        {record['queries']} queries in {record['seconds']} s, {len(record['wrong'])} wrong, "
           f"{record['excused']} without an answer as listed; {record['drawn']} drawn")
    for fault in record["wrong"][:20]:
        yield f"                  {fault}"
