"""One or two injections at random moments, for random times. The seed and the number of the run say which."""

import json
import os
import random
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import Optional

from . import history, injections, invariants, plan as places, watch
from .faults import Fault
from .network import Trouble

NAME = "chaos"
# What can still be done to us-east after what: a dead or frozen server takes no load,
# a dead region nothing at all.
RANK = {"slow-link": 0, "monitoring": 0, "full-disk": 0, "full-disk-wal": 1, "partition": 2, "none-in": 2,
        "none-out": 2, "freeze": 3, "pgkill": 3, "kill": 4}
# A frozen region starts no monitoring again, and a disk is full only once.
NEVER_BOTH = ({"monitoring", "freeze"}, {"full-disk", "full-disk-wal"})
BULK_FIRST = 3.0  # seconds from the bulk load of slow-link to a loss: no prediction can know what nobody saw written
LEFT_OUT = {"pgfreeze"}  # came later: the seeds of old go on meaning what they meant
LOSSES = [name for name, injection in injections.INJECTIONS.items() if injection.us_east_is_lost and name not in LEFT_OUT]
OTHERS = [name for name, injection in injections.INJECTIONS.items() if not injection.us_east_is_lost]
QUIET_FOR, QUIET_WITHIN = 4.0, 75.0
STREAMS_WITHIN = 12.0  # a standby whose slot is still in use asks again after five seconds


@dataclass(frozen=True)
class Strike:
    name: str
    at: float  # seconds after the first
    until: Optional[float]  # when it heals; None: never

    def __str__(self):
        return f"{self.name} at {self.at:.1f} s" + (f" until {self.until:.1f} s" if self.until is not None else "")


def schedule(seed, number):
    """The strikes of one run, in the order of their moments. Always the same for the same numbers."""
    dice = random.Random(f"{seed}/{number}")
    while True:
        names = [dice.choice(LOSSES if dice.random() < 0.75 else OTHERS)]
        if dice.random() < 0.7:
            names.append(dice.choice(LOSSES + OTHERS))
        names.sort(key=lambda name: (RANK.get(name, -1), dice.random()))
        if len(set(names)) == len(names) and set(names) not in NEVER_BOTH:
            break
    if any(name not in RANK for name in names):
        dice.shuffle(names)  # what is not in us-east comes in any order
    later = dice.choice((0.0, dice.uniform(0, 2), dice.uniform(3, 6)))  # together; on its heels; during the run
    if names[0] == "slow-link":
        later = max(later, BULK_FIRST)
    strikes = []
    for name, at in zip(names, (0.0, later)):
        heals = injections.INJECTIONS[name].heal is not None
        lasts = dice.choice((dice.uniform(0.3, 3), dice.uniform(3, 7), dice.uniform(7, 14)))
        strikes.append(Strike(name, round(at, 2), round(at + lasts, 2) if heals else None))
    return strikes


def play(strikes):
    """The story: each strike and each heal at its moment. What cannot be done any more is said and left out."""

    def attempt(lab, verb, name):
        try:
            verb(name)
        except (Trouble, OSError, TimeoutError, subprocess.TimeoutExpired) as trouble:
            lab.timeline.say(f"not done: {name}: {trouble}")

    def story(lab):
        lab.receiver = history.Receiver(lab.database)
        lab.cling()
        moments = [(strike.at, lab.strike, strike.name) for strike in strikes]
        moments += [(strike.until, lab.heal, strike.name) for strike in strikes if strike.until is not None]
        begun = time.monotonic()
        for at, verb, name in sorted(moments, key=lambda moment: moment[0]):
            time.sleep(max(0.0, begun + at - time.monotonic()))
            attempt(lab, verb, name)
        lab.end = await_quiet(lab)
        lab.clinging.stop()
        lab.direct.stop()
        lab.receiver.stop()

    return story


def await_quiet(lab):
    """Until nothing is under way any more: orders flow, or a person is asked, for some seconds on end."""
    limit = time.monotonic() + QUIET_WITHIN + lab.traffic.ttl
    since, end = None, None
    while time.monotonic() < limit:
        cluster = lab.cluster()
        run = cluster["open_run"]
        flow = lab.customer.latest_ack() > time.monotonic() - 1.0
        end = {"orders_flow": flow, "held": bool(run and run["state"] == "held" and not run["promoting"]),
               "latched": cluster["latch"]["reason"] if cluster["latch"] else None}
        at_rest = (flow or end["held"] or end["latched"]) and not (run and not end["held"])
        since = (since or time.monotonic()) if at_rest else None
        if since and time.monotonic() - since >= QUIET_FOR:
            break
        time.sleep(0.2)
    if end["orders_flow"] and not lab.customer.first_ack(places.STANDBY):
        watch.wait_for(lambda: streams(lab), STREAMS_WITHIN, pause=0.2)
    return end


def streams(lab):
    count = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"
    return lab.database.sql(places.STANDBY, count) == "1"


def judge(lab, record):
    """Violations are the problems. Whatever the ending, the promises must have been kept on the way."""
    past = history.gather(lab, lab.receiver, lab.end)
    record["outcome"] = outcome(past)
    record["outage_seconds"] = round(lab.customer.longest_outage(), 4)
    present = past["present"]
    acked = {event["id"] for event in past["client"] if event["result"] == "acked"}
    record["acked_writes"], record["acked_writes_lost"] = len(acked), len(acked - set(present)) if present else 0
    found = invariants.violations(past)
    if found:
        keep(lab, past)
    return found


def outcome(past):
    if any(run["state"] == "succeeded" for run in past["journal"]["runs"]):
        return "failover"
    if past["end"]["held"]:
        return "held"
    return "latched" if past["end"]["latched"] else "no failover"


def keep(lab, past):
    """What is needed to understand a violation: the history that was judged, the journal, and (by lab.py) the logs."""
    folder = lab.options.kept
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(os.path.join(folder, "history.json"), "w", encoding="utf-8") as file:
        json.dump(past, file, indent=1)
    shutil.copytree(lab.plan.path(places.WITNESS.name, "actuator"), os.path.join(folder, "actuator"))
    lab.timeline.say(f"kept: {folder}")


def fault(seed, number):
    strikes = schedule(seed, number)
    return Fault(", ".join(map(str, strikes)), "S1 to S8 are kept, and nothing is lost beyond the prediction",
                 play(strikes), judge, tuple(strike.name for strike in strikes), whole=False)
