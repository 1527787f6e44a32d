"""The promises S1 to S8, checked on the history of one run. Pure: a history is a dict (see history.py), times are
seconds since 1970. Each check yields sentences about what was broken. Runs as a script on a saved history.json.

What is checked comes from three sides that know nothing of each other: the actuator's journal, the servers' own logs
and tables with the power switch, and what the clients were told.
"""

import json
import sys

PROOF_FRESH = 2.0  # seconds; S1
WINDOW = 3.0  # evidence_window of the lab's topology; S7
NEWS = 1.5  # seconds until what a vantage saw can have been scraped, voted on and read
CLOCKS = 0.3  # what a stamp may be late by: written after the fact, on a busy machine
FINAL = ("succeeded", "refused", "held")


def runs(history):
    return history["journal"]["runs"]


def steps(history, run, name=None, event=None):
    return [step for step in history["journal"]["steps"] if step["run_id"] == run["id"]
            and (name is None or step["step"] == name) and (event is None or step["event"] == event)]


def facts(history, run):
    merged = {}
    for step in steps(history, run):
        merged |= step["facts"]
    return {name: value for name, value in merged.items() if value}


def promoting(history):
    """The runs that asked for a promotion."""
    return [run for run in runs(history) if steps(history, run, "promote", "intent")]


def s1_proof_before_promote(history):
    for run in promoting(history):
        for intent in steps(history, run, "promote", "intent"):
            fenced = [step for step in steps(history, run, "fence_old_primary")
                      if step["event"] in ("done", "already_done") and step["at"] <= intent["at"]
                      and step["attempt"] == intent["attempt"]]
            # A run that died after the promotion was asked for goes on from there.
            earlier = [step for step in steps(history, run, "promote", "intent") if step["at"] < intent["at"]]
            if not fenced and not earlier:
                yield f"{run['id']} asked for the promotion without a fence that held in this attempt"
    for server in history["servers"].values():
        for at in server["promote_requests"]:
            looks = [look["at"] for look in history["power"]["looked_off"]
                     if look["server"] != server["name"] and at - PROOF_FRESH - CLOCKS <= look["at"] <= at + CLOCKS]
            if not looks:
                yield f"{server['name']} was promoted, and for {PROOF_FRESH:g} s nobody had seen that the other is off"
    for name in {run["old_primary"] for run in promoting(history)}:
        if history["servers"][name]["alive"]:
            yield f"{name} was fenced, and processes of it are there at the end"


def s2_once(history):
    by_epoch, claimed = {}, {}
    for run in promoting(history):
        by_epoch.setdefault(run["epoch"], set()).add(run["id"])
    for run in runs(history):
        for step in steps(history, run):
            if step["facts"].get("claimed_epoch"):
                claimed.setdefault(step["facts"]["claimed_epoch"], set()).add(run["id"])
    for epoch, who in [*by_epoch.items(), *claimed.items()]:
        if len(who) > 1:
            yield f"epoch {epoch} was claimed or promoted for by {sorted(who)}"
    selected = [timeline for server in history["servers"].values() for timeline in server["timelines_selected"]]
    reigns = history["journal"]["reigns"]
    if len(selected) != len(set(selected)):
        yield f"a timeline was selected twice: {sorted(selected)}"
    if len(selected) > len(by_epoch):
        yield f"PostgreSQL was promoted {len(selected)} times, the journal knows of {len(by_epoch)}"
    if len({reign["epoch"] for reign in reigns}) != len(reigns):
        yield f"an epoch has two reigns: {reigns}"
    owners = {}
    for server in history["servers"].values():
        for row in server["epoch_rows"] or []:
            owners.setdefault(row["epoch"], set()).add(row["server"])
    for epoch, who in owners.items():
        if len(who) > 1:
            yield f"the probe rows of epoch {epoch} name {sorted(who)}"


def s3_right_candidate(history):
    for run in promoting(history):
        known, candidate = facts(history, run), history["servers"].get(run["candidate"])
        if candidate is None:
            yield f"{run['id']} promoted {run['candidate']!r}, which is no server"
            continue
        lower = known.get("predicted_loss_lower_bytes")
        if lower is None or int(lower) > history["max_data_loss_bytes"]:
            yield f"{run['id']} promoted with {lower} bytes missing, {history['max_data_loss_bytes']} are allowed"
        if candidate["system_identifier"] != history["servers"][run["old_primary"]]["system_identifier"]:
            yield f"{run['candidate']} belongs to another system"
        if not candidate["promote_requests"]:
            yield f"{run['candidate']} was no standby that could be promoted"
        if candidate["epoch_rows"] is not None and run["from_epoch"] not in [
                row["epoch"] for row in candidate["epoch_rows"]]:
            yield f"{run['candidate']} does not hold the probe row of epoch {run['from_epoch']}"


def s4_write_before_traffic(history):
    for moved in history["name_moves"]:
        rows = [row for server in history["servers"].values() for row in server["epoch_rows"] or []
                if row["server"] == moved["server"] and row["epoch"] > 1]
        if not any(row["at"] <= moved["at"] for row in rows):
            yield f"the name said {moved['server']} before a write was committed there in a new epoch"
    for run in promoting(history):
        proven = [step["at"] for step in steps(history, run, "prove_writable")
                  if step["event"] in ("done", "already_done")]
        for step in steps(history, run, "switch_traffic", "intent"):
            if not proven or min(proven) > step["at"]:
                yield f"{run['id']} moved traffic before the write was proven"


