"""build/lab/report.json and the summary on the terminal."""

import json
import os
import statistics

from . import dashboards

FIGURES = ("write_outage_seconds", "name_moved_seconds", "detection_seconds", "quorum_wait_seconds",
           "actuator_seconds", "bare_promotion_seconds", "longest_gap_seconds", "acked_writes", "acked_writes_lost",
           "lost_bytes", "acked_by_old_primary_after_resume")


def medians(runs):
    found = {}
    for name in FIGURES:
        values = [run[name] for run in runs if run.get(name) is not None]
        if values:
            found[name] = round(statistics.median(values), 4)
    return found


def write(path, runs):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"runs": runs, "median": medians(runs)}, file, indent=1)
        file.write("\n")


def seconds(value):
    return "unknown" if value is None else f"{value:.3f} s"


def summary(run):
    """Lines for people about one run."""
    yield f"outcome           {run['outcome']}" + (f", epoch {run['epoch']}" if "epoch" in run else "")
    if "reason" in run:
        yield f"reason            {run['reason']}"
    if "write_outage_seconds" in run:
        yield f"write outage      {seconds(run['write_outage_seconds'])} (loss to the first acknowledged write in eu-west)"
        yield f"name moved        {seconds(run['name_moved_seconds'])} (loss to the name server's new answer)"
    if "outage_seconds" in run:
        yield f"outage            {seconds(run['outage_seconds'])} between two acknowledged orders, the longest"
    if "longest_gap_seconds" in run:
        yield f"longest gap       {seconds(run['longest_gap_seconds'])} between two acknowledged orders"
    if "detection_seconds" in run:
        yield f"detection         {seconds(run['detection_seconds'])} (fault to webhook accepted)"
        yield (f"actuator          {seconds(run['actuator_seconds'])}, of which {seconds(run['quorum_wait_seconds'])} "
               f"waiting for the quorum's word; the bare promotion takes {seconds(run.get('bare_promotion_seconds'))}")
    yield f"orders            {run['acked_writes']} acknowledged, {run.get('acked_writes_lost', 'unknown')} lost"
    if "predicted_loss_bytes" in run:
        predicted = run["predicted_loss_bytes"]
        yield (f"loss              {run.get('lost_bytes', 'unknown')} bytes of WAL; predicted {predicted['lower']} to "
               f"{predicted['upper']}")
    yield (f"two writers       {run['acked_by_old_primary_after_resume']} orders acknowledged by the old primary after "
           "the new one's first")
    if "dashboards" in run:
        yield from dashboards.summary(run["dashboards"])
    for problem in run["problems"]:
        yield f"PROBLEM           {problem}"
