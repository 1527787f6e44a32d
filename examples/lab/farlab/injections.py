"""What can be done to the world, one row each, and how it is undone. Faults and chaos are made of these."""

import os
import time
from dataclasses import dataclass
from typing import Callable, Optional

from . import network, plan as places

SMALL_DISK = 160 << 20  # of the primary: its data, some WAL, and room that can be taken away
FILLER = "filler"
BULK_MEGABYTES = 24  # more than the 16 MiB of max_data_loss
SLOW_KBIT, SLOW_QUEUE = 4000, 65536  # half a megabyte a second, and up to 130 ms in the queue


@dataclass(frozen=True)
class Injection:
    words: str
    strike: Callable  # both are given the experiment
    heal: Optional[Callable] = None  # None: it stays so
    us_east_is_lost: bool = True  # whether the primary's region, or PostgreSQL in it, is out of reach then
    namespaces: bool = True  # whether it needs them
    small_disk: bool = False  # whether the primary needs a disk of its own
    host_answers: bool = False  # of a loss: whether the primary's host can still be logged in to from everywhere


def primary(lab):
    return lab.world[places.PRIMARY]


def wire(lab):
    return lab.world.wire


def slow_link(lab):
    """The far primary, and a burst of writes that the link cannot carry away."""
    wire(lab).slow(places.PRIMARY, places.STANDBY, SLOW_KBIT, SLOW_QUEUE)
    lab.database.sql(places.PRIMARY, f"""SELECT count(pg_logical_emit_message(false, 'lab', repeat('x', 1 << 20)))
                                         FROM generate_series(1, {BULK_MEGABYTES})""")


def fill_disk(lab):
    """Until not one page more can be written. What is there already can be overwritten, as on any disk."""
    with open(os.path.join(lab.plan.data_folder(places.PRIMARY), FILLER), "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(1 << 20))  # the last one is shortened to what fits
        except OSError:
            pass  # no space left, which is what was wanted


def make_room(lab):
    os.unlink(os.path.join(lab.plan.data_folder(places.PRIMARY), FILLER))


def fill_disk_of_wal(lab):
    """As fill_disk; then the WAL is switched to segments that do not exist yet, until the server cannot go on."""
    fill_disk(lab)
    switch = "SELECT pg_logical_emit_message(true, 'lab', 'x'); SELECT pg_switch_wal();"
    for _ in range(64):
        try:
            lab.database.sql(places.PRIMARY, switch)
        except network.Trouble:
            return  # it died of it
    raise network.Trouble("the primary's disk is full, yet its WAL goes on")


def lose_monitoring(lab):
    for program in ("exporter", "prometheus", "alertmanager"):
        primary(lab).kill_program(program)


def start_monitoring(lab):
    for start in (lab.services.start_exporter, lab.services.start_prometheus, lab.services.start_alertmanager):
        start(places.PRIMARY)


def kill_actuator(lab):
    """And starts it again, as systemd would."""
    step = lab.current_step()
    lab.world[places.WITNESS].kill_program("actuator")
    lab.timeline.event("actuator killed", f"at {step}")
    time.sleep(0.2)
    lab.services.start_actuator()


CUT_WAN = [(places.STANDBY, places.WITNESS), (places.WITNESS, places.STANDBY)]

INJECTIONS = {
    "kill": Injection(
        "every process of us-east and its network, at once", lambda lab: primary(lab).kill(), namespaces=False),
    "freeze": Injection(
        "every process of us-east is stopped (SIGSTOP); its network stays", lambda lab: primary(lab).group().freeze(),
        lambda lab: primary(lab).group().resume(), namespaces=False),
    "partition": Injection(
        "us-east is cut off from everybody; inside it all goes on", lambda lab: wire(lab).cut(places.PRIMARY),
        lambda lab: wire(lab).heal(places.PRIMARY)),
    "pgkill": Injection(
        "the primary's PostgreSQL alone, postmaster and backends", lambda lab: primary(lab).machine().kill(),
        namespaces=False, host_answers=True),
    "pgfreeze": Injection(
        "the primary's PostgreSQL alone is stopped (SIGSTOP); its host answers",
        lambda lab: primary(lab).machine().freeze(), lambda lab: primary(lab).machine().resume(), namespaces=False,
        host_answers=True),
    "slow-link": Injection(
        "from us-east to eu-west 4 Mbit/s with 130 ms of queue, and 24 MB of WAL at once", slow_link,
        lambda lab: wire(lab).full_speed(places.STANDBY), us_east_is_lost=False),
    "none-in": Injection(
        "packets leave us-east, but none get in", lambda lab: wire(lab).drop("none-in", [(None, places.PRIMARY)]),
        lambda lab: wire(lab).allow("none-in")),
    "none-out": Injection(
        "packets get into us-east, but none leave", lambda lab: wire(lab).drop("none-out", [(places.PRIMARY, None)]),
        lambda lab: wire(lab).allow("none-out")),
    "full-disk": Injection(
        "the disk of the primary is full to the last page", fill_disk, make_room, us_east_is_lost=False,
        small_disk=True),
    "full-disk-wal": Injection(
        "the disk of the primary is full, and its WAL needs a new segment", fill_disk_of_wal, small_disk=True,
        host_answers=True),
    "monitoring": Injection(
        "exporter, Prometheus and Alertmanager of us-east end; PostgreSQL lives", lose_monitoring, start_monitoring,
        us_east_is_lost=False, namespaces=False),
    "wan-cut": Injection(
        "eu-west and the witness are cut off from each other; both reach us-east",
        lambda lab: wire(lab).drop("wan-cut", CUT_WAN), lambda lab: wire(lab).allow("wan-cut"), us_east_is_lost=False),
    "dns-api": Injection(
        "the DNS provider's API does not answer; names are answered as ever",
        lambda lab: network.close_port(lab.world[places.WITNESS].pid, lab.traffic.port(lab.plan)),
        lambda lab: network.open_port(lab.world[places.WITNESS].pid), us_east_is_lost=False),
    "actuator": Injection(
        "the actuator is killed (SIGKILL) and started again", kill_actuator, us_east_is_lost=False, namespaces=False),
}