def s5_every_alert_has_a_verdict(history):
    for alert in history["journal"]["alerts"]:
        if alert["verdict"] in ("", "pending"):
            yield f"alert {alert['id']} has no verdict"
        elif alert["verdict"] == "refused" and not alert["reason"]:
            yield f"alert {alert['id']} was refused without a reason"


def s6_every_run_ends(history):
    for run in runs(history):
        if run["state"] not in FINAL:
            yield f"{run['id']} is {run['state']} at {run['step']} and does not end"
        elif run["state"] != "succeeded" and not run["reason"]:
            yield f"{run['id']} is {run['state']} without a reason"
    if promoting(history):
        return
    if history["journal"]["claims"]:
        yield f"a claim is kept although nothing was promoted: {history['journal']['claims']}"
    for server in history["servers"].values():
        if server["conninfo_before"] is None or not server["running"]:
            continue
        if not server["in_recovery"]:
            yield f"{server['name']} is no standby any more, and the journal knows of no promotion"
        if server["primary_conninfo"] != server["conninfo_before"]:
            yield f"{server['name']} was not put back: its primary_conninfo is {server['primary_conninfo']!r}"
        if any(other["running"] and other["in_recovery"] is False for other in history["servers"].values()):
            if not server["streaming"]:
                yield f"{server['name']} does not stream although its primary runs"


def s7_no_life_before_the_fence(history):
    """What could be known: a sample needs a scrape and a poll to reach the actuator; a race within that is no fault."""
    fenced = {run["old_primary"] for run in promoting(history)}
    for off in history["power"]["switched_off"]:
        if off["server"] not in fenced and not any(run["state"] == "held" for run in runs(history)):
            yield f"{off['server']} was fenced, nothing was promoted in its place, and nobody is asked"
        for seen in history["vantage_sessions"]:
            if (seen["server"] == off["server"] and seen["scraped"] <= off["at"] - NEWS
                    and seen["session"] > off["at"] - WINDOW):
                yield (f"{seen['vantage']} had a session with {off['server']} {off['at'] - seen['session']:.1f} s "
                       "before it was fenced")
        for heard in history["receiver"]:
            if heard["looked"] <= off["at"] - NEWS and heard["message"] > off["at"] - WINDOW:
                yield f"the standby heard of {off['server']} {off['at'] - heard['message']:.1f} s before it was fenced"


def s8_forward_only(history):
    for run in promoting(history):
        asked = min(step["at"] for step in steps(history, run, "promote", "intent"))
        if any(step["at"] >= asked for step in steps(history, run, event="undone")):
            yield f"{run['id']} put something back after the promotion was asked for"
        if run["state"] != "succeeded":
            yield f"{run['id']} asked for the promotion and is {run['state']}: {run['reason']}"


def client_gets_what_it_was_promised(history):
    """Nothing acknowledged is gone, except beyond the fork and within what was predicted."""
    acked = {event["id"]: event for event in history["client"] if event["result"] == "acked"}
    succeeded = [run for run in promoting(history) if run["state"] == "succeeded"]
    present = history["present"]
    if present is None:
        return  # nobody is there to be asked; end_in_sight says whether that may be
    lost = [event for order, event in acked.items() if order not in set(present)]
    if lost and not succeeded:
        yield f"{len(lost)} acknowledged orders are gone without a failover, such as {lost[0]['id']}"
        return
    if not lost:
        return
    known = [event for event in lost if event.get("position") is not None]
    fork, upper = history["fork"], facts(history, succeeded[-1]).get("predicted_loss_upper_bytes")
    for event in known:
        if event["position"] <= fork:
            yield f"{event['id']} is lost, and lies {fork - event['position']} bytes before the fork"
    furthest = max((event["position"] for event in known), default=fork) - fork
    if upper is not None and furthest > int(upper):
        yield f"{furthest} bytes were lost, at most {upper} were predicted"


def fenced_acknowledges_nothing(history):
    for off in history["power"]["switched_off"]:
        region = history["servers"][off["server"]]["region"]
        late = [event for event in history["client"] if event["result"] == "acked" and event["region"] == region
                and event["sent"] > off["at"]]
        if late:
            yield f"{off['server']} acknowledged {len(late)} orders that were sent after it was fenced"
    first = min((event["t"] for event in history["client"] if event["result"] == "acked"
                 and event["region"] != history["first_region"]), default=None)
    late = [event for event in history["client"] if event["result"] == "acked" and first is not None
            and event["region"] == history["first_region"] and event["sent"] > first]
    if late:
        yield f"{len(late)} orders were sent to and acknowledged by the old region after the new one had acknowledged"


def end_in_sight(history):
    """The service is there, or somebody is told why not."""
    end = history["end"]
    if not end["orders_flow"] and not end["held"] and not end["latched"]:
        yield "no orders flow at the end, and nobody is told why"


CHECKS = {
    "S1": s1_proof_before_promote, "S2": s2_once, "S3": s3_right_candidate, "S4": s4_write_before_traffic,
    "S5": s5_every_alert_has_a_verdict, "S6": s6_every_run_ends, "S7": s7_no_life_before_the_fence,
    "S8": s8_forward_only, "loss": client_gets_what_it_was_promised, "two writers": fenced_acknowledges_nothing,
    "end": end_in_sight,
}


def violations(history):
    """["S1: sentence", ...]; empty when every promise was kept."""
    return [f"{name}: {sentence}" for name, check in CHECKS.items() for sentence in check(history)]


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as saved:
        found = violations(json.load(saved))
    print("\n".join(found) or "every promise was kept")
    sys.exit(1 if found else 0)
